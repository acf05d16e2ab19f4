"""When people will want to buy a product again: laid ahead from what they bought, and told as an event when it comes.

A gap is the time from one day on which somebody bought a product to the next; what counts is the median, so that a
holiday or two in a row change little.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from sqlalchemy import text

from nurture.clock import DAY, Moment, format_iso
from nurture.journeys.questions import whole
from nurture.store import marks
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import insert_many, insert_new
from nurture.store.engine import Store, Tx
from nurture.store.partitions import ensure
from nurture.store.statements import chunks, table
from nurture.store.tables import DueAgainRow, EventRow, SeenRow

EVENT = "due_again"

OWN_GAPS = 3
"""From so many gaps of their own on, somebody's own median counts."""

BUYERS = 10
"""Else the median of all who bought it again, where there are so many."""

SHORTEST = 14
"""Days. What is bought oftener needs no reminder, and is seldom asked for by its name."""

MOST = 3
"""So many a person a night: of more, those of their own gap and those they wait for longest go first."""

AHEAD = 13 * DAY
"""How far it is laid ahead: shorter than the shortest gap, so that no purchase made meanwhile falls due within it."""

TOO_LATE = 7 * DAY
"""What fell due longer ago is never told: an import of history mails nobody."""

WINDOW = 730 * DAY
"""Purchases older than this tell nothing."""

_LAID = "due again laid to"
_PEOPLE = 2_000
"""Contacts told in one transaction."""

_due = table(DueAgainRow)
_events = table(EventRow)
_seen = table(SeenRow)

_STEPS = (
    "DROP TABLE IF EXISTS days",
    f"""CREATE TEMPORARY TABLE days AS
    SELECT contact_id, product_id, last_at, day - lag(day) OVER dated AS gap, lead(day) OVER dated IS NULL AS latest
    FROM (SELECT l.contact_id, l.product_id, l.ordered_at / {DAY} AS day, max(l.ordered_at) AS last_at
          FROM orders o JOIN order_lines l ON l.order_id = o.id
          WHERE o.ordered_at > {{since}} AND o.ordered_at <= {{now}} AND (o.undone_at = 0 OR o.undone_at > {{now}})
          GROUP BY l.contact_id, l.product_id, l.ordered_at / {DAY}) bought
    WINDOW dated AS (PARTITION BY contact_id, product_id ORDER BY day)""",
    "DROP TABLE IF EXISTS own",
    """CREATE TEMPORARY TABLE own AS
    SELECT contact_id, product_id, avg(gap) AS gap, max(gaps) AS gaps FROM (
        SELECT contact_id, product_id, gap,
               row_number() OVER (PARTITION BY contact_id, product_id ORDER BY gap) AS place,
               count(*) OVER (PARTITION BY contact_id, product_id) AS gaps
        FROM days WHERE gap IS NOT NULL) ranked
    WHERE place IN ((gaps + 1) / 2, (gaps + 2) / 2) GROUP BY contact_id, product_id""",
    "CREATE INDEX own_by_contact ON own (contact_id, product_id)",
    "DROP TABLE IF EXISTS usual",
    f"""CREATE TEMPORARY TABLE usual AS
    SELECT product_id, avg(gap) AS gap FROM (
        SELECT product_id, gap, row_number() OVER (PARTITION BY product_id ORDER BY gap) AS place,
               count(*) OVER (PARTITION BY product_id) AS buyers
        FROM own) ranked
    WHERE buyers >= {BUYERS} AND place IN ((buyers + 1) / 2, (buyers + 2) / 2) GROUP BY product_id""",
    "CREATE INDEX usual_by_product ON usual (product_id)",
)

_COMING = f"""
SELECT contact_id, product_id, last_at, gap, is_own FROM (
    SELECT last.contact_id, last.product_id, last.last_at,
           CASE WHEN own.gaps >= {OWN_GAPS} THEN own.gap ELSE usual.gap END AS gap,
           coalesce(own.gaps, 0) >= {OWN_GAPS} AS is_own
    FROM (SELECT contact_id, product_id, last_at FROM days WHERE latest) last
    LEFT JOIN own ON own.contact_id = last.contact_id AND own.product_id = last.product_id
    LEFT JOIN usual ON usual.product_id = last.product_id) known
WHERE gap >= {SHORTEST} AND last_at + gap * {DAY} > {{after}} AND last_at + gap * {DAY} <= {{until}}
"""

