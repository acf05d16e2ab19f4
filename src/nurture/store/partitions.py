"""Partitions of the great tables on PostgreSQL, made before a batch is written; on SQLite, plain tables.

There is no default partition: rows in it would have to be moved when their month is made. A partition is
built beside its table and then attached, in a transaction of its own, since that lets everyone go on reading
and writing.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from sqlalchemy import Connection, Engine, text

from nurture.clock import Moment, from_datetime, to_datetime
from nurture.store.ids import first_id_at, moment_of

Partitioned: TypeAlias = Literal["messages", "events", "hits"]

_BY_ID: frozenset[str] = frozenset({"messages"})
"""Partitioned by the month of an id (`enrollment_id`); the others by the month of `at`."""

_LOCK = 0x6E757275
_known: weakref.WeakKeyDictionary[Engine, set[str]] = weakref.WeakKeyDictionary()


def ensure(tx: Connection, table: Partitioned, keys: Iterable[int]) -> None:
    """Make room for rows with these keys: moments for events and hits, enrollment ids for messages."""
    if tx.dialect.name == "sqlite":
        return
    known = _known.setdefault(tx.engine, set())
    moments = map(moment_of, keys) if table in _BY_ID else keys
    months = {_month(at) for at in moments}
    missing = {month for month in months if _name(table, month) not in known}
    if not missing:
        return
    with tx.engine.begin() as own:
        own.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        for month in sorted(missing):
            _make(own, table, month)
    for month in missing:
        # Naming the new table makes this session take notice of it, which a row sent to its parent does not.
        tx.exec_driver_sql(f"SELECT 1 FROM {_name(table, month)} LIMIT 0")
        known.add(_name(table, month))


def _make(own: Connection, table: Partitioned, month: datetime) -> None:
    name = _name(table, month)
    if own.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar() is not None:
        return
    first, following = (_bound(table, at) for at in (month, _after(month)))
    own.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
    own.exec_driver_sql(
        f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({following})"
    )


def _bound(table: Partitioned, month: datetime) -> int:
    at = from_datetime(month)
    return first_id_at(at) if table in _BY_ID else at


def _name(table: Partitioned, month: datetime) -> str:
    return f"{table}_{month:%Y_%m}"


def _month(at: Moment) -> datetime:
    return to_datetime(at).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _after(month: datetime) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
