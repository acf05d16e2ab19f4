"""The facts behind a reason: what was seen when somebody left, or was not sent a message. Name and value, as text."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from nurture.audience.expressions import Expression
from nurture.audience.expressions.tree import SegmentUse
from nurture.audience.facts import Facts
from nurture.audience.spans import say_span
from nurture.clock import Moment, to_datetime
from nurture.journeys.campaign import Campaign, Trigger
from nurture.journeys.gates import GateQuestion
from nurture.journeys.reasons import Reason
from nurture.journeys.triggers import reached

MOST_TEXT = 200
"""As many characters of one value are kept."""


def of_gate(question: GateQuestion, reason: str) -> dict[str, str]:
    """What the gate saw that dropped a message because of `reason`."""
    facts, now = question.facts, question.now
    match reason:
        case Reason.NOT_AGREED:
            return {"topic": question.campaign.topic}
        case Reason.EXIT:
            return _expressed(question, question.campaign.exits)
        case Reason.GOAL if question.campaign.goal is not None:
            return _expressed(question, [question.campaign.goal])
        case Reason.STEP_WHEN if question.step_when is not None:
            return of_expression(question.step_when, facts, now)
        case Reason.HAS_BOUGHT:
            return _bought(facts)
        case Reason.STALE:
            return of_lateness(question.wanted_at, question.stale_after, question.zone)
        case Reason.CAP | Reason.REPLACED:
            return _cap(question)
        case Reason.QUIET | Reason.AWAITS_ANSWER if question.quiet is not None:
            return {"until": said(question.quiet.until, question.zone)}
        case Reason.WINDOW if question.window is not None:
            return {"window": question.window.describe(), "their time": said(now, question.zone)}
        case _:
            return of_misfit(question.campaign, facts, now, reason)


def of_misfit(campaign: Campaign, facts: Facts, now: Moment, reason: str) -> dict[str, str]:
    """What made the campaign not be for a contact (see `fit.misfit`); nothing where `reason` is another one."""
    match reason:
        case Reason.STAGE:
            return {"stage": facts.stage.name}
        case Reason.LINE | Reason.LINE_STAGE if facts.line is not None:
            return {"line": facts.line.name, "line.stage": facts.line.stage.name}
        case Reason.WHEN if campaign.when is not None:
            return of_expression(campaign.when, facts, now)
        case _:
            return {}


def of_trigger(trigger: Trigger, facts: Facts, at: Moment, zone: ZoneInfo) -> dict[str, str]:
    """What made a goal or an exit come about at that moment: what its expression saw, or its event."""
    if trigger.expression is not None:
        return of_expression(trigger.expression, facts, at)
    return {"event": trigger.event, "at": said(at, zone)}


def of_lateness(wanted_at: Moment, stale_after: int, zone: ZoneInfo) -> dict[str, str]:
    """How late a message would have been allowed to be (`stale_after` in microseconds)."""
    return {"wanted at": said(wanted_at, zone), "stale after": say_span(stale_after)}


def said(at: Moment, zone: ZoneInfo) -> str:
    """A moment as people read it, with the zone: 2026-03-02 10:00 Europe/Berlin."""
    return f"{to_datetime(at, zone):%Y-%m-%d %H:%M} {zone.key}"


def of_expression(expression: Expression, facts: Facts, now: Moment) -> dict[str, str]:
    """What an expression saw, and what the segments that it names saw; long values are cut."""
    saw = {name: _short(value) for name, value in expression.seen(facts, now).items()}
    for node in expression.leaves.values():
        if isinstance(node, SegmentUse) and isinstance(node.rule, Expression):
            saw = {**of_expression(node.rule, facts, now), **saw}
    return saw


def _short(value: str) -> str:
    return value if len(value) <= MOST_TEXT else f"{value[: MOST_TEXT - 1]}…"


def _expressed(question: GateQuestion, triggers: Iterable[Trigger]) -> dict[str, str]:
    """What the first expression that came about saw. Events are not the gate's to see: they close the entry."""
    for it in triggers:
        if it.expression is not None and reached(it, None, question.facts, question.now, question.entered_at):
            return of_trigger(it, question.facts, question.now, question.zone)
    return {}


def _bought(facts: Facts) -> dict[str, str]:
    if facts.line is None:
        return {"orders.count": str(facts.orders.count)}
    return {"line": facts.line.name, "line.orders.count": str(facts.line.orders.count)}


def _cap(question: GateQuestion) -> dict[str, str]:
    since = question.now - max((cap.span for cap in question.caps), default=0)
    counted = [said(at, question.zone) for at in sorted(question.sent) if at > since]
    return {
        "cap": ", ".join(cap.describe() for cap in question.caps),
        "sent": ", ".join(counted[-10:]) or "none",
        "stale after": say_span(question.stale_after),
    }
