"""What contacts bought and when, order by order: what stages are worked out from, and windows are read in."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, bindparam, select, text

from nurture.clock import NEVER, Moment, day_number
from nurture.lifecycle.walk import HistoryPurchase
from nurture.store.agenda import Place
from nurture.store.engine import Tx
from nurture.store.statements import chunks, table
from nurture.store.tables import LineRow, OrderLineRow, OrderRow, ProductRow

_goods = table(OrderLineRow)
_lines = table(LineRow)
_orders = table(OrderRow)
_products = table(ProductRow)

_contacts: BindParameter[int] = bindparam("contacts", expanding=True)
_now: BindParameter[Moment] = bindparam("now")
_since: BindParameter[Moment] = bindparam("since")

_ORDERS = (
    select(_orders.c.id, _orders.c.contact_id, _orders.c.ordered_at, _orders.c.amount, _orders.c.undone_at)
    .where(_orders.c.contact_id.in_(_contacts), _orders.c.ordered_at > _since, _orders.c.ordered_at <= _now)
    .order_by(_orders.c.ordered_at, _orders.c.id)
)
_GOODS = (
    select(_goods.c.order_id, _products.c.sku, _lines.c.name)
    .join(_products, _products.c.id == _goods.c.product_id)
    .outerjoin(_lines, _lines.c.id == _goods.c.line_id)
    .where(_goods.c.contact_id.in_(_contacts), _goods.c.ordered_at > _since, _goods.c.ordered_at <= _now)
)
_LINES_OF = (
    select(_goods.c.order_id, _lines.c.name)
    .join(_lines, _lines.c.id == _goods.c.line_id)
    .where(_goods.c.order_id.in_(bindparam("orders", expanding=True)))
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
SELECT o.id, o.contact_id, o.ordered_at, o.amount, o.undone_at
FROM ({pairs}) AS since JOIN orders o ON o.contact_id = a AND o.ordered_at > b AND o.ordered_at <= :now
UNION
SELECT o.id, o.contact_id, o.ordered_at, o.amount, o.undone_at
FROM ({pairs}) AS since JOIN orders o ON o.contact_id = a AND o.undone_at > 0 AND o.undone_at > b
    AND o.undone_at <= :now
"""
# Answered by the index order_lines_by_contact alone, a seek for each place.
_ON_LINES = """
SELECT a, b, l.ordered_at, l.order_id, sum(l.amount)
FROM ({pairs}) AS places
JOIN order_lines l ON l.contact_id = a AND l.line_id = b AND l.ordered_at > :since AND l.ordered_at <= :now
GROUP BY a, b, l.ordered_at, l.order_id ORDER BY a, b, l.ordered_at, l.order_id
"""
_PAIRS = {
    "sqlite": "SELECT json_extract(value, '$[0]') AS a, json_extract(value, '$[1]') AS b FROM json_each(:pairs)",
    "postgresql": "SELECT CAST(value->>0 AS bigint) AS a, CAST(value->>1 AS bigint) AS b"
    " FROM jsonb_array_elements(CAST(:pairs AS jsonb))",
}
_NEXT_ORDERS = {dialect: text(_NEXT.format(pairs=pairs)) for dialect, pairs in _PAIRS.items()}
_LINE_ORDERS = {dialect: text(_ON_LINES.format(pairs=pairs)) for dialect, pairs in _PAIRS.items()}
_ORDERS_SINCE = {dialect: text(_SINCE.format(pairs=pairs)) for dialect, pairs in _PAIRS.items()}
# Only a few orders are ever undone: the partial index orders_undone holds them alone.
_UNDONE = text(
    "SELECT contact_id, id, undone_at FROM orders WHERE undone_at > 0 AND contact_id IN :contacts"
).bindparams(_contacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHappening:
    """An order that came in, or that was undone (refunded or cancelled)."""

    id: int
    undone: bool
    at: Moment
    amount: int
    lines: tuple[str, ...]
    """The names of the product lines it touches."""


def histories(
    tx: Tx,
    places: Collection[Place],
    zones: Mapping[int, ZoneInfo],
    now: Moment,
    *,
    with_goods: bool,
    since: Moment = -1,
) -> dict[Place, tuple[HistoryPurchase, ...]]:
    """What was bought in (since, now] in each place, oldest first; days are those of each contact's zone.

    `with_goods` fills skus and lines, for rules that ask for them. Costs one indexed read of the contacts' orders.
    """
    found: dict[Place, list[HistoryPurchase]] = {place: [] for place in places}
    business = [contact for contact, line in places if line == 0]
    if business:
        span = {"contacts": business, "since": since, "now": now}
        goods = _goods_of(tx, span) if with_goods else {}
        for order, contact, at, amount, undone in tx.execute(_ORDERS, span).all():
            skus, lines = goods.get(order, ((), ()))
            found[contact, 0].append(
                HistoryPurchase(
                    at=at,
                    day=day_number(at, zones[contact]),
                    amount=amount,
                    undone_at=undone,
                    skus=skus,
                    lines=lines,
                )
            )
    on_lines = [place for place in places if place[1]]
    if on_lines:
        contacts = list({contact for contact, _ in on_lines})
        undone_at = {order: at for _, order, at in tx.execute(_UNDONE, {"contacts": contacts}).all()}
        given = {"pairs": json.dumps(on_lines), "since": since, "now": now}
        for contact, line, at, order, amount in tx.execute(_LINE_ORDERS[tx.dialect.name], given).all():
            day = day_number(at, zones[contact])
            undone = undone_at.get(order, 0)
            purchase = HistoryPurchase(at=at, day=day, amount=int(amount), undone_at=undone)
            found[contact, line].append(purchase)
    return {place: tuple(purchases) for place, purchases in found.items()}


def _goods_of(tx: Tx, span: Mapping[str, object]) -> dict[int, tuple[tuple[str, ...], tuple[str, ...]]]:
    skus: dict[int, list[str]] = defaultdict(list)
    lines: dict[int, set[str]] = defaultdict(set)
    for order, sku, line in tx.execute(_GOODS, span).all():
        skus[order].append(sku)
        if line:
            lines[order].add(line)
    return {order: (tuple(skus[order]), tuple(sorted(lines[order]))) for order in skus}


def next_orders(tx: Tx, places: Collection[Place], now: Moment) -> dict[Place, Moment]:
    """The first order, refund or cancellation later than `now`; there are such in a replay."""
    rows = tx.execute(_NEXT_ORDERS[tx.dialect.name], {"pairs": json.dumps(list(places)), "now": now}).all()
    found = {(contact, line): int(at) for contact, line, at in rows if at is not None}
    contacts = list({contact for contact, _ in places})
    for contact, _, at in tx.execute(_UNDONE, {"contacts": contacts}).all():
        if at <= now:
            continue
        # Looked at on every line then: which of them the order was on is worked out when it comes.
        for place in places:
            if place[0] == contact:
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
                    id=row.id, undone=undone, at=at, amount=row.amount, lines=lines.get(row.id, ())
                )
                found[row.contact_id].append(happening)
    return {contact: sorted(of, key=lambda it: it.at) for contact, of in found.items()}


def _lines_of_orders(tx: Tx, order_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = defaultdict(list)
    for some in chunks(order_ids):
        for order, line in tx.execute(_LINES_OF, {"orders": some}).all():
            found[order].append(line)
    return {order: tuple(sorted(of)) for order, of in found.items()}
