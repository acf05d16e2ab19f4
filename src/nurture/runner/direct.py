"""Plans messages outside of campaigns: they go the ordinary way, at once, and each once for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nurture.audience.contact import Contact, Scalar
from nurture.audience.facts import Event
from nurture.clock import DAY, NEVER, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.journeys.direct import DIRECT_ID, STEP_NO
from nurture.journeys.reasons import Reason
from nurture.messages.compiled import Compiled
from nurture.runner.world import World
from nurture.store import journeys, outbox, people
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.journeys import Enrollment
from nurture.store.outbox import Planned

EVENT = "message"
"""What the event is called whose properties the template sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectGiven:
    """One message to one contact."""

    contact_id: int
    template: str
    key: str
    """The same key again, for the same contact, is the same message."""
    properties: Mapping[str, Scalar] = field(default_factory=dict)
    """What the template sees as `event.NAME`."""
    locale: str = ""
    """Empty: the contact's own."""
    stale_after: Span = 3 * DAY


def plan_direct(
    tx: Tx, ids: Ids, world: World, given: Sequence[DirectGiven], now: Moment
) -> list[MessageKey]:
    """Plan each message that was not planned before, and return the keys of all in the order given.

    They go before all other mail, need no consent, and never go to a suppressed address. Raises TemplateError where
    a template is not in force, and LookupError for a contact who is not there; then nothing was planned.
    """
    contacts = people.by_ids(tx, {it.contact_id for it in given})
    compiled = [_compiled(world, it, contacts[it.contact_id]) for it in given]
    entries = {
        (it.contact_id, it.key): _entry(id_, it, world.version, now)
        for id_, it in zip(ids.take(len(given), now), given, strict=True)
    }
    new = journeys.enroll(tx, list(entries.values()))
    planned = [
        _planned(entries[it.contact_id, it.key].id, it, template, world.lane_of(contacts[it.contact_id].email), now)
        for it, template in {(it.contact_id, it.key): (it, t) for it, t in zip(given, compiled, strict=True)}.values()
        if entries[it.contact_id, it.key].id in new
    ]  # fmt: skip
    outbox.plan(tx, planned)
    known = {place: it.id for place, it in entries.items() if it.id in new}
    if len(known) < len(entries):
        known |= journeys.by_entry_key(tx, DIRECT_ID, [it for it in entries if it not in known])
    return [MessageKey(known[it.contact_id, it.key], STEP_NO) for it in given]


def _compiled(world: World, it: DirectGiven, contact: Contact) -> Compiled:
    return world.letters.of(it.template, it.locale or contact.locale)


def _entry(id_: int, it: DirectGiven, version: int, now: Moment) -> Enrollment:
    """Closed from the start: there is nothing to decide."""
    return Enrollment(
        id=id_,
        campaign_id=DIRECT_ID,
        contact_id=it.contact_id,
        entry_key=it.key,
        version=version,
        entered_at=now,
        event=Event(name=EVENT, at=now, properties=it.properties),
        step_no=STEP_NO,
        behind=True,
        since=now,
        due_at=NEVER,
        closed_at=now,
        reason=Reason.FINISHED,
    )


def _planned(id_: int, it: DirectGiven, template: Compiled, lane: str, now: Moment) -> Planned:
    return Planned(
        key=MessageKey(id_, STEP_NO),
        contact_id=it.contact_id,
        campaign_id=DIRECT_ID,
        template=it.template,
        template_hash=template.hash,
        urgent=True,
        planned_at=now,
        due_at=now,
        stale_at=now + it.stale_after,
        lane=lane,
    )
