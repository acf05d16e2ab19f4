"""Step 2 of a tick: what happened to a contact opens enrollments, reaches goals, ends what does not fit any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from nurture.audience.facts import Facts
from nurture.clock import NEVER, Moment
from nurture.journeys import evidence
from nurture.journeys.campaign import Campaign
from nurture.journeys.fit import misfit
from nurture.journeys.reasons import Reason
from nurture.journeys.triggers import reached
from nurture.runner.doors import Doors
from nurture.runner.facts import Batch, gather
from nurture.runner.touched import Happening, Touched, order_event
from nurture.runner.world import World, door_expressions
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

    Returns, by contact, when time alone may next let them into a campaign, or lead them to its goal or out of it.
    """
    if not touched:
        return {}
    contacts = {it.contact_id: it.contact for it in touched}
    enrollments: dict[int, list[Enrollment]] = defaultdict(list)
    for enrollment in journeys.of_contacts(tx, contacts):
        enrollments[enrollment.contact_id].append(enrollment)
    needs = world.door_needs
    editions = (live.edition for live in world.live.values() if needs.offer)
    offers = {edition.offer for edition in editions if edition is not None}
    held = [(offer, contact) for offer in offers for contact in contacts]
    batch = gather(tx, world, contacts, now, needs, offers=held, contacts=contacts)
    doors = Doors(tx, world, batch, now)
    changes = _Changes()
    dates: dict[int, Moment] = {}
    for it, happenings in _with_happenings(tx, touched, now):
        facts = batch.of(it.contact_id)
        mine = enrollments[it.contact_id]
        still_open = _go_on(changes, world, doors, batch, mine, facts, happenings, now)
        entries = [
            _since_then(world, batch, facts, entry, happenings, now)
            for entry in doors.let_in(it, facts, happenings, still_open, ids)
        ]
        changes.entries += entries
        under_way = [*still_open, *(entry for entry in entries if not entry.closed_at)]
        dates[it.contact_id] = min(
            doors.next_date(facts),
            doors.next_fit(facts),
            *(_next_change(world, batch, facts, enrollment, now) for enrollment in under_way),
        )
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
        seen = batch.in_entry(facts, enrollment, campaign.key, edition.offer if edition else "")
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


def _since_then(
    world: World, batch: Batch, facts: Facts, entry: Enrollment, happenings: Sequence[Happening], now: Moment
) -> Enrollment:
    """A new entry with what has happened since its moment: after an outage that may be its goal, or its end."""
    edition = world.live[entry.campaign_id].edition_of(entry)
    if edition is None:
        return entry
    campaign = edition.campaign
    seen = batch.in_entry(facts, entry, campaign.key, edition.offer)
    later = [it for it in happenings if it.event.at > entry.entered_at]
    goal_at = _goal_at(campaign, entry, seen, later, now)
    entry = replace(entry, goal_at=goal_at or 0)
    if entry.closed_at:
        return entry
    closing = _closing(campaign, entry, seen, later, goal_at, now, world.zone_for(campaign, facts.contact))
    if closing is None:
        return entry
    return replace(entry, closed_at=closing.at, reason=closing.reason, saw=closing.saw, due_at=NEVER)


def _next_change(world: World, batch: Batch, facts: Facts, enrollment: Enrollment, now: Moment) -> Moment:
    """When time alone may bring about the goal or an exit, or make the contact unfit."""
    edition = world.live[enrollment.campaign_id].edition_of(enrollment)
    if edition is None or not edition.door_needs.clock:
        return NEVER
    seen = batch.in_entry(facts, enrollment, edition.campaign.key, edition.offer)
    asked = (it for it in door_expressions(edition.campaign) if it.needs.clock)
    return min((it.next_flip(seen, now) for it in asked), default=NEVER)


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
