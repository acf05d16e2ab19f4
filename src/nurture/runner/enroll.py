"""Step 2 of a tick: what happened to a contact opens enrollments, reaches goals, ends what does not fit any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import assert_never

from nurture.audience.facts import EntryFacts, Event, Facts
from nurture.clock import DAY, Moment
from nurture.journeys.campaign import Campaign, EnterOnEvent, EnterOnStage
from nurture.journeys.entry import may_enter
from nurture.journeys.fit import misfit
from nurture.journeys.reasons import Reason
from nurture.journeys.triggers import line_property, reached
from nurture.lifecycle.stages import Transition, within
from nurture.runner.facts import Batch, gather
from nurture.runner.world import Live, World
from nurture.store import consents, histories, journeys, outbox, pairs
from nurture.store import facts as stored_facts
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.journeys import Closing, Enrollment

TOO_LONG_AGO = 7 * DAY
"""Coming into a stage, or an event, longer ago than this lets nobody in: an import of history mails nobody."""

BY_STAGE = "stage"
"""The entry key of those whom a stage let in: one entry for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A contact who was reviewed: what they are looked at for."""

    contact_id: int
    since: Moment
    """What happened later than this has not been taken in yet."""
    new: bool
    created_at: Moment
    transitions: tuple[Transition, ...] = ()
    """Those of the business that are new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event with the key that tells it from all others."""

    key: str
    event: Event


@dataclass(slots=True)
class _Changes:
    """What is to be written for a batch."""

    goals: list[tuple[int, Moment]] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    wakes: list[int] = field(default_factory=list)
    entries: list[Enrollment] = field(default_factory=list)


def take_in(tx: Tx, world: World, ids: Ids, touched: Sequence[Touched], now: Moment) -> None:
    """Act on what happened to these contacts, in the transaction that reviewed them."""
    if not touched:
        return
    contacts = [it.contact_id for it in touched]
    enrollments: dict[int, list[Enrollment]] = defaultdict(list)
    for enrollment in journeys.of_contacts(tx, contacts):
        enrollments[enrollment.contact_id].append(enrollment)
    needs = world.door_needs
    offers = {(campaign.offer, contact) for _, campaign in world.in_force for contact in contacts}
    batch = gather(tx, world, contacts, now, needs, offers=offers if needs.offer else ())
    doors = _Doors(tx, world, batch, now)
    changes = _Changes()
    for it, happenings in _with_happenings(tx, touched, now):
        facts = batch.of(it.contact_id)
        mine = enrollments[it.contact_id]
        still_open = _go_on(changes, world, batch, mine, facts, happenings, now)
        changes.entries += doors.let_in(it, facts, happenings, mine, still_open, ids)
    _write(tx, changes, now)


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
                event=Event(
                    name="refunded" if order.undone else "ordered",
                    at=order.at,
                    properties={
                        "amount": order.amount / 100,
                        **{line_property(line): True for line in order.lines},
                    },
                ),
            )
            for order in orders.get(it.contact_id, ())
        ]
        found += [Happening(key=f"event:{id_}", event=event) for id_, event in events.get(it.contact_id, ())]
        yield it, tuple(sorted(found, key=lambda happening: happening.event.at))


def _go_on(
    changes: _Changes,
    world: World,
    batch: Batch,
    enrollments: Iterable[Enrollment],
    facts: Facts,
    happenings: Sequence[Happening],
    now: Moment,
) -> list[Enrollment]:
    """Goals, exits and leaving of the entries that a contact has; returns those that stay open."""
    still_open = []
    for enrollment in enrollments:
        live = world.live[enrollment.campaign_id]
        campaign = live.campaign
        if campaign is None:
            continue
        seen = batch.in_entry(facts, enrollment, campaign.key, campaign.offer)
        goal_at = _goal_at(campaign, enrollment, seen, happenings, now)
        if goal_at is not None:
            changes.goals.append((enrollment.id, goal_at))
        if enrollment.closed_at:
            continue
        closing = _closing(campaign, enrollment, seen, happenings, goal_at, now)
        if closing is not None:
            changes.closings.append(closing)
        else:
            changes.wakes.append(enrollment.id)
            still_open.append(enrollment)
    return still_open


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
) -> Closing | None:
    if goal_at is not None and campaign.on_goal == "exit":
        return Closing(id=enrollment.id, at=goal_at, reason=Reason.GOAL)
    for trigger in campaign.exits:
        for happening in happenings:
            if reached(trigger, happening.event, facts, happening.event.at, enrollment.entered_at):
                return Closing(id=enrollment.id, at=happening.event.at, reason=Reason.EXIT)
        if reached(trigger, None, facts, now, enrollment.entered_at):
            return Closing(id=enrollment.id, at=now, reason=Reason.EXIT)
    if campaign.on_leaving == "exit" and (reason := misfit(campaign, facts, now)) is not None:
        return Closing(id=enrollment.id, at=now, reason=reason)
    return None


class _Doors:
    """Who is let into which campaign."""

    def __init__(self, tx: Tx, world: World, batch: Batch, now: Moment) -> None:
        self._tx = tx
        self._world = world
        self._batch = batch
        self._now = now
        self._line_ids = {name: line for line, name in batch.line_names.items() if line}
        self._entered = {
            live.record.id: journeys.lines_entered(tx, live.record.id, batch.contacts)
            for live, campaign in world.in_force
            if campaign.lines is not None
        }

    @cached_property
    def _agreed(self) -> Mapping[int, Collection[str]]:
        """Read only where somebody stands at a door: most contacts of most batches do not."""
        return consents.agreed_topics(self._tx, self._batch.contacts)

    @cached_property
    def _affinity(self) -> Mapping[int, Sequence[int]]:
        """Read only where somebody has a choice of lines."""
        return pairs.line_affinity(self._tx, list(self._batch.contacts))

    def let_in(
        self,
        it: Touched,
        facts: Facts,
        happenings: Sequence[Happening],
        ever: Sequence[Enrollment],
        still_open: Sequence[Enrollment],
        ids: Ids,
    ) -> list[Enrollment]:
        """The entries that this contact makes now."""
        entries = []
        inside = {enrollment.campaign_id for enrollment in still_open}
        before = {(enrollment.campaign_id, enrollment.line_id, enrollment.entry_key) for enrollment in ever}
        for live, campaign in self._world.in_force:
            if live.record.id in inside:
                continue
            for key, at, event in self._causes(live, campaign, it, happenings):
                line = self._line(live, campaign, it.contact_id, facts)
                if line is None:
                    break
                if (live.record.id, line, key) in before:
                    continue
                entry = EntryFacts(campaign=campaign.key, enrollment_id=0, entered_at=at, event=event)
                seen = replace(self._batch.on_line(facts, line), entry=entry)
                if may_enter(campaign, seen, self._now, consented=self._consented(campaign, it.contact_id)):
                    continue
                entries.append(self._entry(live, campaign, it.contact_id, line, key, at, event, ids))
                break
        return entries

    def _consented(self, campaign: Campaign, contact_id: int) -> bool:
        topic = self._world.settings.topics.get(campaign.topic)
        return (topic is not None and topic.always) or campaign.topic in self._agreed.get(contact_id, ())

    def _causes(
        self, live: Live, campaign: Campaign, it: Touched, happenings: Sequence[Happening]
    ) -> Iterator[tuple[str, Moment, Event | None]]:
        """What would let the contact in: the entry's key, its moment and its event."""
        earliest = max(self._now - TOO_LONG_AGO, live.record.first_applied_at)
        match campaign.enter:
            case EnterOnEvent(event=name):
                for happening in happenings:
                    if happening.event.name == name and happening.event.at >= earliest:
                        yield happening.key, happening.event.at, happening.event
            case EnterOnStage():
                at = self._came_at(campaign, it)
                if at is not None and at >= earliest:
                    yield BY_STAGE, at, None
                elif campaign.enter.existing or self._goes_on(live, campaign, it.contact_id):
                    yield BY_STAGE, self._now, None
            case other:
                assert_never(other)

    def _goes_on(self, live: Live, campaign: Campaign, contact_id: int) -> bool:
        """Whether a campaign with `lines:` goes on with the next line."""
        return campaign.lines is not None and bool(self._entered[live.record.id].get(contact_id))

    def _came_at(self, campaign: Campaign, it: Touched) -> Moment | None:
        """When the contact came into one of the campaign's stages from outside of them, just now."""
        first = self._world.lifecycle.first
        moments = [
            change.at
            for change in it.transitions
            if _matches(campaign, change.to_stage) and not _matches(campaign, change.from_stage)
        ]
        if it.new and _matches(campaign, first):
            moments.insert(0, it.created_at)
        return moments[-1] if moments else None

    def _line(self, live: Live, campaign: Campaign, contact_id: int, facts: Facts) -> int | None:
        """The line to enter for: the best match not entered before; 0 where the campaign has no lines."""
        if campaign.lines is None:
            return 0
        before = self._entered[live.record.id].get(contact_id, set())
        wanted = self._line_ids if campaign.lines == "each" else campaign.lines
        candidates = {self._line_ids[name] for name in wanted if name in self._line_ids} - before
        fitting = [
            line
            for line in sorted(candidates)
            if misfit(campaign, self._batch.on_line(facts, line), self._now) is None
        ]
        if len(fitting) > 1:
            return next((line for line in self._affinity.get(contact_id, ()) if line in fitting), fitting[0])
        return fitting[0] if fitting else None

    def _entry(
        self,
        live: Live,
        campaign: Campaign,
        contact_id: int,
        line: int,
        key: str,
        at: Moment,
        event: Event | None,
        ids: Ids,
    ) -> Enrollment:
        return Enrollment(
            id=ids.take(1, self._now)[0],
            campaign_id=live.record.id,
            contact_id=contact_id,
            line_id=line,
            entry_key=key,
            entered_at=at,
            event=event,
            step_no=live.number(campaign.program.first),
            since=at,
            due_at=at,
        )


def _matches(campaign: Campaign, stage: str) -> bool:
    return not campaign.stages or within(stage, campaign.stages)


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
