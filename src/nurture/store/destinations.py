"""Destinations: what holds mail to them back, what was sent of a day's quota, and whose mailbox bounces softly."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Executable,
    Float,
    delete,
    exists,
    func,
    literal,
    literal_column,
    select,
    text,
    true,
)

from nurture.clock import DAY, Moment
from nurture.delivery.measures import Health, merged
from nurture.delivery.softness import SCORE, THRESHOLD
from nurture.delivery.warm_up import Draw
from nurture.store.bulk import among
from nurture.store.engine import Tx
from nurture.store.keys import as_json, listed
from nurture.store.statements import insert, table, upsert
from nurture.store.tables import DestinationDayRow, DestinationRow, SoftBounceRow

_destinations = table(DestinationRow)
_days = table(DestinationDayRow)
_soft = table(SoftBounceRow)

_LOCK = 0x6E757277
"""Advisory lock on PostgreSQL: one reads and writes what all senders share at a time."""

_COLUMNS = tuple(it.name for it in fields(Health))


def load_healths(tx: Tx) -> dict[str, Health]:
    """What holds mail back or did, by the key of its limits."""
    rows = tx.execute(select(_destinations.c.key, *(_destinations.c[name] for name in _COLUMNS)))
    return {key: Health(**dict(zip(_COLUMNS, values, strict=True))) for key, *values in rows}


def save_healths(tx: Tx, healths: Mapping[str, Health]) -> None:
    """Keep these, put together with what is there: the later end counts."""
    if healths:
        _alone(tx)
        known = load_healths(tx)
        _write(tx, {key: merged(known.get(key, Health()), health) for key, health in healths.items()})


def resume(tx: Tx, key: str, now: Moment) -> bool:
    """Let mail go to `key` again, whatever was said before `now`. False: nothing held it back."""
    _alone(tx)
    known = load_healths(tx).get(key)
    if known is None or known.is_sound(now):
        return False
    _write(tx, {key: Health(resumed_at=now)})
    return True


def _write(tx: Tx, healths: Mapping[str, Health]) -> None:
    rows = [{"key": key, **{name: getattr(it, name) for name in _COLUMNS}} for key, it in healths.items()]
    upsert(tx, _destinations, rows, key=["key"], update=_COLUMNS)


def _alone(tx: Tx) -> None:
    """Held until the transaction ends; on SQLite a write is alone already."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def draw(tx: Tx, sender: int, wants: Mapping[str, Draw], day: int) -> dict[str, int]:
    """Take a block out of each quota of `day`; what is granted is what is left, at most. It counts as sent.

    Any number of senders may draw at once: all together never get more than a quota.
    """
    if not wants:
        return {}
    _alone(tx)
    taken = _sent(tx, day, wants)
    granted = {key: max(0, min(it.wanted, it.quota - taken.get(key, 0))) for key, it in wants.items()}
    count_sent(tx, sender, granted, day)
    return granted


def count_sent(tx: Tx, sender: int, counts: Mapping[str, int], day: int) -> None:
    """Add to what `sender` took out of each quota of `day`; fewer than none gives it back."""
    rows = [
        {"key": key, "day": day, "sender": sender, "sent": count} for key, count in counts.items() if count
    ]
    if rows:
        statement = insert(tx.dialect.name, _days)
        added = {"sent": _days.c.sent + statement.excluded.sent}
        tx.execute(statement.on_conflict_do_update(index_elements=["key", "day", "sender"], set_=added), rows)


def sent_on(tx: Tx, day: int) -> dict[str, int]:
    """How many messages were sent, or set aside to be, on `day`, by the keys of limits."""
    rows = tx.execute(
        select(_days.c.key, func.sum(_days.c.sent)).where(_days.c.day == day).group_by(_days.c.key)
    )
    return {key: int(count) for key, count in rows}


def _sent(tx: Tx, day: int, keys: Collection[str]) -> dict[str, int]:
    wanted = among(tx, _days.c.key, list(keys))
    rows = tx.execute(
        select(_days.c.key, func.sum(_days.c.sent)).where(wanted, _days.c.day == day).group_by(_days.c.key)
    )
    return {key: int(count) for key, count in rows}


def forget_days(tx: Tx, before: int) -> None:
    """Drop the counts of the days before `before`."""
    tx.execute(delete(_days).where(_days.c.day < before))


def note_soft(tx: Tx, bounces: Iterable[tuple[int, Moment]]) -> set[int]:
    """Note soft bounces, (contact, when) each; at most one a day counts for a contact.

    Returns the contacts that have reached the threshold by that, to be suppressed by the caller.
    """
    by_day: dict[int, dict[int, Moment]] = {}
    for contact_id, at in bounces:
        of_day = by_day.setdefault(at // DAY, {})
        of_day[contact_id] = max(at, of_day.get(contact_id, at))
    reached: set[int] = set()
    for day in sorted(by_day):
        reached |= _note_soft(tx, by_day[day])
    return reached


def _note_soft(tx: Tx, bounces: Mapping[int, Moment]) -> set[int]:
    """Bounces of one day, in the order of their keys, so that two senders cannot lock each other out."""
    rows = tx.execute(_noting(tx.dialect.name), {"bounces": as_json(sorted(bounces.items()))})
    return {contact_id for contact_id, score in rows if score >= THRESHOLD}


@cache
def _noting(dialect: str) -> Executable:
    listing = listed(dialect, "bounces", (("contact_id", "int"), ("at", "int")))
    statement = insert(dialect, _soft)
    # Without a WHERE, SQLite takes ON CONFLICT for the condition of a join.
    rows = select(listing.c.contact_id, literal(SCORE, Float), listing.c.at).where(true())
    columns = ["contact_id", "score", "at"]
    made: Executable = (
        statement.from_select(columns, rows)
        .on_conflict_do_update(
            index_elements=["contact_id"],
            set_={"score": _soft.c.score + SCORE, "at": statement.excluded.at},
            where=_day(statement.excluded.at) > _day(_soft.c.at),
        )
        .returning(_soft.c.contact_id, _soft.c.score)
    )
    return made


def _day(at: ColumnElement[int]) -> ColumnElement[int]:
    # `/` on columns is a true division in SQLAlchemy; `//` is that of whole numbers on both engines.
    return at // DAY


_ANY_SOFT = select(exists(select(literal_column("1")).select_from(_soft)))


def forget_soft(tx: Tx, contact_ids: Collection[int]) -> None:
    """Something arrived at these, or they are erased: their score is wiped out."""
    # Mostly nobody has one, and this is asked for each batch of opens.
    if contact_ids and tx.execute(_ANY_SOFT).scalar():
        tx.execute(delete(_soft).where(among(tx, _soft.c.contact_id, list(contact_ids))))
