"""Everything about one person goes, in one transaction; what stays is a keyed hash of the address."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Delete, delete, func, select, update

from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.store import codes_back, happenings, suppressions
from nurture.store.bulk import alone, among
from nurture.store.engine import Tx
from nurture.store.outbox import ACCEPTED, HANDED
from nurture.store.personal import BY_CONTACT, BY_ENROLLMENT
from nurture.store.statements import chunks, table
from nurture.store.tables import (
    ArrivalRow,
    ContactRow,
    DestinationRow,
    EnrollmentRow,
    EventRow,
    FeedDeliveryRow,
    FeedRow,
    IdempotentRow,
    InboxRow,
    NoticeRow,
    OutboxRow,
    ReplyRow,
    SeenRow,
    SignUpRow,
    SubscriberRow,
)

_arrivals = table(ArrivalRow)
_contacts = table(ContactRow)
_deliveries = table(FeedDeliveryRow)
_destinations = table(DestinationRow)
_enrollments = table(EnrollmentRow)
_events = table(EventRow)
_feed = table(FeedRow)
_idempotent = table(IdempotentRow)
_inbox = table(InboxRow)
_notices = table(NoticeRow)
_outbox = table(OutboxRow)
_replies = table(ReplyRow)
_seen = table(SeenRow)
_sign_ups = table(SignUpRow)
_subscribers = table(SubscriberRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was there."""

    rows: dict[str, int]
    """Rows that went or were emptied, by table; those without any are left out."""
    on_the_wire: tuple[MessageKey, ...]
    """Messages that were handed over already: a server may deliver them still."""


def erase(tx: Tx, address: str, key: bytes, at: Moment) -> Erased:
    """Remove whoever has the address, in lower case, and suppress its hash. Again is harmless."""
    # Nothing is taken in meanwhile, and whoever decides about this contact has finished before or finds them gone.
    alone(tx)
    counts: Counter[str] = Counter()
    contacts = _found(tx, address)
    wire = _on_the_wire(tx, contacts)
    if contacts:
        _remove(tx, contacts, counts)
    _remove_by_address(tx, address, counts)
    suppressions.erase(tx, key, address, at)
    counts["suppressions"] = suppressions.forget_words(tx, address)
    return Erased(rows={name: count for name, count in sorted(counts.items()) if count}, on_the_wire=wire)


def forget(tx: Tx, contacts: Sequence[int]) -> None:
    """Remove contacts who came to nothing, as `erase` does, but without suppressing anything."""
    if contacts:
        _remove(tx, contacts, Counter())


def _found(tx: Tx, address: str) -> list[int]:
    """The contact, and those that are here only because the contact moves to another address, or has; locked."""
    its = select(_contacts.c.id).where(_contacts.c.email == address).with_for_update()
    contacts = list(tx.execute(its).scalars())
    if contacts:
        moving = select(_sign_ups.c.contact_id).where(
            _sign_ups.c.moves_id.in_(contacts), _sign_ups.c.fresh, _sign_ups.c.kind.in_(("address", "moved"))
        )
        contacts += [it for it in tx.execute(moving).scalars() if it not in contacts]
    return contacts


def _on_the_wire(tx: Tx, contacts: Sequence[int]) -> tuple[MessageKey, ...]:
    rows = tx.execute(
        select(_outbox.c.enrollment_id, _outbox.c.step_no).where(
            _outbox.c.contact_id.in_(contacts), _outbox.c.state.in_((HANDED, ACCEPTED))
        )
    )
    return tuple(MessageKey(enrollment, step_no) for enrollment, step_no in rows)


def _remove(tx: Tx, contacts: Sequence[int], counts: Counter[str]) -> None:
    _remove_event_keys(tx, contacts, counts)
    # First: whoever moves them along holds them, and what that writes is there when the others are looked for.
    entries = list(
        tx.execute(
            delete(_enrollments).where(_enrollments.c.contact_id.in_(contacts)).returning(_enrollments.c.id)
        ).scalars()
    )
    counts["enrollments"] += len(entries)
    for some in chunks(entries):
        for name, column in BY_ENROLLMENT.items():
            _run(tx, name, delete(column.table).where(among(tx, column, some)), counts)
    for it in BY_CONTACT:
        _run(tx, it.name, delete(it).where(it.c.contact_id.in_(contacts)), counts)
    counts["codes"] += codes_back.erase(tx, contacts)
    told = list(
        tx.execute(delete(_feed).where(_feed.c.contact_id.in_(contacts)).returning(_feed.c.id)).scalars()
    )
    counts["feed"] += len(told)
    for some in chunks(told):
        gone = delete(_deliveries).where(among(tx, _deliveries.c.feed_id, some))
        _run(tx, "feed_deliveries", gone, counts)
    asked = _sign_ups.c.contact_id.in_(contacts) | _sign_ups.c.moves_id.in_(contacts)
    _run(tx, "sign_ups", delete(_sign_ups).where(asked), counts)
    _run(tx, "contacts", delete(_contacts).where(_contacts.c.id.in_(contacts)), counts)


def _remove_event_keys(tx: Tx, contacts: Collection[int], counts: Counter[str]) -> None:
    """Those that were made of what the event says, the address too."""
    rows = tx.execute(
        select(_contacts.c.email, _events.c.name, _events.c.at, _events.c.properties)
        .join(_contacts, _contacts.c.id == _events.c.contact_id)
        .where(_events.c.contact_id.in_(contacts))
    )
    keys = [happenings.key_of(email, name, at, json.loads(told)) for email, name, at, told in rows]
    for some in chunks(keys):
        _run(tx, "seen", delete(_seen).where(among(tx, _seen.c.key, some)), counts)


def _remove_by_address(tx: Tx, address: str, counts: Counter[str]) -> None:
    """Where it stands in text, whoever that was about."""
    _run(tx, "inbox", delete(_inbox).where(func.lower(_inbox.c.recipient) == address), counts)
    theirs = (_arrivals.c.contact_id == 0) & (_arrivals.c.recipient == address)
    _run(tx, "arrivals", delete(_arrivals).where(theirs), counts)
    _run(tx, "seen", delete(_seen).where(_holds(_seen.c.key, address)), counts)
    _run(tx, "idempotent", delete(_idempotent).where(_holds(_idempotent.c.answer, address)), counts)
    for it, name in (
        (_destinations, "reply"),
        (_destinations, "stopped"),
        (_subscribers, "last_reply"),
        (_notices, "target"),
        (_replies, "owner"),
        (_replies, "answered_by"),
    ):
        counts[it.name] += tx.execute(
            update(it).where(_holds(it.c[name], address)).values({name: ""})
        ).rowcount


def _holds(column: ColumnElement[Any], address: str) -> ColumnElement[bool]:
    return column.icontains(address, autoescape=True)


def _run(tx: Tx, name: str, statement: Delete, counts: Counter[str]) -> None:
    counts[name] += tx.execute(statement).rowcount
