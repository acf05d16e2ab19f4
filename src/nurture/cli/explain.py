"""nurture explain: what is known about one contact, and why each message was sent or not."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape

from nurture.app import open_app
from nurture.cli.console import Json, Workspace, out, print_json
from nurture.clock import Moment, format_iso, to_datetime
from nurture.errors import UsageError
from nurture.journeys.reasons import in_words
from nurture.lifecycle.stages import Transition
from nurture.reports.explain import EntryStory, Explanation, MessageStory
from nurture.runner.applied import load
from nurture.store import people
from nurture.store.report_explain import explain as explanation_of


def explain(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Of the contact.")],
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """What is known about one contact, and why each message was sent or not."""
    with open_app(workspace) as app:
        first = load(app.store, app.settings).lifecycle.first
        with app.store.read() as tx:
            contact = people.by_email(tx, address)
            found = (
                explanation_of(tx, contact.id, first=first, suppression_key=app.address_key)
                if contact
                else None
            )
    if found is None:
        raise UsageError(f"there is no contact {address}")
    if as_json:
        print_json(explanation_as_dict(found))
    else:
        print_explanation(out, found, app.settings.zone)


def print_explanation(console: Console, it: Explanation, zone: ZoneInfo) -> None:
    """Who it is, where they stand and how that came about, what they agreed to, and every message."""

    def say(text: str = "", indent: int = 0) -> None:
        console.print(" " * indent + text, soft_wrap=True, markup=False)

    contact = it.contact
    name = " ".join(part for part in (contact.first_name, contact.last_name) if part)
    console.print(f"[bold]{escape(contact.email)}[/bold] {escape(name)}".rstrip())
    if it.suppressed:
        say(f"is never mailed: {it.suppressed}", 2)
    say(f"known since {_when(contact.created_at, zone)}", 2)
    _title(console, "stage")
    for line, stage in it.stages.items():
        say(f"{stage}" + (f" on {line}" if line else ""), 2)
    if it.transitions:
        _title(console, "how that came about")
    for change in it.transitions:
        line = f" on {change.line}" if change.line else ""
        say(f"{_when(change.at, zone)}  {change.from_stage} → {change.to_stage}{line}", 2)
        say(_why(change), 20)
    _title(console, "agreed to")
    for word in it.consents:
        said = "yes to" if word.agreed else "no to"
        say(f"{_when(word.at, zone)}  {said} {word.topic} ({word.basis})", 2)
    if not it.consents:
        say("nothing", 2)
    for entry in it.entries:
        _entry(console, entry, zone)
    if not it.entries:
        _title(console, "campaigns")
        say("has been in none", 2)


def _entry(console: Console, entry: EntryStory, zone: ZoneInfo) -> None:
    _title(console, f"{entry.campaign}" + (f" on {entry.line}" if entry.line else ""))

    def say(text: str, indent: int = 2) -> None:
        console.print(" " * indent + text, soft_wrap=True, markup=False)

    say(f"{_when(entry.entered_at, zone)}  entered")
    for message in entry.messages:
        say(f"{_when(message.planned_at, zone)}  {message.step}: {_became(message, zone)}")
    if entry.goal_at:
        say(f"{_when(entry.goal_at, zone)}  reached the goal")
    if entry.closed_at:
        say(f"{_when(entry.closed_at, zone)}  left: {in_words(entry.reason)}")
    elif entry.due_at:
        say(f"{_when(entry.due_at, zone)}  next decision, at {entry.step or 'the end'}")
    else:
        say("waits for its message to be done")


def _became(it: MessageStory, zone: ZoneInfo) -> str:
    words = it.state
    if it.done_at and it.state == "sent":
        words += f" {_when(it.done_at, zone)}"
    elif it.done_at and it.reason:
        words += f": {in_words(it.reason)}"
    for verb, at in (
        ("opened", it.opened_at),
        ("clicked", it.clicked_at),
        ("unsubscribed", it.unsubscribed_at),
    ):
        if at:
            words += f", {verb} {_when(at, zone)}"
    return words + (f" (offer {it.offer})" if it.offer else "")


def _why(change: Transition) -> str:
    cause = ", ".join(f"{fact} {value}" for fact, value in change.cause.items())
    rule = f"because {change.rule}" if change.rule else "because no rule holds"
    return f"{rule}  [{cause}]" if cause else rule


def _title(console: Console, text: str) -> None:
    console.print()
    console.print(f"[bold]{escape(text)}[/bold]", soft_wrap=True)


def _when(at: Moment, zone: ZoneInfo) -> str:
    return f"{to_datetime(at, zone):%Y-%m-%d %H:%M}"


def explanation_as_dict(it: Explanation) -> dict[str, Any]:
    """The same as one JSON document."""
    return {
        "email": it.contact.email,
        "first_name": it.contact.first_name,
        "last_name": it.contact.last_name,
        "created_at": format_iso(it.contact.created_at),
        "suppressed": it.suppressed,
        "stage": it.stages.get("", ""),
        "lines": {line: stage for line, stage in it.stages.items() if line},
        "transitions": [
            {
                "line": one.line,
                "from": one.from_stage,
                "to": one.to_stage,
                "at": format_iso(one.at),
                "rule": one.rule,
                "cause": dict(one.cause),
            }
            for one in it.transitions
        ],
        "consents": [
            {"topic": one.topic, "agreed": one.agreed, "at": format_iso(one.at), "basis": one.basis}
            for one in it.consents
        ],
        "entries": [_entry_as_dict(one) for one in it.entries],
    }


def _entry_as_dict(it: EntryStory) -> dict[str, Any]:
    return {
        "campaign": it.campaign,
        "line": it.line,
        "entered_at": format_iso(it.entered_at),
        "step": it.step,
        "due_at": _iso(it.due_at),
        "goal_at": _iso(it.goal_at),
        "left_at": _iso(it.closed_at),
        "reason": it.reason,
        "messages": [
            {
                "step": message.step,
                "template": message.template,
                "offer": message.offer,
                "stage": message.stage,
                "planned_at": format_iso(message.planned_at),
                "state": message.state,
                "done_at": _iso(message.done_at),
                "reason": message.reason,
                "why": in_words(message.reason) if message.state == "skipped" else "",
                "opened_at": _iso(message.opened_at),
                "clicked_at": _iso(message.clicked_at),
                "unsubscribed_at": _iso(message.unsubscribed_at),
            }
            for message in it.messages
        ],
    }


def _iso(at: Moment | None) -> str | None:
    return format_iso(at) if at else None


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(explain)
