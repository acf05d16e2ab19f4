"""The last look before a message goes: does it still fit the one it is for, and is this the time?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from nurture.audience.expressions import Expression
from nurture.audience.facts import Facts
from nurture.clock import NEVER, Moment, Span
from nurture.journeys.calendar import Window
from nurture.journeys.campaign import Campaign, Trigger
from nurture.journeys.caps import Cap, OnCap, room_at
from nurture.journeys.decisions import Drop, Gate, Go, Hold
from nurture.journeys.fit import misfit
from nurture.journeys.reasons import Reason
from nurture.journeys.triggers import reached
from nurture.offers.offer import FOR_PROSPECTS, Offer


class Quiet(NamedTuple):
    """Marketing to a contact waits."""

    until: Moment
    reason: Reason


class GateQuestion(NamedTuple):
    """One message that is about to go, and what is true of its contact now. A tuple: it is asked for every message."""

    campaign: Campaign
    facts: Facts
    now: Moment
    entered_at: Moment
    wanted_at: Moment
    """When it should have gone."""
    stale_after: Span
    zone: ZoneInfo
    """In which `window` is read."""
    suppressed: bool
    """Suppressed or erased."""
    consented: bool
    """The contact agreed to the topic, or it is one that is always on."""
    pending: bool = False
    """The contact has not confirmed yet what they signed up for; not asked of direct messages."""
    quiet: Quiet | None = None
    """What holds marketing to the contact back; not asked of direct messages and of topics that are always on."""
    goal_reached: bool = False
    """By an event, since entering."""
    exit_reached: bool = False
    """By an event, since entering."""
    step_when: Expression | None = None
    """The step's own `when`."""
    offer: Offer | None = None
    """What the message offers."""
    window: Window | None = None
    """None: any time."""
    urgent: bool = False
    """Neither cap nor window hold it."""
    caps: Sequence[Cap] = ()
    sent: Sequence[Moment] = ()
    """When the contact's messages that count were handed over, as far back as the longest cap."""
    on_cap: OnCap = "wait"
    rivals: bool = False
    """Whether a message of a higher priority waits for the same room."""


def gate(question: GateQuestion) -> Gate:
    """Go, or the first reason not to, in this order.

    No mail at all; a sign-up not confirmed; topic; exit; goal; stage, line and `when`; these end the campaign for
    the contact. The step's own `when`, an offer for prospects to one who has bought, a message gone stale: these
    skip the message alone. Then what the contact asked for: a pause, or an answer. Then the time: a window that is
    closed, a cap that is reached.
    """
    reason = _leaves(question)
    if reason is not None:
        return Drop(reason=reason, leaves=True)
    reason = _skips(question)
    if reason is not None:
        return Drop(reason=reason)
    if question.quiet is not None and question.quiet.until > question.now:
        until = question.quiet.until
        return _held(question, until if question.urgent else _opening(question, until), question.quiet.reason)
    return Go() if question.urgent else _in_time(question)


def _in_time(question: GateQuestion) -> Gate:
    """Whether window and cap let it through now; the cap's room may lie outside of the window."""
    opening = _opening(question, question.now)
    if opening > question.now:
        return _held(question, opening, Reason.WINDOW)
    room = room_at(question.caps, question.sent, question.now)
    if room == question.now:
        return Go()
    if question.on_cap == "skip":
        return Drop(reason=Reason.CAP)
    if question.on_cap == "replace" and question.rivals:
        return Drop(reason=Reason.REPLACED)
    return _held(question, _opening(question, room), Reason.CAP)


def _opening(question: GateQuestion, at: Moment) -> Moment:
    if question.window is None:
        return at
    return question.window.next_opening(at, question.zone, question.facts.contact.country)


def _held(question: GateQuestion, until: Moment, reason: Reason) -> Gate:
    """Hold it, unless it is stale by then."""
    if until >= NEVER or until > question.wanted_at + question.stale_after:
        return Drop(reason=reason)
    return Hold(until=until, reason=str(reason))


def _leaves(question: GateQuestion) -> Reason | None:
    campaign = question.campaign
    if question.suppressed:
        return Reason.SUPPRESSED
    if question.pending:
        return Reason.PENDING
    if not question.consented:
        return Reason.NOT_AGREED
    if question.exit_reached or any(_holds(it, question) for it in campaign.exits):
        return Reason.EXIT
    if campaign.on_goal == "exit" and _at_goal(question):
        return Reason.GOAL
    if campaign.on_leaving == "exit":
        return misfit(campaign, question.facts, question.now)
    return None


def _at_goal(question: GateQuestion) -> bool:
    goal = question.campaign.goal
    return question.goal_reached or (goal is not None and _holds(goal, question))


def _holds(trigger: Trigger, question: GateQuestion) -> bool:
    return reached(trigger, None, question.facts, question.now, question.entered_at)


def _skips(question: GateQuestion) -> Reason | None:
    when = question.step_when
    if when is not None and not when.holds(question.facts, question.now):
        return Reason.STEP_WHEN
    if question.offer is not None and question.offer.kind in FOR_PROSPECTS and has_bought(question.facts):
        return Reason.HAS_BOUGHT
    if question.now - question.wanted_at > question.stale_after:
        return Reason.STALE
    return None


def has_bought(facts: Facts) -> bool:
    """Whether the contact has bought: in a campaign with `lines:` on the line of the entry, else at all."""
    orders = facts.orders if facts.line is None else facts.line.orders
    return orders.count > 0
