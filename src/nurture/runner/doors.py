"""Who is let into which campaign: by coming into a stage, by an event, or with the next of its lines."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import assert_never

from nurture.audience.facts import EntryFacts, Event, Facts
from nurture.clock import DAY, Moment
from nurture.journeys.campaign import Campaign, EnterOnEvent, EnterOnStage
from nurture.journeys.entry import may_enter
from nurture.journeys.fit import misfit
from nurture.lifecycle.stages import within
from nurture.runner.facts import Batch
from nurture.runner.touched import Happening, Touched
from nurture.runner.world import Live, World
from nurture.store import consents, journeys, pairs
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.journeys import Enrollment

TOO_LONG_AGO = 7 * DAY
"""Coming into a stage, or an event, longer ago than this lets nobody in: an import of history mails nobody."""

BY_STAGE = "stage"
"""The entry key of those whom a stage let in: one entry for ever."""


class Doors:
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
                if may_enter(campaign, seen, self._now, consented=self.consented(campaign, it.contact_id)):
                    continue
                entries.append(self._entry(live, campaign, it.contact_id, line, key, at, event, ids))
                break
        return entries

    def consented(self, campaign: Campaign, contact_id: int) -> bool:
        """Whether the contact agrees to the campaign's topic, or it is one that is always on."""
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
            moments.insert(0, it.contact.created_at)
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
