"""nurture run: the daemon."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Annotated

import typer
import uvloop

from nurture.app import App, open_app
from nurture.cli.console import Workspace, err
from nurture.cli.log import set_up_log
from nurture.runner.daemon import Daemon
from nurture.runner.in_force import InForce
from nurture.runner.lanes import Lanes
from nurture.runner.renderers import Renderers
from nurture.runner.send import Handling, Sending
from nurture.runner.troubles import Troubles
from nurture.runner.world import nowhere
from nurture.web.deps import Watched
from nurture.web.process import WebProcess, WebStart
from nurture.web.serve import listen

Senders = Annotated[
    int,
    typer.Option(
        min=0, max=64, help="Rendering processes. By default one for each core but one.", show_default=False
    ),
]


def run(workspace: Workspace = None, senders: Senders = 0) -> None:
    """Run the daemon: schedule, sending and pages.

    Until Ctrl-C or SIGTERM; then what is under way is finished first. Start it again at any time.
    """
    set_up_log()
    with open_app(workspace) as app:
        lanes = app.lanes()
        world = InForce(app.store, app.settings, lanes.lane_of if lanes else nowhere)
        # So that a key that cannot be read is said now, and not with the first message.
        handling = app.handling(world)
        taken = listen(*app.settings.web.host_and_port)
        with app.renderers(senders) as renderers:
            uvloop.run(_run(app, world, lanes, handling, renderers, taken))
    err.print("Stopped. What is under way goes on at the next start.", markup=False)


async def _run(
    app: App,
    world: InForce,
    lanes: Lanes | None,
    handling: Handling,
    renderers: Renderers,
    taken: socket.socket,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # What stops all parts at once is said once.
    troubles = Troubles()
    outgoing = app.outgoing(lanes, troubles)
    sending = Sending(
        app.store,
        app.provider(outgoing),
        app.clock,
        handling,
        troubles=troubles,
        preparing=renderers.preparing,
        steering=outgoing.steering,
        world=world,
        counts=app.counts,
        workspace=app.settings.workspace,
    )
    notifying = app.notifying(world, app.provider(), app.hooks(), troubles)
    daemon = Daemon(
        app.store,
        app.settings,
        app.clock,
        world,
        sending,
        notifying,
        troubles,
        app.beside(outgoing, world),
        app.counts,
    )
    watched = Watched(counts=app.counts, troubles=troubles, rendering=lambda: renderers.alive)
    web = WebProcess(WebStart(app.settings, app.store.file_id), taken, watched)
    parts = [
        asyncio.create_task(daemon.run(stop)),
        asyncio.create_task(web.run(stop, lambda: _say_ready(app))),
    ]
    try:
        # A part that fails ends the others too: half a daemon would go unnoticed.
        await asyncio.wait(parts, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        stop.set()
        await asyncio.gather(*parts)


def _say_ready(app: App) -> None:
    err.print(f"ready: http://{app.settings.web.listen} (Ctrl-C ends it)", markup=False, soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(run)
