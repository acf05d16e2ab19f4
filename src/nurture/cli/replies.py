"""nurture replies: what people wrote to us, and whether somebody answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from nurture.app import open_app
from nurture.campaigns.findings import printable
from nurture.cli.console import Json, Workspace, print_json, say
from nurture.cli.queue_text import moment
from nurture.clock import NEVER, Moment, format_iso
from nurture.errors import UsageError
from nurture.runner.replies import Waiting, answered, open_ones

BY = "nurture replies --done"


def replies(
    only_open: Annotated[bool, typer.Option("--open", help="Only those whose answer is late.")] = False,
    done: Annotated[
        list[int] | None, typer.Option("--done", metavar="ID", help="This one was answered elsewhere.")
    ] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show who wrote to us and waits for an answer, oldest first.

    Marketing to them waits meanwhile. An answer counts by itself where it is given to the mail that nurture passed
    on; one given elsewhere is noted with --done.

    \b
    nurture replies --open
    nurture replies --done 1700000000000001
    """
    with open_app(workspace) as app:
        now = app.clock.now()
        if done:
            if only_open:
                raise UsageError("this goes without --open", where="--done")
            noted = answered(app.store, done, BY, now)
            _say_noted(done, noted, as_json=as_json)
            return
        found = [it for it in open_ones(app.store, app.settings, now) if it.is_late(now) or not only_open]
        zone = app.settings.zone
    if as_json:
        print_json({"replies": [_as_dict(it, now) for it in found]})
    elif not found:
        say("Everybody was answered in time." if only_open else "Everybody who wrote was answered.")
    else:
        for it in found:
            for line in _told(it, now, zone):
                say(printable(line))


def _told(it: Waiting, now: Moment, zone: ZoneInfo) -> Iterator[str]:
    yield f"{it.reply.id}  {it.reply.email}"
    yield f"    {it.reply.subject[:100] or '(no subject)'}"
    came = f"came {moment(it.reply.at, now, zone)}"
    late = " (late)" if it.is_late(now) else ""
    due = "" if it.promised_at == NEVER else f", answer by {moment(it.promised_at, now, zone)}{late}"
    yield f"    {came}{due}; with {it.reply.owner or 'the mailbox'}"


def _say_noted(asked: list[int], noted: set[int], *, as_json: bool) -> None:
    others = sorted(set(asked) - noted)
    if as_json:
        print_json({"noted": sorted(noted), "not_open": others})
        return
    for id_ in sorted(noted):
        say(f"{id_}: answered. Marketing to them goes on, where nothing else of theirs is open.")
    for id_ in others:
        say(f"{id_}: nothing of that id waits for an answer.")


def _as_dict(it: Waiting, now: Moment) -> dict[str, Any]:
    return {
        "id": it.reply.id,
        "from": it.reply.email,
        "subject": it.reply.subject,
        "text": it.reply.said,
        "at": format_iso(it.reply.at),
        "answer_by": None if it.promised_at == NEVER else format_iso(it.promised_at),
        "late": it.is_late(now),
        "owner": it.reply.owner or None,
        "marketing_waits_until": format_iso(it.reply.held_until),
    }


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(replies)
