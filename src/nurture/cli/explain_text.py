"""All about one contact, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from zoneinfo import ZoneInfo

from nurture.campaigns.findings import printable
from nurture.cli.console import hanging, out, say
from nurture.cli.explain_codes import codes_in_words
from nurture.clock import Moment, to_datetime
from nurture.journeys.campaign import Campaign
from nurture.journeys.reasons import Reason, in_words
from nurture.journeys.telling import told
from nurture.lifecycle.stages import Transition
from nurture.reports.explain import EarnedStory, EntryStory, Explanation, MessageStory, Outside
from nurture.reports.revenue import major
from nurture.runner.account import Account
from nurture.runner.world import World
from nurture.store.notices import NoticeStory

_NOTHING = '""'
"""A text that is empty, as conditions write it."""
_INDENT = 20
"""Where words begin, behind a moment."""

_Told: TypeAlias = tuple[Moment, str, Mapping[str, str]]
"""When, what, and the facts behind it."""


def print_account(it: Account, world: World, *, lines: bool) -> None:
    """Who it is, where they stand, what they agreed to, every campaign, and how their stage came about."""
    contact = it.told.contact
    campaigns = {campaign.key: campaign for _, campaign in world.in_force}
    name = " ".join(part for part in (contact.first_name, contact.last_name) if part)
    say(printable(f"{contact.email}  {name}".rstrip()))
    if it.told.suppressed:
        say(hanging(printable(f"is never mailed: {it.told.suppressed}"), 4))
    if it.pending:
        say(hanging(f"gets nothing but the mail that asks them to confirm: {in_words(Reason.PENDING)}", 4))
    for reason, until in it.quiet.items():
        say(hanging(f"gets no marketing until {_when(until, it.zone)}: {in_words(reason)}", 4))
    say(f"  known since {_when(contact.created_at, it.zone)}")
    say(hanging(f"times are in {it.zone.key}, {it.zone_by} zone", 4))
    _stages(it.told, it.zone)
    _title("agreed to")
    for word in it.told.consents:
        said = "yes to" if word.agreed else "no to"
        say(hanging(f"{_when(word.at, it.zone)}  {said} {word.topic} ({printable(word.basis)})", _INDENT))
    if not it.told.consents:
        say("  nothing, so no marketing goes to them")
    for entry in it.told.entries:
        _entry(entry, it.notices.get(entry.id, ()), campaigns.get(entry.campaign), it.zone)
    if it.earned:
        _title("orders credited to messages")
        for earned in it.earned:
            _earned(earned, it.currency, it.zone)
    if it.codes:
        _title("codes")
        for line in codes_in_words(it.codes, it.currency, it.zone):
            say(hanging(printable(line), _INDENT))
    _title("not in")
    _not_in(it.outside, it.zone)
    if not it.outside:
        say("  they are in all campaigns" if campaigns else "  there are no campaigns in force")
    _changes(it.told, it.zone, lines)


def _stages(it: Explanation, zone: ZoneInfo) -> None:
    _title("stage")
    say(f"  {it.stages.get('', '')}{_since(it, zone)}")
    by_stage: dict[str, list[str]] = {}
    for line, stage in it.stages.items():
        if line:
            by_stage.setdefault(stage, []).append(line)
    if by_stage:
        _title("on product lines")
    width = max(map(len, by_stage), default=0) + 4
    for stage, names in sorted(by_stage.items()):
        say(hanging(f"{stage:{width - 2}}{printable(', '.join(sorted(names)))}", width))


def _since(it: Explanation, zone: ZoneInfo) -> str:
    last = [change for change in it.transitions if not change.line]
    return f", since {_when(last[-1].at, zone)}" if last else ", where everybody starts"


def _entry(
    entry: EntryStory, notices: tuple[NoticeStory, ...], campaign: Campaign | None, zone: ZoneInfo
) -> None:
    _title(f"campaign {entry.campaign}" + (f" on {printable(entry.line)}" if entry.line else ""))
    story: list[_Told] = [(entry.entered_at, f"entered{_version(entry, campaign)}", {})]
    for message in entry.messages:
        story += _message(message, campaign)
    for notice in notices:
        story.append(_notice(notice))
    if entry.goal_at:
        story.append((entry.goal_at, "reached the goal", {}))
    if entry.closed_at:
        story.append((entry.closed_at, f"left: {told(entry.reason, campaign)}", entry.saw))
    for at, words, saw in sorted(story, key=lambda it: it[0]):
        say(hanging(f"{_when(at, zone)}  {printable(words)}", _INDENT))
        _saw(saw, _INDENT)
    if entry.waiting is not None:
        when = f"{_when(entry.waiting.until, zone):16}" if entry.waiting.until else f"{'now':16}"
        say(hanging(f"{when}  {printable(entry.waiting.says)}", _INDENT))
        _saw(entry.waiting.saw, _INDENT)


def _version(entry: EntryStory, campaign: Campaign | None) -> str:
    """By which version it goes."""
    if campaign is None or not entry.version:
        return ""
    if campaign.on_edit == "pin":
        return f" with version {entry.version}, and finishes that one"
    return f" with version {entry.version}"


def _message(it: MessageStory, campaign: Campaign | None) -> list[_Told]:
    """What became of a message and what the contact did with it, each at its moment."""
    name = it.step if it.template == it.step else f"{it.step} ({it.template})"
    offer = f" with the offer {it.offer}" if it.offer else ""
    why = f": {told(it.reason, campaign, it.step)}" if it.reason else ""
    match it.state:
        case "sent":
            words = f"{name} was sent{offer}"
        case "skipped":
            words = f"{name} was not sent{why}"
        case "unknown":
            words = f"{name} was handed over, and whether it arrived is unknown"
        case "planned" | "claimed" | "handed" | "deferred":
            words = f"{name} was planned{offer}"
        case _:
            words = f"{name} is {it.state}{why}"
    story: list[_Told] = [(it.done_at or it.planned_at, words, it.saw)]
    if it.state == "sent":
        # At the same moment, and behind it, since sorting keeps the order.
        for one in it.recommended:
            story.append((story[0][0], f"it showed {one.name} ({one.sku}): {one.why}", {}))
    for verb, at in (
        ("opened", it.opened_at),
        ("clicked in", it.clicked_at),
        ("unsubscribed by", it.unsubscribed_at),
    ):
        if at:
            story.append((at, f"{verb} {it.step}", {}))
    return story


def _notice(it: NoticeStory) -> _Told:
    """What a step told somebody else about them."""
    reply = f": {it.reply}" if it.reply and it.state != "sent" else ""
    match it.state:
        case "sent":
            words = f"{it.target} was told ({it.step})"
        case "planned" | "handed":
            words = f"{it.target} is to be told ({it.step})"
        case "deferred":
            words = f"{it.target} is to be told ({it.step}), and is tried again{reply}"
        case "unknown":
            words = f"{it.target} was told ({it.step}), and whether it arrived is unknown"
        case _:
            words = f"{it.target} was not told ({it.step}){reply}"
    return (it.done_at or it.planned_at, words, {})


def _earned(it: EarnedStory, currency: str, zone: ZoneInfo) -> None:
    undone = ", and was refunded or cancelled" if it.undone else ""
    said = f"order {it.order}: {major(it.amount, currency)} {currency} by {it.campaign}/{it.step}{undone}"
    say(hanging(printable(f"{_when(it.at, zone)}  {said}"), _INDENT))


def _not_in(outside: Sequence[Outside], zone: ZoneInfo) -> None:
    """The campaigns they are not in; those that say the same together."""
    together: dict[str, list[str]] = {}
    for it in outside:
        together.setdefault(_why_not(it, zone), []).append(it.campaign)
    for says, keys in together.items():
        say(hanging(printable(f"{', '.join(keys)}: {says}"), 4))


def _why_not(it: Outside, zone: ZoneInfo) -> str:
    saw = {name: value for name, value in it.saw.items() if f'"{value}"' not in it.says}
    said = it.says + (f" ({_facts(saw)})" if saw else "")
    if it.reason in ("", "before"):
        said += f"; how people enter: {it.enters}"
        if it.enters_at is not None:
            said += f"; for them that is {_when(it.enters_at, zone)}"
        if it.held_out:
            said += "; they would be held out, and get nothing"
    return said


def _saw(saw: Mapping[str, str], indent: int) -> None:
    """The facts that were seen, a comma apart."""
    if saw:
        say(hanging(printable(f"({_facts(saw)})"), indent + 1, indent))


def _facts(saw: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value or _NOTHING}" for name, value in saw.items())


def _changes(it: Explanation, zone: ZoneInfo, lines: bool) -> None:
    shown = [change for change in it.transitions if lines or not change.line]
    if shown:
        _title("how the stage came about")
    for change in reversed(shown):
        line = f" on {change.line}" if change.line else ""
        said = f"{change.from_stage} → {change.to_stage}{line}"
        say(hanging(printable(f"{_when(change.at, zone)}  {said}"), _INDENT))
        say(hanging(_why(change), _INDENT + 2, _INDENT))
    if hidden := len(it.transitions) - len(shown):
        changes = "1 change on a product line is" if hidden == 1 else f"{hidden} changes on product lines are"
        say("")
        say(hanging(f"{changes} left out: --lines tells them", 4))


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
        case _ if cause.startswith("event "):
            return f"by the {cause}: "
        case _:
            return f"by a {cause}: "


def _title(text: str) -> None:
    say("")
    out.print(text, style="bold", markup=False, soft_wrap=True)


def _when(at: Moment, zone: ZoneInfo) -> str:
    return f"{to_datetime(at, zone):%Y-%m-%d %H:%M}"
