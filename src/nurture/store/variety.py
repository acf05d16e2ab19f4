"""A few contacts of many kinds, found by index alone: for trying things out, never for a decision."""

from __future__ import annotations

from sqlalchemy import Select, select

from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import ContactRow, OrderRow

_contacts = table(ContactRow)
_orders = table(OrderRow)


def contact_ids(tx: Tx, each: int) -> frozenset[int]:
    """The oldest and the newest contacts, and those of the first and the last orders: up to `each` of every kind."""
    by_id, by_time = _contacts.c.id, _orders.c.ordered_at
    asked: list[Select[int]] = [
        *(select(_contacts.c.id).order_by(way) for way in (by_id, by_id.desc())),
        *(select(_orders.c.contact_id).order_by(way) for way in (by_time, by_time.desc())),
    ]
    return frozenset(id_ for it in asked for id_ in tx.execute(it.limit(each)).scalars())
