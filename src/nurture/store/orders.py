"""Orders: taken in by their number, and put on the agenda where they say something new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import delete, select

from nurture.clock import Moment
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import alone, among, insert_many, update_many
from nurture.store.engine import Tx
from nurture.store.goods import Place, meet_products
from nurture.store.ids import Ids
from nurture.store.people import meet
from nurture.store.redemptions import Placed, follow
from nurture.store.statements import table
from nurture.store.tables import OrderLineRow, OrderRow

_orders = table(OrderRow)
_order_lines = table(OrderLineRow)
_ORDER = ("contact_id", "ordered_at", "amount", "code", "status", "undone_at")
_LINE = ("contact_id", "line_id", "ordered_at", "quantity", "amount")

Status: TypeAlias = Literal["paid", "refunded", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineGiven:
    """One row of a source: one product of one order."""

    order_id: str
    email: str
    """In lower case."""
    ordered_at: Moment
    sku: str
    quantity: float
    amount: int
    """What was paid for it, in minor units."""
    code: str = ""
    status: Status = "paid"
    undone_at: Moment = 0
    """When it was refunded or cancelled, where the source says so."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A stored product of an order."""

    line_id: int
    quantity: float
    amount: int


@dataclass(frozen=True, slots=True)
class _Order:
    """A stored order."""

    id: int
    contact_id: int
    ordered_at: Moment
    code: str
    status: str
    undone_at: Moment
    lines: Mapping[int, _Line]
    """By product."""

    @property
    def amount(self) -> int:
        return sum(line.amount for line in self.lines.values())


def upsert_orders(tx: Tx, ids: Ids, given: Sequence[LineGiven], now: Moment) -> int:
    """Take rows of orders in; returns how many rows belong to an order that was new or changed.

    An order that comes again as it is changes nothing. Rows of the same product in one order are added up, so
    all of them have to be in one call. An order is undone when all its rows are; single rows that were
    refunded are taken out of it. Contacts and products that are not known are taken in.
    """
    touched = take_orders(tx, ids, given, now)
    return sum(1 for row in given if row.order_id in touched)


def take_orders(tx: Tx, ids: Ids, given: Sequence[LineGiven], now: Moment) -> set[str]:
    """As `upsert_orders`; returns the numbers of the orders that were new or changed."""
    alone(tx)
    by_order: dict[str, list[LineGiven]] = defaultdict(list)
    first_seen: dict[str, Moment] = {}
    for row in given:
        by_order[row.order_id].append(row)
        first_seen[row.email] = min(row.ordered_at, first_seen.get(row.email, row.ordered_at))
    contacts = meet(tx, ids, first_seen, now)
    places = meet_products(tx, ids, {row.sku for row in given}, now)
    known = _known(tx, by_order.keys())
    fresh = iter(ids.take(len(by_order), now))
    new: dict[str, _Order] = {}
    changed: dict[str, tuple[_Order, _Order]] = {}
    for number, rows in by_order.items():
        before = known.get(number)
        after = _merged(before or next(fresh), rows, contacts[rows[0].email], places, now)
        if before is None:
            new[number] = after
        elif before != after:
            changed[number] = (before, after)
    _insert(tx, new)
    _update(tx, changed.values())
    touched = [*new.values(), *(it for pair in changed.values() for it in pair)]
    put_on_agenda(tx, _places(touched))
    follow(tx, _coded(new.values(), changed.values()))
    return {*new, *changed}


def _merged(
    before: _Order | int, rows: Sequence[LineGiven], contact_id: int, places: Mapping[str, Place], now: Moment
) -> _Order:
    """The order as it is after `rows`; `before` is what was known of it, or the id for a new one."""
    kept = {} if isinstance(before, int) else dict(before.lines)
    stood = kept if isinstance(before, _Order) and not before.undone_at else {}
    paid = _summed((row for row in rows if row.status == "paid"), places)
    back = _summed((row for row in rows if row.status != "paid"), places)
    standing = {
        product: line for product, line in {**stood, **paid}.items() if product not in back or product in paid
    }
    undone = not standing
    last = rows[-1]
    status, undone_at = "paid", 0
    if undone:
        status = last.status
        since = before.undone_at if isinstance(before, _Order) and before.status == status else 0
        undone_at = max(row.undone_at for row in rows) or since or now
    return _Order(
        id=before if isinstance(before, int) else before.id,
        contact_id=contact_id,
        ordered_at=rows[0].ordered_at,
        code=next((row.code for row in rows if row.code), "" if isinstance(before, int) else before.code),
        status=status,
        undone_at=undone_at,
        lines={**kept, **back} if undone else standing,
    )


