"""What would let a contact into a campaign: coming into a stage, an event, a date of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import assert_never
from zoneinfo import ZoneInfo

from nurture.audience.facts import Event, Facts
from nurture.clock import DAY, NEVER, Moment
from nurture.journeys.calendar import Anniversary, date_of, label, resolve
from nurture.journeys.campaign import Campaign
from nurture.journeys.enter import EnterOnDate, EnterOnEvent, EnterOnStage, EnterTogether
from nurture.lifecycle.stages import within
from nurture.runner.touched import Happening, Touched

TOO_LONG_AGO = 7 * DAY
"""Coming into a stage, an event or a date longer ago than this lets nobody in: an import of history mails nobody."""

ONCE = "once"
"""The entry key where a campaign is entered once only."""

NEXT_LINE = "next line"
"""How the entry key begins of those who go on with another product line."""

THERE_ALREADY = "there already"
"""The entry key of those whom `existing` let in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason to enter."""

    key: str
    """Tells the entry from all others of this contact into this campaign."""
    at: Moment
    event: Event | None = None
    slot: str = ""
    """For which value, where a campaign may be entered more than once at a time."""
    fresh: bool = False
    """Counts only for those who never entered (with `lines:`, on that line)."""


def causes(
    campaign: Campaign,
    it: Touched,
    facts: Facts,
    happenings: Sequence[Happening],
    *,
    first_stage: str,
    earliest: Moment,
    now: Moment,
    zone: ZoneInfo,
) -> Iterator[Cause]:
    """What would let this contact in now, not counting what is older than `earliest`."""
    match campaign.enter:
        case EnterOnEvent(event=name):
            for happening in happenings:
                event = happening.event
                if event.name == name and event.at >= earliest and _of_topic(campaign, event):
                    yield _by_event(campaign, happening)
        case EnterOnStage(existing=existing):
            at = _came_at(campaign, it, first_stage)
            if at is not None and at >= earliest:
                yield Cause(key=_key(campaign, f"stage {at}"), at=at)
            elif existing:
                yield Cause(key=_key(campaign, THERE_ALREADY), at=now, fresh=True)
        case EnterOnDate():
            at = date_before(campaign.enter, facts, now, zone)
            if at is not None and at >= earliest:
                yield Cause(key=_key(campaign, label(at, zone)), at=at)
        case EnterTogether():
            return
        case other:
            assert_never(other)


def date_before(enter: EnterOnDate, facts: Facts, now: Moment, zone: ZoneInfo) -> Moment | None:
    """When the contact's own date was last; None: it is not known, or was not yet."""
    if isinstance(enter.when, Anniversary):
        born = _born(enter.when, facts, zone)
        return None if born is None else enter.when.latest_at_or_before(born, now, zone)
    at = resolve(enter.when, facts, now, now, zone)
    return at if at is not None and at <= now else None


def date_after(enter: EnterOnDate, facts: Facts, now: Moment, zone: ZoneInfo) -> Moment:
    """When the contact's own date will be next; NEVER: not as far as is known."""
    if isinstance(enter.when, Anniversary):
        born = _born(enter.when, facts, zone)
        return NEVER if born is None else enter.when.next_at_or_after(born, now + 1, zone)
    at = resolve(enter.when, facts, now, now, zone)
    return at if at is not None and at > now else NEVER


def _born(when: Anniversary, facts: Facts, zone: ZoneInfo) -> date | None:
    name = when.fact.removeprefix("contact.")
    value = facts.contact.created_at if name == "created_at" else facts.contact.attributes.get(name)
    return date_of(value, zone)


def _of_topic(campaign: Campaign, event: Event) -> bool:
    """Whoever agrees to a topic enters the campaigns of that topic, not those of all others."""
    return event.name != "subscribed" or event.properties.get("topic") == campaign.topic


def _by_event(campaign: Campaign, happening: Happening) -> Cause:
    event = happening.event
    if campaign.reentry.kind == "per":
        value = str(event.properties.get(campaign.reentry.per, ""))
        return Cause(key=f"{campaign.reentry.per} {value}", slot=value, at=event.at, event=event)
    return Cause(key=_key(campaign, happening.key), at=event.at, event=event)


def _key(campaign: Campaign, key: str) -> str:
    return ONCE if campaign.reentry.kind == "never" else key


def _came_at(campaign: Campaign, it: Touched, first_stage: str) -> Moment | None:
    """When the contact came into one of the campaign's stages from outside of them, just now."""
    moments = [
        change.at
        for change in it.transitions
        if _matches(campaign, change.to_stage) and not _matches(campaign, change.from_stage)
    ]
    if it.new and _matches(campaign, first_stage):
        moments.insert(0, it.contact.created_at)
    return moments[-1] if moments else None


def _matches(campaign: Campaign, stage: str) -> bool:
    return not campaign.stages or within(stage, campaign.stages)
