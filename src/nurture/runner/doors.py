"""Who is let into which campaign."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from nurture.audience.facts import EntryFacts, Facts
from nurture.clock import NEVER, Moment
from nurture.journeys.campaign import Campaign
from nurture.journeys.chance import falls_within
from nurture.journeys.entry import may_enter
from nurture.journeys.fit import misfit
from nurture.journeys.reasons import Reason
from nurture.lifecycle.stages import within
from nurture.runner.causes import NEXT_LINE, TOO_LONG_AGO, Cause, causes, date_after
from nurture.runner.facts import Batch
from nurture.runner.touched import Happening, Touched
from nurture.runner.world import Edition, Live, World
from nurture.store import affinity, consents, journeys
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.journeys import Enrollment


class Doors:
    """Who of a batch of contacts is let into which campaign."""

    def __init__(self, tx: Tx, world: World, batch: Batch, now: Moment) -> None:
        self._tx = tx
        self._world = world
        self._batch = batch
        self._now = now
        self._line_ids = {name: line for line, name in batch.line_names.items() if line}

    @cached_property
    def _agreed(self) -> Mapping[int, Collection[str]]:
        """Read only where somebody stands at a door: most contacts of most batches do not."""
        return consents.agreed_topics(self._tx, self._batch.contacts)

    @cached_property
    def _affinity(self) -> Mapping[int, Sequence[int]]:
        """Read only where somebody has a choice of lines."""
        return affinity.line_affinity(self._tx, list(self._batch.contacts))

    @cached_property
    def _left(self) -> Mapping[tuple[int, int, int], Moment]:
        """When each (campaign, contact, line) that ever entered left last; 0: they are in."""
        return journeys.left(self._tx, self._batch.contacts)

    @cached_property
    def _lines_entered(self) -> Mapping[tuple[int, int], Collection[int]]:
        """By campaign and contact."""
        found: dict[tuple[int, int], set[int]] = defaultdict(set)
        for campaign, contact, line in self._left:
            found[campaign, contact].add(line)
        return found

    def let_in(
        self,
        it: Touched,
        facts: Facts,
        happenings: Sequence[Happening],
        still_open: Sequence[Enrollment],
        ids: Ids,
    ) -> list[Enrollment]:
        """The entries that this contact makes now."""
        inside = {(enrollment.campaign_id, enrollment.slot) for enrollment in still_open}
        entries: list[Enrollment] = []
        for live in self._to_ask(it, happenings):
            if live.edition is None or (live.record.id, "") in inside:
                continue
            for cause in self._causes(live, live.edition.campaign, it, facts, happenings):
                if (live.record.id, cause.slot) in inside:
                    continue
                entry = self.entry(live, live.edition, facts, cause, ids)
                if entry is not None:
                    entries.append(entry)
                    if not cause.slot:
                        break
                    inside.add((live.record.id, cause.slot))
        return entries

    def entry(self, live: Live, edition: Edition, facts: Facts, cause: Cause, ids: Ids) -> Enrollment | None:
        """The entry that this cause makes; None: the campaign is not for them, or not again."""
        campaign, contact = edition.campaign, facts.contact.id
        if campaign.stages and not within(facts.stage.name, campaign.stages):
            return None
        line = self._line(live, campaign, facts, cause)
        if line is None or not self._again(live, campaign, contact, line, cause):
            return None
        seen = self._batch.on_line(facts, line)
        if campaign.when is not None and campaign.when.needs.entry:
            told = EntryFacts(campaign=campaign.key, enrollment_id=0, entered_at=cause.at, event=cause.event)
            seen = replace(seen, entry=told)
        if may_enter(campaign, seen, self._now, consented=self.consented(campaign, contact)) is not None:
            return None
        held_out = falls_within(campaign.holdout, campaign.key, "holdout", contact)
        return Enrollment(
            id=ids.take(1, self._now)[0],
            campaign_id=live.record.id,
            contact_id=contact,
            line_id=line,
            entry_key=cause.key,
            slot=cause.slot,
            version=edition.version,
            entered_at=cause.at,
            event=cause.event,
            step_no=edition.numbers[campaign.program.first],
            since=cause.at,
            due_at=NEVER if held_out else cause.at,
            closed_at=cause.at if held_out else 0,
            reason=Reason.HOLDOUT if held_out else "",
            held_out=held_out,
        )

    def next_date(self, facts: Facts) -> Moment:
        """When a date of this contact's own comes that lets them into a campaign; NEVER: none as far as is known."""
        moments = (
            date_after(enter, facts, self._now, self._world.zone_for(campaign, facts.contact))
            for campaign, enter in self._world.entrances.by_date
        )
        return min(moments, default=NEVER)

    def next_fit(self, facts: Facts) -> Moment:
        """When time alone may make somebody fit who is in the stage already; NEVER: not as far as is known."""
        moments = (
            campaign.when.next_flip(facts, self._now)
            for live, campaign in self._world.entrances.by_time
            if campaign.when is not None
            and (live.record.id, facts.contact.id, 0) not in self._left
            and (not campaign.stages or within(facts.stage.name, campaign.stages))
        )
        return min(moments, default=NEVER)

    def consented(self, campaign: Campaign, contact_id: int) -> bool:
        """Whether the contact agrees to the campaign's topic, or it is one that is always on."""
        topic = self._world.settings.topics.get(campaign.topic)
        return (topic is not None and topic.always) or campaign.topic in self._agreed.get(contact_id, ())

    def _to_ask(self, it: Touched, happenings: Sequence[Happening]) -> list[Live]:
        """The campaigns that there may be a cause for."""
        ways = self._world.entrances
        asked = {live.record.id: live for live in ways.always}
        stages = [change.to_stage for change in it.transitions]
        if it.new:
            stages.append(self._world.lifecycle.first)
        for stage in stages:
            asked.update((live.record.id, live) for live in ways.by_stage.get(stage, ()))
        for happening in happenings:
            asked.update((live.record.id, live) for live in ways.by_event.get(happening.event.name, ()))
        return list(asked.values())

    def _causes(
        self,
        live: Live,
        campaign: Campaign,
        it: Touched,
        facts: Facts,
        happenings: Sequence[Happening],
    ) -> Iterator[Cause]:
        yield from causes(
            campaign,
            it,
            facts,
            happenings,
            first_stage=self._world.lifecycle.first,
            earliest=max(self._now - TOO_LONG_AGO, live.record.first_applied_at),
            now=self._now,
            zone=self._world.zone_for(campaign, it.contact),
        )
        if campaign.lines is not None and self._lines_entered.get((live.record.id, it.contact_id)):
            # One line at a time: when it is over, the next begins.
            yield Cause(key=f"{NEXT_LINE} {self._now}", at=self._now, fresh=True)

    def _again(self, live: Live, campaign: Campaign, contact: int, line: int, cause: Cause) -> bool:
        """Whether those who were in before may come in by this cause. That an entry is made once only for a
        key, and that nobody is in twice, the database sees to."""
        left = self._left.get((live.record.id, contact, line))
        if left is None:
            return True
        if cause.fresh or campaign.reentry.kind == "never":
            return False
        return campaign.reentry.kind != "after" or 0 < left <= cause.at - campaign.reentry.after

    def _line(self, live: Live, campaign: Campaign, facts: Facts, cause: Cause) -> int | None:
        """The line to enter for, the best match of those that fit; 0 where the campaign has no lines."""
        if campaign.lines is None:
            return 0
        contact = facts.contact.id
        wanted = self._line_ids if campaign.lines == "each" else campaign.lines
        candidates = {self._line_ids[name] for name in wanted if name in self._line_ids}
        fitting = [
            line
            for line in sorted(candidates)
            if self._again(live, campaign, contact, line, cause)
            and misfit(campaign, self._batch.on_line(facts, line), self._now) is None
        ]
        if len(fitting) > 1:
            return next((line for line in self._affinity.get(contact, ()) if line in fitting), fitting[0])
        return fitting[0] if fitting else None
