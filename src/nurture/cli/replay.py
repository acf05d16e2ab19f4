"""nurture replay: history through the real runner on a virtual clock, mail into the inbox."""

from __future__ import annotations

import random
from typing import Annotated

import typer

from nurture.app import App, open_app
from nurture.cli.console import Json, Workspace, print_json, progress, read_moment, say
from nurture.cli.interrupts import between_steps
from nurture.clock import HOUR, Moment, Span, VirtualClock, to_datetime
from nurture.errors import UsageError
from nurture.providers.inbox import InboxProvider
from nurture.runner import applying, checking, in_force
from nurture.runner.by_hand import by_hand
from nurture.runner.files import read_files
from nurture.runner.notices import by_hand as notices_by_hand
from nurture.runner.replay import Replay, Replayed
from nurture.runner.tick import Tick
from nurture.store import codes

SEED = 2017


def replay(
    start: Annotated[str, typer.Option("--from", metavar="DATE", help="Where history begins.")],
    end: Annotated[
        str, typer.Option("--to", metavar="DATE", help="Where it ends; this moment is still in it.")
    ],
    sign_ups: Annotated[
        int, typer.Option(min=0, help="Made-up people who sign up over that time and never order.")
    ] = 0,
    step: Annotated[
        int, typer.Option(min=1, metavar="HOURS", help="How far the clock moves at least; stages stay exact.")
    ] = 1,
    seed: Annotated[int, typer.Option(help="The same seed, the same chance.")] = SEED,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Let history happen again, with the campaigns as they are now.

    The orders and events in the database happen at their own moments, on a virtual clock. Mail goes into the inbox,
    never to a relay. Nobody knows how these people would have met it: opens, clicks and unsubscribes are made up by
    chance.

    \b
    nurture replay --from 2017-01-01 --to 2018-01-01
    """
    clock = VirtualClock(0)
    with open_app(workspace, clock=clock, durable=False) as app:
        zone = app.settings.zone
        first, last = read_moment(start, zone, "--from"), read_moment(end, zone, "--to")
        if first >= last:
            raise UsageError(f"history cannot end ({end}) before it begins ({start})")
        if last > app.started_at:
            raise UsageError(f"{end} has not happened yet", where="--to")
        clock.move_to(first)
        # History is no news.
        app.store.subscribe((), clock)
        done = _replay(app, clock, first, last, sign_ups, seed, step * HOUR)
    if as_json:
        print_json(
            {
                "ticks": done.ticks,
                "messages": done.messages,
                "hits": done.hits,
                "unsubscribed": done.unsubscribed,
            }
        )
    else:
        say(f"{done.messages:,} messages, {done.hits:,} hits, {done.unsubscribed:,} unsubscribed")


def _replay(
    app: App, clock: VirtualClock, first: Moment, last: Moment, sign_ups: int, seed: int, step: Span
) -> Replayed:
    files = read_files(app.settings.workspace)
    applying.apply(app.store, app.settings, checking.check(app.store, app.settings, files), files, first)
    world = in_force.load(app.store, app.settings)
    with app.store.read() as tx:
        # Else a second replay with the same seed would make the codes of the first once more.
        chance = random.Random(seed + codes.issued(tx)).getrandbits
    handling = app.handling(lambda: world, chance=chance)
    zone = app.settings.zone
    kept = InboxProvider(app.store, clock)
    with (
        between_steps() as check,
        by_hand(app.store, kept, clock, handling) as send,
        notices_by_hand(app.notifying(lambda: world, kept, kept)) as notify,
    ):
        run = Replay(
            app.store,
            Tick(app.store, world, send, notify),
            clock,
            app.settings.marketing_topics,
            seed=seed,
            step=step,
            zone=app.settings.zone,
        )
        run.sign_up(sign_ups, first, last)
        with progress("replaying", last - first) as show:

            def after_each(now: Moment, messages: int) -> None:
                show(now - first, f"{to_datetime(now, zone):%Y-%m-%d} {messages:,} messages")
                check()

            return run.run(last, after_each)


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(replay)
