"""Step 2 of a tick: what happened to a contact opens enrollments, reaches goals, ends what does not fit any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from nurture.audience.facts import Facts
from nurture.clock import Moment
from nurture.journeys import evidence
from nurture.journeys.campaign import Campaign
from nurture.journeys.fit import misfit
from nurture.journeys.reasons import Reason
from nurture.journeys.triggers import reached
from nurture.runner.doors import Doors
from nurture.runner.facts import Batch, gather
from nurture.runner.touched import Happening, Touched, order_event
from nurture.runner.world import World
from nurture.store import facts as stored_facts
from nurture.store import histories, journeys, outbox
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.journeys import Closing, Enrollment


@dataclass(slots=True)
class _Changes:
    """What is to be written for a batch."""

    goals: list[tuple[int, Moment]] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    wakes: list[int] = field(default_factory=list)
    entries: list[Enrollment] = field(default_factory=list)


def take_in(tx: Tx, world: World, ids: Ids, touched: Sequence[Touched], now: Moment) -> dict[int, Moment]:
    """Act on what happened to these contacts, in the transaction that reviewed them.

    Returns, by contact, when a date of their own comes next that lets them into a campaign.
    """
    if not touched:
        return {}
    contacts = {it.contact_id: it.contact for it in touched}
    enrollments: dict[int, list[Enrollment]] = defaultdict(list)
    for enrollment in journeys.of_contacts(tx, contacts):
        enrollments[enrollment.contact_id].append(enrollment)
    needs = world.door_needs
    offers = {campaign.offer for _, campaign in world.in_force} if needs.offer else ()
    held = [(offer, contact) for offer in offers for contact in contacts]
    batch = gather(tx, world, contacts, now, needs, offers=held, contacts=contacts)
    doors = Doors(tx, world, batch, now)
    changes = _Changes()
    dates: dict[int, Moment] = {}
    for it, happenings in _with_happenings(tx, touched, now):
        facts = batch.of(it.contact_id)
        mine = enrollments[it.contact_id]
        still_open = _go_on(changes, world, doors, batch, mine, facts, happenings, now)
        changes.entries += doors.let_in(it, facts, happenings, still_open, ids)
        dates[it.contact_id] = doors.next_date(facts)
    _write(tx, changes, now)
    return dates


def _with_happenings(
    tx: Tx, touched: Sequence[Touched], now: Moment
) -> Iterator[tuple[Touched, tuple[Happening, ...]]]:
    since = {it.contact_id: it.since for it in touched}
    orders = histories.orders_since(tx, since, now)
    events = stored_facts.events_since(tx, since, now)
    for it in touched:
        found = [
            Happening(
                key=f"{'refund' if order.undone else 'order'}:{order.id}",
                event=order_event(order),
            )
            for order in orders.get(it.contact_id, ())
        ]
        found += [Happening(key=f"event:{id_}", event=event) for id_, event in events.get(it.contact_id, ())]
        yield it, tuple(sorted(found, key=lambda happening: happening.event.at))


def _go_on(
    changes: _Changes,
    world: World,
    doors: Doors,
    batch: Batch,
    enrollments: Iterable[Enrollment],
    facts: Facts,
    happenings: Sequence[Happening],
    now: Moment,
) -> list[Enrollment]:
    """Goals, exits and leaving of the entries that a contact has; returns those that stay open."""
    still_open = []
    for enrollment in enrollments:
        edition = world.live[enrollment.campaign_id].edition_of(enrollment)
        campaign = edition.campaign if edition else None
        if campaign is None or (enrollment.closed_at and not _may_reach(campaign, happenings)):
            continue
        seen = batch.in_entry(facts, enrollment, campaign.key, campaign.offer)
        goal_at = _goal_at(campaign, enrollment, seen, happenings, now)
        if goal_at is not None:
            changes.goals.append((enrollment.id, goal_at))
        if enrollment.closed_at:
            continue
        zone = world.zone_for(campaign, facts.contact)
        closing = _closing(campaign, enrollment, seen, happenings, goal_at, now, zone)
        if closing is None and not doors.consented(campaign, enrollment.contact_id):
            saw = {"topic": campaign.topic}
            closing = Closing(id=enrollment.id, at=now, reason=Reason.NOT_AGREED, saw=saw)
        if closing is not None:
            changes.closings.append(closing)
        else:
            changes.wakes.append(enrollment.id)
            still_open.append(enrollment)
    return still_open


def _may_reach(campaign: Campaign, happenings: Sequence[Happening]) -> bool:
    """Whether the goal could come about now: said without the facts, since most entries closed long ago."""
    goal = campaign.goal
    return goal is not None and (goal.expression is not None or bool(happenings))


def _goal_at(
    campaign: Campaign, enrollment: Enrollment, facts: Facts, happenings: Sequence[Happening], now: Moment
) -> Moment | None:
    """When the goal was reached just now; None: not, or before."""
    if campaign.goal is None or enrollment.goal_at:
        return None
    for happening in happenings:
        if reached(campaign.goal, happening.event, facts, happening.event.at, enrollment.entered_at):
            return happening.event.at
    return now if reached(campaign.goal, None, facts, now, enrollment.entered_at) else None


def _closing(
    campaign: Campaign,
    enrollment: Enrollment,
    facts: Facts,
    happenings: Sequence[Happening],
    goal_at: Moment | None,
    now: Moment,
    zone: ZoneInfo,
) -> Closing | None:
    if goal_at is not None and campaign.on_goal == "exit" and campaign.goal is not None:
        saw = evidence.of_trigger(campaign.goal, facts, goal_at, zone)
        return Closing(id=enrollment.id, at=goal_at, reason=Reason.GOAL, saw=saw)
    for trigger in campaign.exits:
        for happening in happenings:
            at = happening.event.at
            if reached(trigger, happening.event, facts, at, enrollment.entered_at):
                saw = evidence.of_trigger(trigger, facts, at, zone)
                return Closing(id=enrollment.id, at=at, reason=Reason.EXIT, saw=saw)
        if reached(trigger, None, facts, now, enrollment.entered_at):
            saw = evidence.of_trigger(trigger, facts, now, zone)
            return Closing(id=enrollment.id, at=now, reason=Reason.EXIT, saw=saw)
    if campaign.on_leaving == "exit" and (reason := misfit(campaign, facts, now)) is not None:
        saw = evidence.of_misfit(campaign, facts, now, reason)
        return Closing(id=enrollment.id, at=now, reason=reason, saw=saw)
    return None


def _write(tx: Tx, changes: _Changes, now: Moment) -> None:
    journeys.reach_goal(tx, changes.goals)
    journeys.close(tx, changes.closings)
    by_reason: dict[str, list[int]] = defaultdict(list)
    for closing in changes.closings:
        by_reason[str(closing.reason)].append(closing.id)
    for reason, closed in by_reason.items():
        outbox.skip_enrollments(tx, closed, reason, now)
    journeys.wake(tx, changes.wakes, now)
    journeys.enroll(tx, changes.entries)
