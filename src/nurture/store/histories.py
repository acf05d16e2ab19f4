"""What contacts bought and when, order by order: what stages are worked out from, and windows are read in."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import TextClause, literal_column, select, text

from nurture.clock import NEVER, Moment, day_number
from nurture.lifecycle.walk import HistoryPurchase
from nurture.store.agenda import Place
from nurture.store.engine import Tx
from nurture.store.statements import chunks, one_of, table
from nurture.store.tables import LineRow, OrderLineRow, OrderRow, ProductRow

_goods = table(OrderLineRow)
_lines = table(LineRow)
_orders = table(OrderRow)
_products = table(ProductRow)


_GOODS = (
    select(_goods.c.order_id, _products.c.sku, _lines.c.name)
    .join(_products, _products.c.id == _goods.c.product_id)
    .outerjoin(_lines, _lines.c.id == _goods.c.line_id)
    .where(one_of(_goods.c.order_id, "orders"))
)
_LINES_OF = (
    select(_goods.c.order_id, _lines.c.name)
    .join(_lines, _lines.c.id == _goods.c.line_id)
    .where(one_of(_goods.c.order_id, "orders"))
    .distinct()
)

# Seeks in the index for each place: what a replay has still ahead of it is never walked over.
_NEXT = """
SELECT a, b, CASE WHEN b = 0
    THEN (SELECT ordered_at FROM orders WHERE contact_id = a AND ordered_at > :now ORDER BY ordered_at LIMIT 1)
    ELSE (SELECT ordered_at FROM order_lines WHERE contact_id = a AND line_id = b AND ordered_at > :now
          ORDER BY ordered_at LIMIT 1) END
FROM ({pairs}) AS places
"""
# From each contact's own moment on: one who was not looked at for long makes nobody else's orders be read.
_SINCE = """
SELECT o.id, o.order_id, o.contact_id, o.ordered_at, o.amount, o.undone_at
FROM ({pairs}) AS since JOIN orders o ON o.contact_id = a AND o.ordered_at > b AND o.ordered_at <= :now
UNION
SELECT o.id, o.order_id, o.contact_id, o.ordered_at, o.amount, o.undone_at
FROM ({pairs}) AS since JOIN orders o ON o.contact_id = a AND o.undone_at > 0 AND o.undone_at > b
    AND o.undone_at <= :now
"""
_IN_BUSINESS = """
SELECT o.id, a, o.ordered_at, o.amount, o.undone_at
FROM ({pairs}) AS since JOIN orders o ON o.contact_id = a AND o.ordered_at > b AND o.ordered_at <= :now
ORDER BY a, o.ordered_at, o.id
"""
# Answered by the index order_lines_by_contact alone, a seek for each place.
_ON_LINES = """
SELECT a, b, l.ordered_at, l.order_id, sum(l.amount)
FROM ({triples}) AS since
JOIN order_lines l ON l.contact_id = a AND l.line_id = b AND l.ordered_at > c AND l.ordered_at <= :now
GROUP BY a, b, l.ordered_at, l.order_id ORDER BY a, b, l.ordered_at, l.order_id
"""
_PAIRS = {
    "sqlite": "SELECT json_extract(value, '$[0]') AS a, json_extract(value, '$[1]') AS b{third}"
    " FROM json_each(:pairs)",
    "postgresql": "SELECT CAST(value->>0 AS bigint) AS a, CAST(value->>1 AS bigint) AS b{third}"
    " FROM jsonb_array_elements(CAST(:pairs AS jsonb))",
}
_THIRD = {
    "sqlite": ", json_extract(value, '$[2]') AS c",
    "postgresql": ", CAST(value->>2 AS bigint) AS c",
}


def _spelled(statement: str) -> dict[str, TextClause]:
    """The statement for each engine, with its list of pairs or triples as one parameter in JSON."""
    return {
        dialect: text(
            statement.format(pairs=rows.format(third=""), triples=rows.format(third=_THIRD[dialect]))
        )
        for dialect, rows in _PAIRS.items()
    }


_NEXT_ORDERS = _spelled(_NEXT)
_BUSINESS_ORDERS = _spelled(_IN_BUSINESS)
_LINE_ORDERS = _spelled(_ON_LINES)
_ORDERS_SINCE = _spelled(_SINCE)
# Only a few orders are ever undone: the partial index orders_undone holds them alone.
_UNDONE = select(_orders.c.contact_id, _orders.c.id, _orders.c.undone_at).where(
    _orders.c.undone_at > literal_column("0"), one_of(_orders.c.contact_id, "contacts")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHappening:
    """An order that came in, or that was undone (refunded or cancelled)."""

    id: int
    order_id: str
    """As it came with the import."""
    undone: bool
    at: Moment
    amount: int
    lines: tuple[str, ...]
    """The names of the product lines it touches."""


Undone: TypeAlias = Mapping[int, Mapping[int, Moment]]
"""Contact to order to when it was refunded or cancelled: there are few."""


def undone(tx: Tx, contact_ids: Collection[int]) -> Undone:
    """What of these contacts' orders is undone, ever or in time to come."""
    found: dict[int, dict[int, Moment]] = {}
    for contact, order, at in tx.execute(_UNDONE, {"contacts": list(contact_ids)}).all():
        found.setdefault(contact, {})[order] = at
    return found


