"""nurture explain: what is known about one contact, and why each message was sent or not."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from nurture.app import open_app
from nurture.campaigns.findings import printable
from nurture.cli.console import Json, Workspace, hanging, out, print_json, say
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
    lines: Annotated[
        bool, typer.Option("--lines", help="Tell how the stages on product lines came about, too.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Tell why a contact got each message, or did not.

    Who they are, where they stand, what they agreed to, and every campaign they were in.

    \b
    nurture explain ann@example.com
    """
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
        raise UsageError(
            f"no contact has the address {address}",
            remedy="Only whole addresses are found. Take contacts in: nurture import contacts FILE",
        )
    if as_json:
        print_json(explanation_as_dict(found))
    else:
        print_explanation(found, app.settings.zone, lines=lines)


def print_explanation(it: Explanation, zone: ZoneInfo, *, lines: bool) -> None:
    """Who it is, where they stand, what they agreed to, every message, and how their stage came about."""
    contact = it.contact
    name = " ".join(part for part in (contact.first_name, contact.last_name) if part)
    say(printable(f"{contact.email}  {name}".rstrip()))
    if it.suppressed:
        say(f"  is never mailed: {it.suppressed}")
    say(f"  known since {_when(contact.created_at, zone)}")
    _stages(it)
    _title("agreed to")
    for word in it.consents:
        said = "yes to" if word.agreed else "no to"
        say(f"  {_when(word.at, zone)}  {said} {word.topic} ({printable(word.basis)})")
    if not it.consents:
        say("  nothing, so no marketing goes to them")
    for entry in it.entries:
        _entry(entry, zone)
    if not it.entries:
        _title("campaigns")
        say("  has been in none")
    _changes(it, zone, lines)


def _stages(it: Explanation) -> None:
    _title("stage")
    say(f"  {it.stages.get('', '')}")
    by_stage: dict[str, list[str]] = {}
    for line, stage in it.stages.items():
        if line:
            by_stage.setdefault(stage, []).append(line)
    if by_stage:
        _title("on product lines")
    width = max(map(len, by_stage), default=0) + 4
    for stage, names in sorted(by_stage.items()):
        say(hanging(f"{stage:{width - 2}}{', '.join(sorted(names))}", width))


def _entry(entry: EntryStory, zone: ZoneInfo) -> None:
    _title(f"campaign {entry.campaign}" + (f" on {entry.line}" if entry.line else ""))
    story = [(entry.entered_at, "entered")]
    for message in entry.messages:
        story += _message(message)
    if entry.goal_at:
        story.append((entry.goal_at, "reached the goal"))
    if entry.closed_at:
        story.append((entry.closed_at, f"left: {in_words(entry.reason)}"))
    for at, words in sorted(story, key=lambda it: it[0]):
        say(hanging(f"{_when(at, zone)}  {printable(words)}", _INDENT))
    if entry.closed_at:
        return
    if entry.due_at:
        say(hanging(f"{_when(entry.due_at, zone)}  the next step is due", _INDENT))
    else:
        say(" " * _INDENT + "waits for its message to be done")


def _message(it: MessageStory) -> list[tuple[Moment, str]]:
    """What became of a message and what the contact did with it, each at its moment."""
    offer = f" with the offer {it.offer}" if it.offer else ""
    why = f": {in_words(it.reason)}" if it.reason else ""
    match it.state:
        case "sent":
            words = f"{it.step} was sent{offer}"
        case "skipped":
            words = f"{it.step} was not sent{why}"
        case "unknown":
            words = f"{it.step} was handed over, and whether it arrived is unknown"
        case _:
            words = f"{it.step} is {it.state}{why}"
    story = [(it.done_at or it.planned_at, words)]
    for verb, at in (
        ("opened", it.opened_at),
        ("clicked in", it.clicked_at),
        ("unsubscribed by", it.unsubscribed_at),
    ):
        if at:
            story.append((at, f"{verb} {it.step}"))
    return story


def _changes(it: Explanation, zone: ZoneInfo, lines: bool) -> None:
    shown = [change for change in it.transitions if lines or not change.line]
    if shown:
        _title("how the stage came about")
    for change in shown:
        line = f" on {change.line}" if change.line else ""
        say(f"  {_when(change.at, zone)}  {change.from_stage} → {change.to_stage}{line}")
        say(hanging(_why(change), _INDENT + 2, _INDENT))
    if hidden := len(it.transitions) - len(shown):
        say(f"\n  {hidden} changes on product lines are left out: --lines tells them")


def _why(change: Transition) -> str:
    facts = ", ".join(f"{fact} {value}" for fact, value in change.cause.items() if fact != "by")
    rule = change.rule or "no rule holds"
    return printable(f"{_by(str(change.cause.get('by', '')))}{rule}" + (f"  ({facts})" if facts else ""))


def _by(cause: str) -> str:
    """What set the change off, in words."""
    match cause:
        case "":
            return ""
        case "time":
            return "as time went by: "
        case "order":
            return "by an order: "
        case _:
            return f"by a {cause}: "


def _title(text: str) -> None:
    say("")
    out.print(text, style="bold", markup=False, soft_wrap=True)


_INDENT = 20
"""Where words begin, behind a moment."""


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
