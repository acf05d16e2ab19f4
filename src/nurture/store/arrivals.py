"""What came in, as it came, and what was made of it. Kept for a time."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from nurture.clock import DAY, Moment, Span
from nurture.store.bulk import among, insert_many, insert_new
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.kept_text import kept
from nurture.store.statements import table
from nurture.store.tables import ArrivalRow, SeenRow

_arrivals = table(ArrivalRow)
_seen = table(SeenRow)

KEEP: Span = 90 * DAY
"""As long as the keys of what came in."""

_COLUMNS = (
    "id", "at", "source", "kind", "severity", "contact_id", "enrollment_id", "step_no", "recipient", "reason", "said",
    "content",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One thing that came in."""

    id: int
    at: Moment
    source: str
    kind: str
    content: bytes
    """As it came."""
    severity: str = ""
    contact_id: int = 0
    enrollment_id: int = 0
    step_no: int = 0
    recipient: str = ""
    reason: str = ""
    said: str = ""


def unseen(tx: Tx, source: str, keys: Collection[str], now: Moment) -> set[str]:
    """Those of `keys` that this source never brought before. They are known from now on."""
    if not keys:
        return set()
    rows = [(source, key, now) for key in sorted(keys)]
    # Who brings the same at the same time waits here until one of them is done.
    return {key for (key,) in insert_new(tx, _seen, ["source", "key", "at"], rows, ["key"])}


def keep(tx: Tx, arrivals: Sequence[Arrival]) -> None:
    """Keep each as it came; text is cut to what fits, and cleaned of what PostgreSQL does not take."""
    rows = [
        (
            it.id, it.at, it.source, it.kind, it.severity, it.contact_id, it.enrollment_id, it.step_no,
            kept(it.recipient, 320), kept(it.reason, 300), kept(it.said, 2_000), zlib.compress(it.content),
        )
        for it in arrivals
    ]  # fmt: skip
    insert_many(tx, _arrivals, list(_COLUMNS), rows)


def ids_for(ids: Ids, count: int, now: Moment) -> list[int]:
    """Ids for so many arrivals."""
    return list(ids.take(count, now))


def contents(tx: Tx, ids: Collection[int]) -> dict[int, bytes]:
    """What came in under these ids, as it came; what is not kept (any more) is left out."""
    if not ids:
        return {}
    rows = tx.execute(select(_arrivals.c.id, _arrivals.c.content).where(among(tx, _arrivals.c.id, list(ids))))
    return {id_: zlib.decompress(content) for id_, content in rows}


def forget(tx: Tx, before: Moment) -> int:
    """Drop what came in before that moment; returns how many."""
    return tx.execute(delete(_arrivals).where(_arrivals.c.at < before)).rowcount
