"""nurture queue: what waits to be sent, why, for whom, until when; and nurture deferred: what is tried again."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from nurture.app import App, open_app
from nurture.campaigns.findings import printable
from nurture.cli.console import Json, Workspace, near_miss, print_json, say
from nurture.cli.queue_document import deferred_as_dict, queue_as_dict
from nurture.cli.queue_text import moment, print_deferred, print_queue
from nurture.clock import Moment
from nurture.delivery.measures import Health
from nurture.errors import UsageError
from nurture.runner.queue import Asked, View, look, look_at_deferred
from nurture.store import destinations

Lane = Annotated[
    str, typer.Option("--lane", metavar="DESTINATION", help="Only to this destination: google, others …")
]
Campaign = Annotated[str, typer.Option("--campaign", metavar="CAMPAIGN", help="Only of this campaign.")]
All = Annotated[bool, typer.Option("--all", help="Every message by itself, however many there are.")]


def queue(
    lane: Lane = "",
    campaign: Campaign = "",
    all_of_it: All = False,
    resume: Annotated[
        str,
        typer.Option(
            "--resume", metavar="DESTINATION", help="Lift what holds mail to it, or through a relay, back."
        ),
    ] = "",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show what waits to be sent, and why.

    The limits in force, then what waits by destination and campaign with the reasons and the moment when the first
    of it goes. With --lane or --campaign, or where there are few, the messages themselves.

    \b
    nurture queue --lane yahoo
    nurture queue --resume yahoo
    """
    if resume and (lane or campaign or all_of_it):
        raise UsageError("this goes without --lane, --campaign and --all", where="--resume")
    with open_app(workspace) as app:
        if resume:
            _resume(app, resume, as_json=as_json)
            return
        asked = Asked(destination=lane, campaign=campaign, all=all_of_it)
        with app.store.read() as tx:
            view = View(tx, app.settings, app.clock.now())
            _must_be_known(view, asked)
            found = look(tx, view, asked)
    if as_json:
        print_json(queue_as_dict(found, app.settings))
    else:
        print_queue(found, asked, app.settings)


def deferred(
    lane: Lane = "",
    campaign: Campaign = "",
    all_of_it: All = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show the messages that servers put off.

    By destination and answer, the most frequent first: how often they were tried, when the next try is, and when
    they are given up. With --lane or --campaign, or where there are few, the messages themselves.
    """
    with open_app(workspace) as app:
        asked = Asked(destination=lane, campaign=campaign, all=all_of_it)
        with app.store.read() as tx:
            view = View(tx, app.settings, app.clock.now())
            _must_be_known(view, asked)
            found = look_at_deferred(tx, view, asked)
    if as_json:
        print_json(deferred_as_dict(found))
    else:
        print_deferred(found, app.settings.zone)


def _must_be_known(view: View, asked: Asked) -> None:
    """Raises UsageError where there is no such destination or campaign."""
    name = asked.destination
    # Any one site, and any one domain that is not looked up yet, may be named as the queue shows it.
    if name and name not in view.names and name[0] not in "/?" and "/" not in name:
        raise UsageError(
            printable(f'no destination is called "{name}"'),
            where="--lane",
            remedy=near_miss(name, view.names),
        )
    if asked.campaign and asked.campaign not in view.records:
        raise UsageError(
            printable(f'no campaign is called "{asked.campaign}"'),
            where="--campaign",
            remedy=near_miss(asked.campaign, view.records),
        )


def _resume(app: App, name: str, *, as_json: bool) -> None:
    now = app.clock.now()
    with app.store.write() as tx:
        view = View(tx, app.settings, now)
        key = view.key_of(name)
        if key is None:
            raise UsageError(
                printable(f'no destination and no relay is called "{name}"'),
                where="--resume",
                remedy=near_miss(name, view.resumable),
            )
        before = destinations.load_healths(tx).get(key, Health())
        lifted = destinations.resume(tx, key, now)
    if as_json:
        print_json({"destination": name, "resumed": lifted, "reply": before.reply if lifted else ""})
    elif not lifted:
        say(printable(f"Nothing held {name} back."))
    else:
        said = _was(before, now, app.settings.zone)
        say(printable(f"{name} goes on. It was {said}"))


def _was(before: Health, now: Moment, zone: ZoneInfo) -> str:
    because = f": {before.reply}" if before.reply else "."
    if before.stopped:
        return f"stopped ({before.stopped}){because}"
    if before.paused_until > now:
        return f"paused until {moment(before.paused_until, now, zone)}{because}"
    until = moment(before.slow_until, now, zone)
    return f"slowed down to {before.slow_per_minute} a minute until {until}{because}"


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(queue)
    app.command()(deferred)