_TOLD = text(f"""
SELECT contact_id, product_id, last_at, gap_days, own, sku, name, line, category, url, image_url FROM (
    SELECT d.contact_id, d.product_id, d.last_at, d.gap_days, d.own, p.sku, p.name, coalesce(n.name, '') AS line,
           p.category, p.url, p.image_url,
           row_number() OVER (
               PARTITION BY d.contact_id ORDER BY d.own DESC, d.due_at, d.product_id) AS place
    FROM due_again d JOIN products p ON p.id = d.product_id AND p.in_stock LEFT JOIN lines n ON n.id = p.line_id
    WHERE d.contact_id > :after AND d.contact_id <= :last AND d.due_at <= :now AND d.due_at > :earliest
      AND d.last_at = (
          SELECT max(l.ordered_at) FROM order_lines l JOIN orders o ON o.id = l.order_id
          WHERE l.contact_id = d.contact_id AND l.product_id = d.product_id AND l.ordered_at <= :now
            AND (o.undone_at = 0 OR o.undone_at > :now))) ranked
WHERE place <= {MOST} ORDER BY contact_id, place
""")
_NEXT = text(
    "SELECT max(contact_id) FROM (SELECT DISTINCT contact_id FROM due_again WHERE due_at <= :now"
    f" AND contact_id > :after ORDER BY contact_id LIMIT {_PEOPLE}) waiting"
)
_GONE = text("DELETE FROM due_again WHERE due_at <= :now AND contact_id > :after AND contact_id <= :last")

_Row: TypeAlias = tuple[int, int, Moment, Moment, float, bool]


def lay_ahead(store: Store, now: Moment) -> int:
    """Work out what falls due within the next days, where that is not laid yet; returns how many.

    Reads every purchase of the last two years, and so is done once in a few days; what is bought meanwhile, or
    undone, is seen when it is told.
    """
    with store.read() as tx:
        laid = int(marks.get(tx, _LAID, "0"))
    if laid >= now + DAY:
        return 0
    until = now + AHEAD
    with store.survey() as tx:
        rows = list(_coming(tx, max(laid, now - TOO_LATE) if laid else now, until, now))
    for some in chunks(rows):
        with store.write() as tx:
            # The same in the same order in every process, so that none waits in a circle.
            insert_many(tx, _due, [it.name for it in _due.c], sorted(some), conflict=_LATER)
    with store.write() as tx:
        marks.put(tx, _LAID, str(until))
    return len(rows)


_LATER = (
    "(contact_id, product_id) DO UPDATE SET last_at = excluded.last_at, due_at = excluded.due_at,"
    " gap_days = excluded.gap_days, own = excluded.own"
)


def tell(store: Store, now: Moment) -> int:
    """Record the event for everything that is due, once for each purchase; returns how many.

    Not for what was bought again or given back meanwhile, is out of stock, or fell due too long ago.
    """
    total, after = 0, -1
    while True:
        with store.write() as tx:
            # One at a time, so that nothing is told twice.
            marks.get_for_update(tx, _LAID, "0")
            last = tx.execute(_NEXT, {"now": now, "after": after}).scalar()
            if last is None:
                return total
            span = {"now": now, "after": after, "last": last}
            rows = tx.execute(_TOLD, {**span, "earliest": now - TOO_LATE}).all()
            total += _record(tx, store, rows, now)
            tx.execute(_GONE, span)
        after = int(last)


def _coming(tx: Tx, after: Moment, until: Moment, now: Moment) -> Iterator[_Row]:
    for step in _STEPS:
        tx.exec_driver_sql(step.format(since=int(now - WINDOW), now=int(now)))
        if tx.dialect.name == "postgresql" and step.startswith("CREATE TEMPORARY TABLE "):
            tx.exec_driver_sql(f"ANALYZE {step.split()[3]}")
    for contact, product, last_at, gap, own in tx.exec_driver_sql(_COMING.format(after=after, until=until)):
        days = float(gap)
        yield contact, product, last_at, last_at + round(days * DAY), days, bool(own)


def _record(tx: Tx, store: Store, rows: Sequence[Any], now: Moment) -> int:
    by_key = {f"{it.contact_id}:{it.product_id}:{it.last_at}": it for it in rows}
    keys = [(EVENT, key, now) for key in by_key]
    new = [by_key[key] for (key,) in insert_new(tx, _seen, ["source", "key", "at"], keys, ["key"])]
    if not new:
        return 0
    ensure(tx, "events", [now])
    events = [
        (now, id_, it.contact_id, EVENT, json.dumps(_properties(it), ensure_ascii=False))
        for id_, it in zip(store.ids.take(len(new), now), new, strict=True)
    ]
    insert_many(tx, _events, ["at", "id", "contact_id", "name", "properties"], events)
    put_on_agenda(tx, [(it.contact_id, 0, now) for it in new])
    return len(new)


def _properties(it: Any) -> dict[str, str | float]:
    """What an expression or a template may ask the event for; what is not known is left out."""
    known: dict[str, str | float] = {
        "sku": it.sku,
        "product": it.name or it.sku,
        "line": it.line,
        "category": it.category,
        "url": it.url,
        "image_url": it.image_url,
        "last_at": format_iso(it.last_at),
        "gap_days": whole(float(it.gap_days)),
        "by": "own" if it.own else "others",
    }
    return {name: value for name, value in known.items() if value != ""}