def _summed(rows: Iterable[LineGiven], places: Mapping[str, Place]) -> dict[int, _Line]:
    lines: dict[int, _Line] = {}
    for row in rows:
        place = places[row.sku]
        one = lines.get(place.product_id, _Line(place.line_id, 0.0, 0))
        lines[place.product_id] = _Line(place.line_id, one.quantity + row.quantity, one.amount + row.amount)
    return lines


def _known(tx: Tx, numbers: Iterable[str]) -> dict[str, _Order]:
    orders = tx.execute(
        select(
            _orders.c.order_id,
            _orders.c.id,
            _orders.c.contact_id,
            _orders.c.ordered_at,
            _orders.c.code,
            _orders.c.status,
            _orders.c.undone_at,
        ).where(among(tx, _orders.c.order_id, list(numbers)))
    ).all()
    if not orders:
        return {}
    rows = tx.execute(
        select(
            _order_lines.c.order_id,
            _order_lines.c.product_id,
            _order_lines.c.line_id,
            _order_lines.c.quantity,
            _order_lines.c.amount,
        ).where(among(tx, _order_lines.c.order_id, [row.id for row in orders]))
    )
    lines: dict[int, dict[int, _Line]] = defaultdict(dict)
    for order, product, line, quantity, amount in rows:
        lines[order][product] = _Line(line, quantity, amount)
    return {
        row.order_id: _Order(
            row.id, row.contact_id, row.ordered_at, row.code, row.status, row.undone_at, lines[row.id]
        )
        for row in orders
    }


def _insert(tx: Tx, new: Mapping[str, _Order]) -> None:
    rows = [(it.id, number, *_order_values(it)) for number, it in new.items()]
    insert_many(tx, _orders, ["id", "order_id", *_ORDER], rows)
    _insert_lines(tx, new.values())


def _update(tx: Tx, changed: Iterable[tuple[_Order, _Order]]) -> None:
    after = [it for _, it in changed]
    if not after:
        return
    update_many(tx, _orders, ["id"], _ORDER, [(*_order_values(it), it.id) for it in after])
    tx.execute(delete(_order_lines).where(among(tx, _order_lines.c.order_id, [it.id for it in after])))
    _insert_lines(tx, after)


def _insert_lines(tx: Tx, orders: Iterable[_Order]) -> None:
    rows = [
        (it.id, product, it.contact_id, line.line_id, it.ordered_at, line.quantity, line.amount)
        for it in orders
        for product, line in it.lines.items()
    ]
    insert_many(tx, _order_lines, ["order_id", "product_id", *_LINE], rows)


def _order_values(it: _Order) -> tuple[Any, ...]:
    return it.contact_id, it.ordered_at, it.amount, it.code, it.status, it.undone_at


def _coded(new: Iterable[_Order], changed: Iterable[tuple[_Order, _Order]]) -> list[Placed]:
    """Those that bear a code or did. Who undoes an order undoes what its code came to."""
    bearing = [it for it in new if it.code]
    bearing += [after for before, after in changed if before.code or after.code]
    return [
        Placed(
            order_id=it.id,
            contact_id=it.contact_id,
            at=it.ordered_at,
            paid=it.amount,
            code="" if it.undone_at else it.code,
        )
        for it in bearing
    ]


def _places(orders: Iterable[_Order]) -> Iterable[tuple[int, int, Moment]]:
    for it in orders:
        yield it.contact_id, 0, it.ordered_at
        for line in {line.line_id for line in it.lines.values()} - {0}:
            yield it.contact_id, line, it.ordered_at
