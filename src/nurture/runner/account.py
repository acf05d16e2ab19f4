"""All that `nurture explain` tells of one contact: what happened, what they wait for, and why they are where they are
not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from zoneinfo import ZoneInfo

from nurture.audience.contact import Contact
from nurture.audience.zones import named, zone_of
from nurture.clock import Moment
from nurture.reports.explain import CodeStory, EarnedStory, EntryStory, Explanation, MessageStory, Outside
from nurture.reports.revenue import way_of
from nurture.runner.explaining import waiting_for
from nurture.runner.facts import gather
from nurture.runner.outside import Outsider
from nurture.runner.world import World
from nurture.store import attribution, journeys, notices, quiet, sign_ups
from nurture.store.engine import Tx
from nurture.store.notices import NoticeStory
from nurture.store.report_codes import codes_of
from nurture.store.report_explain import explain


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One contact."""

    told: Explanation
    """Its entries are newest first, each open one with what it waits for."""
    zone: ZoneInfo
    zone_by: Literal["their own", "their country's", "the workspace's"]
    outside: tuple[Outside, ...]
    """The campaigns in force that they are not in, by name."""
    notices: Mapping[int, tuple[NoticeStory, ...]]
    """What was told about them, by the entry that told it."""
    currency: str
    """Of amounts."""
    earned: tuple[EarnedStory, ...] = ()
    """What messages earned by their orders, newest order first."""
    codes: tuple[CodeStory, ...] = ()
    """The codes they were given, oldest first, then those of others that their orders bear."""
    pending: bool = False
    """They signed up and have not confirmed it: nothing else goes to them."""
    quiet: Mapping[str, Moment] = field(default_factory=dict)
    """Until when marketing to them waits, by the reason (a word of `Reason`)."""


def account(tx: Tx, world: World, contact_id: int, address_key: bytes, now: Moment) -> Account | None:
    """All about one contact; None: there is none."""
    found = explain(tx, contact_id, first=world.lifecycle.first, suppression_key=address_key)
    if found is None:
        return None
    entries = journeys.of_contacts(tx, [contact_id])
    waiting = waiting_for(tx, world, entries, now)
    told = [
        replace(it, waiting=waiting.get(it.id), messages=tuple(_with_facts(it, one) for one in it.messages))
        for it in found.entries
    ]
    inside = {it.campaign for it in told if not it.closed_at}
    zone, by = _zone(world, found.contact)
    return Account(
        told=replace(found, entries=tuple(sorted(told, key=lambda it: (it.entered_at, it.id), reverse=True))),
        zone=zone,
        zone_by=by,
        outside=_outside(tx, world, found, inside, now),
        notices=_notices(tx, contact_id),
        currency=world.settings.currency,
        earned=attribution.earned_by(tx, contact_id, way_of(world.settings.attribution))[::-1],
        codes=codes_of(tx, contact_id),
        pending=bool(sign_ups.pending(tx, [contact_id])),
        quiet={
            str(quiet.REASONS[why]): until
            for why, until in quiet.until(tx, [contact_id], now).get(contact_id, {}).items()
        },
    )


def _with_facts(entry: EntryStory, message: MessageStory) -> MessageStory:
    """A message that was skipped because its entry ended was stopped by what ended it."""
    if message.saw or message.state != "skipped" or message.reason != entry.reason:
        return message
    return replace(message, saw=entry.saw)


def _outside(tx: Tx, world: World, told: Explanation, inside: set[str], now: Moment) -> tuple[Outside, ...]:
    contact = told.contact.id
    offers = [(campaign.offer, contact) for _, campaign in world.in_force]
    batch = gather(tx, world, [contact], now, world.door_needs, offers=offers)
    outsider = Outsider(tx, world, batch, contact, now, suppressed=bool(told.suppressed))
    return tuple(
        outsider.of(live, campaign)
        for live, campaign in sorted(world.in_force, key=lambda it: it[1].key)
        if campaign.key not in inside
    )


def _notices(tx: Tx, contact_id: int) -> dict[int, tuple[NoticeStory, ...]]:
    found: dict[int, tuple[NoticeStory, ...]] = {}
    for it in notices.of_contacts(tx, [contact_id]).get(contact_id, ()):
        entry = it.key.enrollment_id
        found[entry] = (*found.get(entry, ()), it)
    return found


def _zone(
    world: World, contact: Contact
) -> tuple[ZoneInfo, Literal["their own", "their country's", "the workspace's"]]:
    zone = zone_of(contact, world.settings.zone)
    if named(contact.timezone) is not None:
        return zone, "their own"
    if zone_of(replace(contact, country=""), world.settings.zone) == zone:
        return zone, "the workspace's"
    return zone, "their country's"
