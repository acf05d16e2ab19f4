"""All that is kept of one person, section by section, as plain values: for whoever asks what we know of them."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeAlias

from sqlalchemy import and_, or_, select

from nurture.clock import NEVER, format_iso
from nurture.store.engine import Tx
from nurture.store.export_sections import SECTIONS, columns_of, line
from nurture.store.statements import table
from nurture.store.tables import (
    ArrivalRow,
    ContactRow,
    FeedDeliveryRow,
    FeedRow,
    LineRow,
    OrderLineRow,
    OrderRow,
    ProductRow,
)

Document: TypeAlias = dict[str, Any]
"""What JSON can hold."""

_arrivals = table(ArrivalRow)
_contacts = table(ContactRow)
_deliveries = table(FeedDeliveryRow)
_feed = table(FeedRow)
_goods = table(OrderLineRow)
_lines = table(LineRow)
_orders = table(OrderRow)
_products = table(ProductRow)

_AS_JSON = frozenset(
    {"attributes", "tags", "properties", "cause", "event", "saw", "reasons", "extra", "told", "topics"}
)
_WHEN = frozenset({"at", "since", "until"})
_STATES = ("planned", "claimed", "handed", "deferred", "accepted")
_MINE = "contact_id"


def contact(tx: Tx, address: str) -> tuple[int, Document] | None:
    """The id and the own columns of whoever has the address, in lower case."""
    row = tx.execute(select(_contacts).where(_contacts.c.email == address)).mappings().one_or_none()
    return None if row is None else (row["id"], _plain({name: row[name] for name in row if name != "id"}))


def sections(tx: Tx, contact_id: int) -> dict[str, list[Document]]:
    """Everything that hangs on a contact, by section."""
    found = {it.name: [_plain(row) for row in tx.execute(it.of([contact_id])).mappings()] for it in SECTIONS}
    for message in found["messages"]:
        state = message.pop("state")
        message["under_way"] = None if state is None else _STATES[state]
    return found | {"orders": _orders_of(tx, contact_id), "feed": _feed_of(tx, contact_id)}


def arrivals(tx: Tx, contact_id: int, address: str) -> list[Document]:
    """What came in about them or from them, also where nobody was known to have the address."""
    theirs = _arrivals.c.recipient == address
    known = and_(_arrivals.c.contact_id == contact_id, _arrivals.c.contact_id != 0)
    rows = tx.execute(
        select(*columns_of(_arrivals))
        .where(or_(known, and_(_arrivals.c.contact_id == 0, theirs)))
        .order_by(_arrivals.c.at, _arrivals.c.id)
    ).mappings()
    return [_plain({**row, "content": _opened(row["content"])}) for row in rows]


def _orders_of(tx: Tx, contact_id: int) -> list[Document]:
    goods: dict[int, list[Document]] = defaultdict(list)
    rows = tx.execute(
        select(_goods.c.order_id, _products.c.sku, _products.c.name, line, _goods.c.quantity, _goods.c.amount)
        .outerjoin(_products, _products.c.id == _goods.c.product_id)
        .outerjoin(_lines, _lines.c.id == _goods.c.line_id)
        .where(_goods.c.contact_id == contact_id)
    ).mappings()
    for row in rows:
        goods[row["order_id"]].append({name: row[name] for name in row if name != "order_id"})
    orders = tx.execute(
        select(_orders).where(_orders.c.contact_id == contact_id).order_by(_orders.c.ordered_at)
    ).mappings()
    return [
        _plain({name: row[name] for name in row if name not in ("id", _MINE)}) | {"lines": goods[row["id"]]}
        for row in orders
    ]


def _feed_of(tx: Tx, contact_id: int) -> list[Document]:
    """What other systems were told, and which of them took it."""
    rows = tx.execute(
        select(
            _feed.c.at, _feed.c.kind, _feed.c.told,
            _deliveries.c.subscriber, _deliveries.c.outcome, _deliveries.c.done_at,
        )
        .outerjoin(_deliveries, _deliveries.c.feed_id == _feed.c.id)
        .where(_feed.c.contact_id == contact_id)
        .order_by(_feed.c.at, _feed.c.id)
    ).mappings()  # fmt: skip
    return [_plain(row) for row in rows]


def _plain(row: Mapping[Any, Any]) -> Document:
    """As JSON has it: moments in ISO 8601 and null for none, maps and lists as such."""
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and (name in _WHEN or name.endswith(("_at", "_until")))
    ):
        return format_iso(value) if 0 < value < NEVER else None
    if name in _AS_JSON and isinstance(value, str):
        return json.loads(value)
    return value


def _opened(content: bytes) -> str:
    """What came in, as text; hostile."""
    try:
        return zlib.decompress(content).decode(errors="replace")
    except zlib.error:
        return ""
