"""How the database is: its size, whether it keeps what it is told, and what time it takes it to be."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from nurture.clock import Moment
from nurture.store.engine import Tx

_POSTGRESQL = text(
    "SELECT pg_database_size(current_database()),"
    " current_setting('synchronous_commit') <> 'off' AND current_setting('fsync') = 'on',"
    " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What the database says of itself."""

    size: int
    """Bytes."""
    journal: str
    """SQLite's journal_mode; empty on PostgreSQL."""
    durable: bool
    """Whether what was committed outlives a power cut."""
    now: Moment | None
    """By the clock of the server; None on SQLite, which has none of its own."""


def condition(tx: Tx) -> Condition:
    """Ask it."""
    if tx.dialect.name == "postgresql":
        size, durable, now = tx.execute(_POSTGRESQL).one()
        return Condition(size=int(size), journal="", durable=bool(durable), now=int(now))
    journal, synchronous, pages, page = (
        tx.exec_driver_sql(f"PRAGMA {name}").scalar_one()
        for name in ("journal_mode", "synchronous", "page_count", "page_size")
    )
    # 2: FULL, 3: EXTRA (sqlite.org/pragma.html#pragma_synchronous).
    return Condition(size=pages * page, journal=str(journal), durable=int(synchronous) >= 2, now=None)
