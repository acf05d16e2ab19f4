"""Events: taken in once each, and put on the agenda."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select

from nurture.audience.contact import Scalar
from nurture.clock import Moment
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import alone, among, insert_many
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.partitions import ensure
from nurture.store.people import meet
from nurture.store.statements import table
from nurture.store.tables import EventRow, SeenRow

_events = table(EventRow)
_seen = table(SeenRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventGiven:
    """One event of a source."""

    key: str
    """The same event has the same key each time it comes."""
    email: str
    """In lower case."""
    name: str
    at: Moment
    properties: Mapping[str, Scalar] = field(default_factory=dict)


def record(tx: Tx, ids: Ids, source: str, given: Sequence[EventGiven], now: Moment) -> int:
    """Take events in and put their contacts on the agenda; returns how many were not known before.

    Contacts that are not known are taken in, without consent to anything.
    """
    alone(tx)
    condition = among(tx, _seen.c.key, {it.key for it in given})
    seen = set(tx.execute(select(_seen.c.key).where(_seen.c.source == source, condition)).scalars())
    new = {it.key: it for it in given if it.key not in seen}
    if not new:
        return 0
    first_seen: dict[str, Moment] = {}
    for it in new.values():
        first_seen[it.email] = min(it.at, first_seen.get(it.email, it.at))
    contacts = meet(tx, ids, first_seen, now)
    ensure(tx, "events", [it.at for it in new.values()])
    rows = [
        (it.at, key, contacts[it.email], it.name, json.dumps(dict(it.properties), ensure_ascii=False))
        for key, it in zip(ids.take(len(new), now), new.values(), strict=True)
    ]
    insert_many(tx, _events, ["at", "id", "contact_id", "name", "properties"], rows)
    insert_many(tx, _seen, ["source", "key", "at"], [(source, key, now) for key in new])
    put_on_agenda(tx, [(contacts[it.email], 0, it.at) for it in new.values()])
    return len(new)


def key_of(email: str, name: str, at: Moment, properties: Mapping[str, Scalar]) -> str:
    """What an event without an id of its own is known by: all that it says."""
    whole = json.dumps([email, name, at, sorted(properties.items())])
    return "sha256:" + hashlib.sha256(whole.encode()).hexdigest()


def forget_seen(tx: Tx, before: Moment) -> int:
    """Drop the keys of what came in before that moment; returns how many."""
    return tx.execute(delete(_seen).where(_seen.c.at < before)).rowcount
