"""Orders as shops tell of them again and again: what is known of one, and how new that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from nurture.clock import Moment
from nurture.store.bulk import among
from nurture.store.engine import Tx
from nurture.store.statements import insert, table
from nurture.store.tables import ContactRow, OrderLineRow, OrderRow, ProductRow, SeenRow

_orders = table(OrderRow)
_order_lines = table(OrderLineRow)
_products = table(ProductRow)
_contacts = table(ContactRow)
_seen = table(SeenRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLine:
    """One product of an order that is known."""

    sku: str
    quantity: float
    amount: int
    """In minor units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOrder:
    """An order that is known."""

    order_id: str
    email: str
    ordered_at: Moment
    is_undone: bool
    """Refunded or cancelled as a whole."""
    lines: tuple[KnownLine, ...]


def known_orders(tx: Tx, numbers: Collection[str]) -> dict[str, KnownOrder]:
    """Those of the orders that are known, by number."""
    columns = (_orders.c.id, _orders.c.order_id, _orders.c.ordered_at, _orders.c.undone_at, _contacts.c.email)
    orders = tx.execute(
        select(*columns)
        .join(_contacts, _contacts.c.id == _orders.c.contact_id)
        .where(among(tx, _orders.c.order_id, list(numbers)))
    ).all()
    rows = tx.execute(
        select(_order_lines.c.order_id, _products.c.sku, _order_lines.c.quantity, _order_lines.c.amount)
        .join(_products, _products.c.id == _order_lines.c.product_id)
        .where(among(tx, _order_lines.c.order_id, [it.id for it in orders]))
        .order_by(_order_lines.c.order_id, _order_lines.c.product_id)
    )
    lines: dict[int, list[KnownLine]] = defaultdict(list)
    for order, sku, quantity, amount in rows:
        lines[order].append(KnownLine(sku=sku, quantity=quantity, amount=amount))
    return {
        it.order_id: KnownOrder(
            order_id=it.order_id,
            email=it.email,
            ordered_at=it.ordered_at,
            is_undone=it.undone_at > 0,
            lines=tuple(lines[it.id]),
        )
        for it in orders
    }


def is_news(tx: Tx, source: str, order_id: str, as_of: Moment) -> bool:
    """Whether nothing newer was told of the order; from now on, nothing older is news.

    Kept with the keys of what came in, for as long as they are. The transaction has to be alone.
    """
    key = f"order {order_id}"[:300]
    place = (_seen.c.source == source) & (_seen.c.key == key)
    before = tx.execute(select(_seen.c.at).where(place)).scalar()
    if before is not None and before > as_of:
        return False
    statement = insert(tx.dialect.name, _seen)
    statement = statement.on_conflict_do_update(
        index_elements=["source", "key"], set_={"at": statement.excluded.at}
    )
    tx.execute(statement, {"source": source, "key": key, "at": as_of})
    return True
