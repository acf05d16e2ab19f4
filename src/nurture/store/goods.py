"""Product lines and products: taken in by name and sku."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from nurture.clock import Moment
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import alone, among, insert_many, update_many
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.statements import table
from nurture.store.tables import LineRow, OrderLineRow, ProductRow

_lines = table(LineRow)
_products = table(ProductRow)
_order_lines = table(OrderLineRow)
_COLUMNS = ("name", "line_id", "category", "price", "url", "image_url", "in_stock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something that can be bought. What a source leaves empty says nothing: what is known stays."""

    sku: str
    name: str = ""
    line: str = ""
    category: str = ""
    price: int | None = None
    """In minor units."""
    url: str = ""
    image_url: str = ""
    in_stock: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a product stands: its id and its line's, 0 for none."""

    product_id: int
    line_id: int


def line_ids(tx: Tx, names: Iterable[str]) -> dict[str, int]:
    """The numbers of product lines by name, new ones numbered on; "" is 0."""
    alone(tx)
    known: dict[str, int] = {"": 0, **dict(tx.execute(select(_lines.c.name, _lines.c.id)).all())}
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        last: int = tx.execute(select(func.coalesce(func.max(_lines.c.id), 0))).scalar_one()
        made = {name: number for number, name in enumerate(unknown, last + 1)}
        insert_many(tx, _lines, ["id", "name"], [(number, name) for name, number in made.items()])
        known |= made
    return known


def upsert_products(tx: Tx, ids: Ids, given: Sequence[Product], now: Moment) -> int:
    """Take products in by sku; returns how many were new or changed.

    Where a product comes into another line, so do its purchases, and who bought it is put on the agenda.
    """
    lines = line_ids(tx, (it.line for it in given))
    condition = among(tx, _products.c.sku, {it.sku for it in given})
    columns = (_products.c[name] for name in ("sku", "id", *_COLUMNS))
    known = {row[0]: (row[1], tuple(row[2:])) for row in tx.execute(select(*columns).where(condition))}
    wanted: dict[str, tuple[Any, ...]] = {}
    for it in given:
        before = wanted.get(it.sku) or (known[it.sku][1] if it.sku in known else None)
        wanted[it.sku] = _values(it, lines, before)
    new = [sku for sku in wanted if sku not in known]
    changed = [(*wanted[sku], key) for sku, (key, before) in known.items() if before != wanted[sku]]
    made = zip(ids.take(len(new), now), new, strict=True)
    insert_many(tx, _products, ["id", "sku", *_COLUMNS], [(key, sku, *wanted[sku]) for key, sku in made])
    update_many(tx, _products, ["id"], _COLUMNS, changed)
    moved = {key: wanted[sku][1] for sku, (key, before) in known.items() if before[1] != wanted[sku][1]}
    _move_purchases(tx, moved)
    return len(new) + len(changed)


def meet_products(tx: Tx, ids: Ids, skus: Collection[str], now: Moment) -> dict[str, Place]:
    """Products by sku; one that is not known is taken in under its sku, on no line."""
    alone(tx)
    found = products_by_sku(tx, skus)
    unknown = [sku for sku in dict.fromkeys(skus) if sku not in found]
    made = dict(zip(unknown, ids.take(len(unknown), now), strict=True))
    insert_many(tx, _products, ["id", "sku", "name"], [(key, sku, sku) for sku, key in made.items()])
    return found | {sku: Place(product_id=key, line_id=0) for sku, key in made.items()}


def products_by_sku(tx: Tx, skus: Collection[str]) -> dict[str, Place]:
    """Where products stand, by sku; those that are not there are left out."""
    columns = (_products.c.sku, _products.c.id, _products.c.line_id)
    rows = tx.execute(select(*columns).where(among(tx, _products.c.sku, skus)))
    return {sku: Place(product_id=key, line_id=line) for sku, key, line in rows}


def _values(it: Product, lines: Mapping[str, int], before: tuple[Any, ...] | None) -> tuple[Any, ...]:
    name, line, category, price, url, image_url, in_stock = before or (it.sku, 0, "", 0, "", "", True)
    return (
        it.name or name,
        lines[it.line] or line,
        it.category or category,
        price if it.price is None else it.price,
        it.url or url,
        it.image_url or image_url,
        bool(in_stock) if it.in_stock is None else it.in_stock,
    )


def _move_purchases(tx: Tx, moved: Mapping[int, int]) -> None:
    """Give the purchases of products their new line, and have both lines looked at again."""
    if not moved:
        return
    bought = select(
        _order_lines.c.contact_id,
        _order_lines.c.line_id,
        _order_lines.c.product_id,
        func.min(_order_lines.c.ordered_at),
    )
    bought = bought.where(among(tx, _order_lines.c.product_id, moved.keys()))
    rows = tx.execute(
        bought.group_by(_order_lines.c.contact_id, _order_lines.c.line_id, _order_lines.c.product_id)
    ).all()
    if not rows:
        return
    touched = {row.product_id: moved[row.product_id] for row in rows}
    update_many(tx, _order_lines, ["product_id"], ["line_id"], [(line, key) for key, line in touched.items()])
    places = [
        (contact, line, at) for contact, old, product, at in rows for line in (old, moved[product]) if line
    ]
    put_on_agenda(tx, [*places, *((contact, 0, at) for contact, _, _, at in rows)])
