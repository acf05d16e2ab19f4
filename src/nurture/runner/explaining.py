"""What an open enrollment waits for, in words: every one moves at a moment, or waits for something that has a name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from nurture.audience.expressions import Needs
from nurture.audience.expressions.types import Type
from nurture.clock import NEVER, Moment
from nurture.delivery.outcome import MessageKey
from nurture.journeys import evidence
from nurture.journeys.program import Node
from nurture.journeys.reasons import Reason, in_words
from nurture.reports.waiting import Waiting
from nurture.runner.facts import Batch, gather
from nurture.runner.gating import NOT_REVIEWED
from nurture.runner.world import Edition, World
from nurture.store import under_way, versions
from nurture.store.engine import Tx
from nurture.store.journeys import Enrollment
from nurture.store.under_way import UnderWay

__all__ = ["Waiting", "waiting_for"]


def waiting_for(tx: Tx, world: World, enrollments: Collection[Enrollment], now: Moment) -> dict[int, Waiting]:
    """What each open one of `enrollments` waits for, by its id. A few statements, however many there are."""
    still_open = [it for it in enrollments if not it.closed_at]
    states = versions.states(tx)
    letters = under_way.of_enrollments(tx, [it.id for it in still_open])
    batch = _facts(tx, world, still_open, now)
    found: dict[int, Waiting] = {}
    for it in still_open:
        live = world.live.get(it.campaign_id)
        edition = live.edition_of(it) if live else None
        step = edition.steps.get(it.step_no, "") if edition else ""
        state = states.get(it.campaign_id)
        paused = state is not None and state.paused_at > 0
        letter = letters.get(MessageKey(it.id, it.step_no)) if it.behind else None
        if letter is not None:
            answer = _message(world, edition, it, letter, paused=paused)
        elif paused:
            answer = _paused(None)
        elif it.due_at <= now:
            answer = Waiting(kind="due", until=it.due_at, says=_decided(edition, step))
        elif it.due_at >= NEVER:
            answer = Waiting(kind="stuck", until=None, says="nothing moves them on any more")
        else:
            answer = _step(batch, edition, it, step, now)
        found[it.id] = replace(answer, step=step)
    return found


def _facts(tx: Tx, world: World, enrollments: Collection[Enrollment], now: Moment) -> Batch:
    needs = Needs()
    offers: set[tuple[str, int]] = set()
    for it in enrollments:
        live = world.live.get(it.campaign_id)
        edition = live.edition_of(it) if live else None
        if live is not None and edition is not None:
            needs |= live.needs
            offers |= edition.holders(it.contact_id)
    contacts = {it.contact_id for it in enrollments}
    lines = {it.line_id for it in enrollments}
    return gather(tx, world, contacts, now, needs, offers=offers, lines=lines)


def _decided(edition: Edition | None, step: str) -> str:
    if not step or edition is None:
        return "the step they stood at is gone: nurture run decides what comes next"
    return "it is due: nurture run decides what comes next"


def _paused(letter: UnderWay | None) -> Waiting:
    what = "they go on" if letter is None else "their message goes"
    return Waiting(kind="paused", until=None, says=f"the campaign is paused; {what} when it is resumed")


def _step(batch: Batch, edition: Edition | None, it: Enrollment, step: str, now: Moment) -> Waiting:
    """Somebody who stands at a step until its time comes."""
    if edition is None or not step or it.contact_id not in batch.contacts:
        return Waiting(kind="time", until=it.due_at, says=_decided(edition, step))
    if it.behind and edition.is_own(it.step_no):
        return Waiting(kind="time", until=it.due_at, says=f"they go on behind {step}")
    node = edition.campaign.program.nodes[step]
    says = node.step.describe()
    if node.step.templates:
        return Waiting(kind="winner", until=it.due_at, says=f"{says}: they get the winner")
    asked = {key: expression for key, expression in node.step.expressions().items() if key != "when"}
    saw: dict[str, str] = {}
    known = batch.of(it.contact_id)
    facts = batch.in_entry(known, it, edition.campaign.key, edition.offers.get(step, edition.offer))
    for expression in asked.values():
        saw |= evidence.of_expression(expression, facts, now)
    if any(expression.type is Type.YES_NO for expression in asked.values()):
        again = "looked at again then, and whenever something happens to them"
        return Waiting(kind="condition", until=it.due_at, says=f"{says}; {again}", saw=saw)
    return Waiting(kind="time", until=it.due_at, says=f"{says}, then they go on", saw=saw)


def _message(
    world: World, edition: Edition | None, it: Enrollment, letter: UnderWay, *, paused: bool
) -> Waiting:
    """Somebody whose message is under way: they go on when it is done."""
    name = edition.steps.get(letter.key.step_no, "") if edition else ""
    of = f"their message {name}".rstrip()
    if letter.state == "handed":
        return Waiting(kind="message", until=None, says=f"{of} was handed over; its answer is awaited")
    if letter.state == "claimed":
        return Waiting(kind="message", until=None, says=f"{of} is being prepared")
    if paused:
        return _paused(letter)
    if letter.due_at >= NEVER:
        return Waiting(kind="stuck", until=None, says=f"{of} waits, and nothing will send it")
    node = edition.campaign.program.nodes.get(name) if edition else None
    return Waiting(kind="message", until=letter.due_at, says=f"{of} {_why(world, edition, node, letter)}")


def _why(world: World, edition: Edition | None, node: Node | None, letter: UnderWay) -> str:
    """What a message waits for."""
    if letter.state == "deferred":
        times = "once" if letter.attempts == 1 else f"{letter.attempts} times"
        return f"was tried {times} and is tried again; the answer was: {letter.reply}"
    match letter.reply:
        case Reason.CAP:
            caps = ", ".join(cap.describe() for cap in world.limits.caps)
            return f"is held by the cap ({caps}) and tried again" if caps else "is tried again"
        case Reason.WINDOW:
            terms = node.step.terms(edition.campaign.terms) if node and edition else None
            window = (terms.window if terms else None) or world.limits.window
            return f"waits for its window ({window.describe()})" if window else "is tried again"
        case "":
            return "is to be sent"
        case _ if letter.reply == NOT_REVIEWED:
            return f"waits a moment: {NOT_REVIEWED}"
        case _:
            return f"waits: {in_words(letter.reply)}"
