"""nurture webhooks: who is told what happens, what waits for them, and what came of it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from nurture.app import App, open_app
from nurture.campaigns.findings import printable
from nurture.cli.console import Json, Workspace, near_miss, print_json, say, tell
from nurture.clock import Moment, format_iso, to_datetime
from nurture.delivery.outcome import Accepted, Outcome, Unknown
from nurture.delivery.subscriber_health import WELL, SubscriberHealth
from nurture.errors import UsageError
from nurture.messages.feed_body import TEST, Told, entry_name
from nurture.runner.feed import call_of
from nurture.settings.webhooks import KINDS, Subscriber
from nurture.store import feed_deliveries, subscribers
from nurture.store.feed_deliveries import Line, Waiting

_webhooks = typer.Typer(rich_markup_mode=None, invoke_without_command=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The subscriber, as its [[webhooks]] calls it.")]


@_webhooks.callback()
def overview(context: typer.Context, workspace: Workspace = None, as_json: Json = False) -> None:
    """Show who is told what happens.

    And what waits for each, what came of the last, and why.

    \b
    nurture webhooks
    nurture webhooks log crm --failed
    nurture webhooks test crm
    """
    if context.invoked_subcommand is not None:
        return
    with open_app(workspace) as app:
        with app.store.read() as tx:
            found = [
                (it, feed_deliveries.waiting(tx, it.name), subscribers.health(tx, it.name))
                for it in app.settings.webhooks
            ]
        now, zone = app.clock.now(), app.settings.zone
        mute = bool(found) and not app.subscribers
    if as_json:
        print_json([_as_dict(*it, now) for it in found])
        return
    if not found:
        say("Nobody is told: there is no section [[webhooks]] in nurture.toml.")
    for it, waits, health in found:
        _show(it, waits, health, now, zone)
    if mute:
        tell('Nobody is told anything while provider is "inbox".')


@_webhooks.command()
def log(
    name: Name,
    failed: Annotated[bool, typer.Option("--failed", help="Only what was not taken.")] = False,
    count: Annotated[int, typer.Option("--count", min=1, max=10_000, help="At most so many.")] = 50,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show what a subscriber was told, and what it answered.

    First what is to be tried again, then what is done, the newest first. It goes back 30 days.
    """
    with open_app(workspace) as app:
        _known(app, name)
        with app.store.read() as tx:
            lines = feed_deliveries.log(tx, name, count, failed=failed)
        zone = app.settings.zone
    if as_json:
        print_json([_line_as_dict(it) for it in lines])
        return
    if not lines:
        say("Nothing failed." if failed else "Nothing was told yet.")
    for it in lines:
        then = f", next {_moment(it.due_at, zone)}" if it.state == "deferred" else ""
        tries = f"{it.attempts} {'try' if it.attempts == 1 else 'tries'}"
        say(f"{_moment(it.at, zone)}  {it.kind:13}  {it.state} ({tries}{then})  {entry_name(it.feed_id)}")
        if it.reply:
            say(f"    {printable(it.reply)}")


@_webhooks.command()
def test(name: Name, workspace: Workspace = None, as_json: Json = False) -> None:
    """Send a test event now, and show the answer.

    It is signed like all others, and its type is "test". Exit status 1 where it is not taken.
    """
    with open_app(workspace) as app:
        outcome = asyncio.run(_send_test(app, _known(app, name)))
    taken = isinstance(outcome, Accepted)
    said = outcome.reason if isinstance(outcome, Unknown) else outcome.reply
    if as_json:
        print_json({"subscriber": name, "taken": taken, "answer": said})
    else:
        say(f"{name} {'took' if taken else 'did not take'} it: {printable(said)}")
    if not taken:
        raise typer.Exit(1)


@_webhooks.command()
def retry(name: Name, workspace: Workspace = None, as_json: Json = False) -> None:
    """Try everything again now that a subscriber did not take.

    Also what was given up in the last 30 days, and also where it said that it wants no more (410).
    """
    with open_app(workspace) as app:
        _known(app, name)
        with app.store.write() as tx:
            subscribers.keep(tx, name, WELL)
            waiting, failed = feed_deliveries.bring_forward(tx, name, app.clock.now())
    if as_json:
        print_json({"subscriber": name, "waiting": waiting, "given_up": failed})
    else:
        say(f"{name}: {waiting:,} that waited and {failed:,} that had been given up are due now.")


async def _send_test(app: App, it: Subscriber) -> Outcome:
    now = app.clock.now()
    (id_,) = app.store.ids.take(1, now)
    told = Told(feed_id=id_, kind=TEST, at=now, details={"subscriber": it.name})
    hooks = app.calls()
    try:
        return await hooks.call(call_of(it, app.secrets_for(it), told, now))
    finally:
        await hooks.close()


def _known(app: App, name: str) -> Subscriber:
    for it in app.settings.webhooks:
        if it.name == name:
            return it
    names = [it.name for it in app.settings.webhooks]
    raise UsageError(f"no subscriber is called {name!r}", remedy=near_miss(name, names))


def _show(it: Subscriber, waits: Waiting, health: SubscriberHealth, now: Moment, zone: ZoneInfo) -> None:
    events = "all" if set(it.events) == set(KINDS) else ", ".join(it.events)
    of = f" of {', '.join(it.campaigns)}" if it.campaigns else ""
    say(f"{it.name}  {it.url}\n    told of: {events}{of}")
    oldest = f", the oldest from {_moment(waits.oldest_at, zone)}" if waits.oldest_at else ""
    failed = f"; {waits.failed:,} given up in the last 30 days" if waits.failed else ""
    say(f"    {waits.waiting:,} waiting{oldest}{failed}")
    if waits.last_at:
        say(f"    the last one: {waits.last_outcome}, {_moment(waits.last_at, zone)}")
    if health.gone_at:
        say(
            f"    stopped since {_moment(health.gone_at, zone)}: it wants no more. nurture webhooks retry {it.name}"
        )
    elif health.failures:
        rests = f", tried again {_moment(health.paused_until, zone)}" if health.paused_until > now else ""
        say(f"    failing since {_moment(health.failing_since, zone)}{rests}: {printable(health.last_reply)}")


def _as_dict(it: Subscriber, waits: Waiting, health: SubscriberHealth, now: Moment) -> dict[str, Any]:
    return {
        "name": it.name,
        "url": it.url,
        "events": list(it.events),
        "campaigns": list(it.campaigns),
        "waiting": waits.waiting,
        "oldest_at": _iso(waits.oldest_at),
        "given_up": waits.failed,
        "last": {"at": _iso(waits.last_at), "outcome": waits.last_outcome} if waits.last_at else None,
        "failing_since": _iso(health.failing_since),
        "paused_until": _iso(health.paused_until) if health.paused_until > now else None,
        "stopped_at": _iso(health.gone_at),
        "last_failure": health.last_reply or None,
    }


def _line_as_dict(it: Line) -> dict[str, Any]:
    return {
        "id": entry_name(it.feed_id),
        "type": it.kind,
        "at": _iso(it.at),
        "contact": str(it.contact_id),
        "state": it.state,
        "attempts": it.attempts,
        "next_try_at": _iso(it.due_at) if it.state == "deferred" else None,
        "done_at": _iso(it.done_at),
        "answer": it.reply,
    }


def _iso(at: Moment) -> str | None:
    return format_iso(at) if at else None


def _moment(at: Moment, zone: ZoneInfo) -> str:
    return f"{to_datetime(at, zone):%Y-%m-%d %H:%M:%S}"


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.add_typer(_webhooks, name="webhooks")
