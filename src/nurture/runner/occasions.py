"""Campaigns that many enter together, once or again and again: a newsletter, a monthly letter.

An occasion is a moment at which it is the campaign's local time somewhere. Whoever lives there and fits is let in, a
batch at a time; what has been reached is kept, so that whoever goes on after a crash goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from nurture.audience.zones import zone_names, zone_of_place
from nurture.clock import NEVER, Moment
from nurture.journeys.calendar import Absolute, label
from nurture.journeys.campaign import Campaign
from nurture.journeys.enter import EnterTogether
from nurture.runner.asking import asking, fits
from nurture.runner.causes import ONCE, TOO_LONG_AGO, Cause
from nurture.runner.doors import Doors
from nurture.runner.facts import gather
from nurture.runner.world import Edition, Live, World
from nurture.store import agenda, audience, journeys, occasions, versions
from nurture.store.audience import Found
from nurture.store.engine import Store, Tx
from nurture.store.occasions import Occasion

BATCH = 2_000
"""Contacts let in in one transaction."""


def let_in(store: Store, world: World, now: Moment) -> int:
    """Let in the next batch of those whose occasion has come. Returns how many steps of work that was."""
    with store.write() as tx:
        if world.is_behind(versions.newest_version(tx)):
            return 0
        due = occasions.take_due(tx, now)
        if due is None:
            return 0
        _go_on(tx, store, world, due, now)
    return 1


def first_occasion(campaign: Campaign, workspace: ZoneInfo, now: Moment) -> Moment:
    """When a campaign that is put into force now lets people in first; NEVER: nobody enters it together."""
    return _next(campaign, workspace, now) if isinstance(campaign.enter, EnterTogether) else NEVER


def _go_on(tx: Tx, store: Store, world: World, due: Occasion, now: Moment) -> None:
    """One batch of one occasion."""
    live = world.live.get(due.campaign_id)
    edition = live.edition if live else None
    if live is None or edition is None or not isinstance(edition.campaign.enter, EnterTogether):
        return occasions.put(tx, due.campaign_id, NEVER)
    campaign = edition.campaign
    if versions.states(tx)[due.campaign_id].paused_at and due.reached == 0:
        # Who would have entered while it is paused does not: a newsletter is not sent when its day is over.
        return occasions.put(tx, due.campaign_id, _next(campaign, world.settings.zone, due.at + 1))
    zones = _zones(campaign, world.settings.zone, due.at, now)
    found = _fitting(tx, store, world, campaign, due, zones, now)
    _enter(tx, store, world, live, edition, found.ids, due, now)
    if found.reached is None:
        occasions.put(tx, due.campaign_id, _next(campaign, world.settings.zone, due.at + 1))
    else:
        occasions.put(tx, due.campaign_id, due.at, reached=found.reached)
    return None


def _enter(
    tx: Tx,
    store: Store,
    world: World,
    live: Live,
    edition: Edition,
    contacts: Sequence[int],
    due: Occasion,
    now: Moment,
) -> None:
    if not contacts:
        return
    batch = gather(tx, world, contacts, now, live.door_needs, offers=[(edition.offer, it) for it in contacts])
    doors = Doors(tx, world, batch, now)
    entries = []
    for contact in contacts:
        if contact not in batch.contacts:
            continue
        facts = batch.of(contact)
        zone = world.zone_for(edition.campaign, facts.contact)
        key = ONCE if edition.campaign.reentry.kind == "never" else label(due.at, zone)
        entry = doors.entry(live, edition, facts, Cause(key=key, at=due.at), store.ids)
        if entry is not None:
            entries.append(entry)
    journeys.enroll(tx, entries)
    if edition.door_needs.clock:
        # A review works out when time alone leads them to the goal or out again.
        agenda.put_on_agenda(tx, [(entry.contact_id, 0, now) for entry in entries])


def _fitting(
    tx: Tx,
    store: Store,
    world: World,
    campaign: Campaign,
    due: Occasion,
    zones: frozenset[str],
    now: Moment,
) -> Found:
    """The next contacts who live in these zones and may fit, as far as the database can tell."""
    if not zones:
        return Found(ids=(), reached=None)
    asked = asking(tx, store, world.settings, world.lifecycle, now)
    who = fits(campaign, world.lifecycle, world.settings, asked, when=True)
    places = None if campaign.in_workspace_time else _places(tx, world, zones)
    return audience.next_ids(tx, who, places, after=due.reached, limit=BATCH)


def _places(tx: Tx, world: World, zones: frozenset[str]) -> list[tuple[str, str]]:
    """The pairs of time zone and country, as contacts have them, that lie in these zones."""
    return [
        (zone, country)
        for zone, country in audience.places(tx)
        if zone_of_place(zone, country, world.settings.zone).key in zones
    ]


def _zones(campaign: Campaign, workspace: ZoneInfo, at: Moment, now: Moment) -> frozenset[str]:
    """Where it is the campaign's local time at that moment, but for those where it has come again since: after an
    outage nobody gets two letters at once, nor last month's."""
    if at < now - TOO_LONG_AGO:
        return frozenset()
    zones = _all_zones(campaign, workspace)
    return frozenset(
        name
        for name, zone in zones.items()
        if _at_or_after(campaign, at, zone) == at and _latest(campaign, now, zone) == at
    )


def _next(campaign: Campaign, workspace: ZoneInfo, at: Moment) -> Moment:
    zones = _all_zones(campaign, workspace).values()
    return min((_at_or_after(campaign, at, zone) for zone in zones), default=NEVER)


def _all_zones(campaign: Campaign, workspace: ZoneInfo) -> Mapping[str, ZoneInfo]:
    if campaign.in_workspace_time:
        return {workspace.key: workspace}
    return {name: ZoneInfo(name) for name in zone_names()}


def _at_or_after(campaign: Campaign, at: Moment, zone: ZoneInfo) -> Moment:
    assert isinstance(campaign.enter, EnterTogether)
    when = campaign.enter.when
    if isinstance(when, Absolute):
        moment = when.moment(zone)
        return moment if moment >= at else NEVER
    return when.next_at_or_after(at, zone)


def _latest(campaign: Campaign, now: Moment, zone: ZoneInfo) -> Moment:
    assert isinstance(campaign.enter, EnterTogether)
    when = campaign.enter.when
    return when.moment(zone) if isinstance(when, Absolute) else when.latest_at_or_before(now, zone)