def histories(
    tx: Tx,
    since: Mapping[Place, Moment],
    zones: Mapping[int, ZoneInfo],
    now: Moment,
    undone: Undone,
    *,
    with_goods: bool,
) -> dict[Place, tuple[HistoryPurchase, ...]]:
    """What was bought in each place in (its moment in `since`, now], oldest first; -1: from the beginning.

    Days are those of each contact's zone. `with_goods` fills skus and lines of the business, for rules that
    ask for them. Costs an indexed read of those orders.
    """
    found: dict[Place, list[HistoryPurchase]] = {place: [] for place in since}
    business = [(contact, at) for (contact, line), at in since.items() if line == 0]
    if business:
        given = {"pairs": json.dumps(business), "now": now}
        rows = tx.execute(_BUSINESS_ORDERS[tx.dialect.name], given).all()
        goods = _goods_of(tx, [row[0] for row in rows]) if with_goods else {}
        for order, contact, at, amount, undone_at in rows:
            skus, lines = goods.get(order, ((), ()))
            day = day_number(at, zones[contact])
            found[contact, 0].append(
                HistoryPurchase(at=at, day=day, amount=amount, undone_at=undone_at, skus=skus, lines=lines)
            )
    on_lines = [(*place, at) for place, at in since.items() if place[1]]
    if on_lines:
        given = {"pairs": json.dumps(on_lines), "now": now}
        for contact, line, at, order, amount in tx.execute(_LINE_ORDERS[tx.dialect.name], given).all():
            day = day_number(at, zones[contact])
            undone_at = undone[contact].get(order, 0) if contact in undone else 0
            purchase = HistoryPurchase(at=at, day=day, amount=int(amount), undone_at=undone_at)
            found[contact, line].append(purchase)
    return {place: tuple(purchases) for place, purchases in found.items()}


def _goods_of(tx: Tx, order_ids: Sequence[int]) -> dict[int, tuple[tuple[str, ...], tuple[str, ...]]]:
    skus: dict[int, list[str]] = defaultdict(list)
    lines: dict[int, set[str]] = defaultdict(set)
    for some in chunks(order_ids):
        for order, sku, line in tx.execute(_GOODS, {"orders": some}).all():
            skus[order].append(sku)
            if line:
                lines[order].add(line)
    return {order: (tuple(skus[order]), tuple(sorted(lines[order]))) for order in skus}


def next_orders(tx: Tx, places: Collection[Place], now: Moment, undone: Undone) -> dict[Place, Moment]:
    """The first order, refund or cancellation later than `now`; there are such in a replay."""
    rows = tx.execute(_NEXT_ORDERS[tx.dialect.name], {"pairs": json.dumps(list(places)), "now": now}).all()
    found = {(contact, line): int(at) for contact, line, at in rows if at is not None}
    # Looked at on every line then: which of them the order was on is worked out when it comes.
    for place in places:
        for at in undone.get(place[0], {}).values():
            if at > now:
                found[place] = min(at, found.get(place, NEVER))
    return found


def orders_since(tx: Tx, since: Mapping[int, Moment], now: Moment) -> dict[int, list[OrderHappening]]:
    """Each contact's orders, refunds and cancellations in (its moment in `since`, now], oldest first."""
    if not since:
        return {}
    given = {"pairs": json.dumps(list(since.items())), "now": now}
    rows = tx.execute(_ORDERS_SINCE[tx.dialect.name], given).all()
    lines = _lines_of_orders(tx, [row.id for row in rows])
    found: dict[int, list[OrderHappening]] = defaultdict(list)
    for row in rows:
        for undone, at in ((False, row.ordered_at), (True, row.undone_at)):
            if since[row.contact_id] < at <= now:
                happening = OrderHappening(
                    id=row.id,
                    order_id=row.order_id,
                    undone=undone,
                    at=at,
                    amount=row.amount,
                    lines=lines.get(row.id, ()),
                )
                found[row.contact_id].append(happening)
    return {contact: sorted(of, key=lambda it: it.at) for contact, of in found.items()}


def _lines_of_orders(tx: Tx, order_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = defaultdict(list)
    for some in chunks(order_ids):
        for order, line in tx.execute(_LINES_OF, {"orders": some}).all():
            found[order].append(line)
    return {order: tuple(sorted(of)) for order, of in found.items()}
