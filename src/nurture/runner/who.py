"""Who would enter a campaign now: every contact is asked once, by the database where it can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nurture.clock import NEVER, Moment
from nurture.journeys.campaign import Campaign
from nurture.journeys.chance import falls_within
from nurture.journeys.enter import EnterOnDate, EnterOnStage, EnterTogether
from nurture.journeys.fit import misfit
from nurture.reports.who import FITS, HELD_OUT, OUTS, Name, Who
from nurture.runner import occasions as together
from nurture.runner.asking import asking, stages_of, topic_asked
from nurture.runner.causes import date_after
from nurture.runner.facts import gather
from nurture.runner.world import World, door_expressions, union
from nurture.store import occasions, people, suppressions
from nurture.store.engine import Store, Tx
from nurture.store.statements import chunks
from nurture.store.versions import CampaignRecord
from nurture.store.who import Door, Looked, OnLines, look_at_everybody

BATCH = 1_000
"""Contacts about whom Python is asked at once."""


@dataclass(slots=True, kw_only=True)
class _Count:
    """What was found so far."""

    campaign: Campaign
    asked: str
    limit: int
    out: Counter[str] = field(default_factory=Counter)
    held_out: int = 0
    named: list[int] = field(default_factory=list)

    def add(self, contact: int, out: str) -> None:
        """Count one contact; empty: nothing keeps them out."""
        self.out[out] += 1
        share = self.campaign.holdout
        held_out = bool(share and not out) and falls_within(share, self.campaign.key, "holdout", contact)
        self.held_out += held_out
        wanted = self.asked == (out or FITS) or (held_out and self.asked == HELD_OUT)
        if wanted and len(self.named) < self.limit:
            self.named.append(contact)


def who(
    store: Store,
    world: World,
    campaign: Campaign,
    record: CampaignRecord | None,
    address_key: bytes,
    now: Moment,
    *,
    in_files: bool = False,
    asked: str = "",
    limit: int = 0,
) -> Who:
    """How many would enter `campaign` now, and how many not, by reason.

    `record`: what is known of it, where it was ever applied. The names of at most `limit` contacts are given for whom
    the reason is `asked` (`fits`: those who fit).
    """
    with store.read() as tx:
        count = _Count(campaign=campaign, asked=asked, limit=limit)
        for contact, out in _everybody(tx, store, world, campaign, record, address_key, now):
            count.add(contact, out)
        return Who(
            campaign=campaign,
            version=None if in_files else world.version,
            paused_at=record.paused_at if record else 0,
            fits=count.out[""],
            held_out=count.held_out,
            next_at=_next(tx, world, campaign, record, now, in_files=in_files),
            out={it: count.out[it] for it in OUTS if count.out[it]},
            asked=asked,
            names=_names(tx, world, campaign, count.named, now, dated=asked in (FITS, HELD_OUT)),
        )


def _everybody(
    tx: Tx,
    store: Store,
    world: World,
    campaign: Campaign,
    record: CampaignRecord | None,
    address_key: bytes,
    now: Moment,
) -> Iterator[tuple[int, str]]:
    """Each contact with what keeps them out."""
    names = asking(tx, store, world.settings, world.lifecycle, now)
    door = _door(world, campaign, record, names.lines, now)
    never = suppressions.hashes(tx)
    doubtful: list[Looked] = []
    for it in look_at_everybody(tx, door, names):
        if never and suppressions.hash_address(address_key, it.email) in never:
            yield it.id, "suppressed"
        elif it.doubt:
            doubtful.append(it)
        else:
            yield it.id, it.out
    for some in chunks(doubtful, BATCH):
        holding = _for_whom_it_holds(tx, world, campaign, [it.id for it in some], door, now)
        for it in some:
            yield it.id, it.out if it.id in holding else "when"


def _door(
    world: World, campaign: Campaign, record: CampaignRecord | None, lines: Mapping[str, int], now: Moment
) -> Door:
    """What the database has to ask."""
    again = campaign.reentry
    # Those who are there already are let in once, however often one may come back.
    once = again.kind == "never" or (isinstance(campaign.enter, EnterOnStage) and campaign.enter.existing)
    return Door(
        campaign_id=record.id if record else 0,
        topic=topic_asked(world.settings, campaign),
        stages=stages_of(world.lifecycle, campaign.stages) if campaign.stages else None,
        lines=_on_lines(world, campaign, lines),
        when=campaign.when,
        again="never" if once else "after" if again.kind == "after" else "always",
        left_before=now - again.after,
        more_than_once=again.kind == "per",
    )


def _on_lines(world: World, campaign: Campaign, lines: Mapping[str, int]) -> OnLines | None:
    if campaign.lines is None:
        return None
    wanted = lines if campaign.lines == "each" else campaign.lines
    return OnLines(
        ids=[lines[name] for name in wanted if name in lines],
        stages=stages_of(world.lifecycle, campaign.line_stages),
    )


def _for_whom_it_holds(
    tx: Tx, world: World, campaign: Campaign, contacts: Collection[int], door: Door, now: Moment
) -> set[int]:
    """Whom the campaign fits, where the database cannot tell whether its `when` holds."""
    offers = [(campaign.offer, it) for it in contacts]
    batch = gather(tx, world, contacts, now, union(door_expressions(campaign)), offers=offers)
    lines = door.lines.ids if door.lines else [0]
    return {
        it
        for it in contacts
        if any(misfit(campaign, batch.on_line(batch.of(it), line), now) is None for line in lines)
    }


def _next(
    tx: Tx,
    world: World,
    campaign: Campaign,
    record: CampaignRecord | None,
    now: Moment,
    *,
    in_files: bool,
) -> Moment | None:
    if not isinstance(campaign.enter, EnterTogether):
        return None
    if in_files or record is None:
        at = together.first_occasion(campaign, world.settings.zone, now)
    else:
        at = occasions.of_campaigns(tx).get(record.id, NEVER)
    return None if at >= NEVER else at


def _names(
    tx: Tx, world: World, campaign: Campaign, contacts: Sequence[int], now: Moment, *, dated: bool
) -> tuple[Name, ...]:
    found = people.by_ids(tx, contacts)
    dates: dict[int, Moment] = {}
    if dated and isinstance(campaign.enter, EnterOnDate):
        batch = gather(tx, world, found, now, union(door_expressions(campaign)), contacts=found)
        for it, known in found.items():
            zone = world.zone_for(campaign, known)
            dates[it] = date_after(campaign.enter, batch.of(it), now, zone)
    return tuple(
        Name(
            email=contact.email,
            first_name=contact.first_name,
            last_name=contact.last_name,
            enters_at=dates[id_] if dates.get(id_, NEVER) < NEVER else None,
        )
        for id_ in contacts
        if (contact := found.get(id_)) is not None
    )
