"""nurture run: the daemon."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys

import structlog
import typer
import uvloop

from nurture.app import App, open_app
from nurture.cli.console import Workspace, err
from nurture.runner.daemon import Daemon
from nurture.runner.in_force import InForce
from nurture.web.serve import listen, serve
from nurture.web.server import build


def run(workspace: Workspace = None) -> None:
    """Run the daemon: schedule, sending and pages.

    Until Ctrl-C or SIGTERM; then what is under way is finished first. Start it again at any time.
    """
    _set_up_log()
    with open_app(workspace) as app:
        world = InForce(app.store, app.settings)
        taken = listen(*app.settings.web.host_and_port)
        uvloop.run(_run(app, world, taken))
    err.print("Stopped. What is under way goes on at the next start.", markup=False)


async def _run(app: App, world: InForce, taken: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    notifying = app.notifying(world, app.provider(), app.hooks())
    daemon = Daemon(app.store, app.settings, app.clock, world, app.provider(), app.handling(world), notifying)
    parts = [
        asyncio.create_task(daemon.run(stop)),
        asyncio.create_task(serve(build(app.web(world)), taken, stop)),
    ]
    err.print(f"ready: http://{app.settings.web.listen} (Ctrl-C ends it)", markup=False, soft_wrap=True)
    try:
        # A part that fails ends the others too: half a daemon would go unnoticed.
        await asyncio.wait(parts, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        stop.set()
        await asyncio.gather(*parts)


def _set_up_log() -> None:
    """One line an event on standard error; what libraries say only from warnings up."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    # A tick that takes longer than a second skips the next one: as it should be.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(run)
