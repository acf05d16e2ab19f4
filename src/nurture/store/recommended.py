"""What to recommend to a contact, with all that a message shows of it; and what was shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.store.bulk import among
from nurture.store.engine import Tx
from nurture.store.pairs import Candidate, Wish, best_pairs, best_sellers
from nurture.store.statements import table, upsert
from nurture.store.tables import LineRow, ProductRow, ShownRow

_lines = table(LineRow)
_products = table(ProductRow)
_shown = table(ShownRow)

COUNT = 6
"""How many are looked for; a template shows the first few of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """A product as a message shows it. The price is in minor units, 0 where it is not known."""

    id: int
    sku: str
    name: str
    line: str
    category: str
    price: int
    url: str
    image_url: str
    why: str


def recommend(tx: Tx, wishes: Collection[Wish], now: Moment) -> dict[Wish, tuple[Recommended, ...]]:
    """For each (contact, line): what goes with what they own, then what sells best; line 0: from all lines."""
    if not wishes:
        return {}
    pairs = best_pairs(tx, wishes, now, count=COUNT)
    short = [wish for wish in wishes if len(pairs.get(wish, ())) < COUNT]
    sellers = best_sellers(tx, short, now, count=COUNT)
    found: dict[Wish, list[Candidate]] = {}
    for wish in wishes:
        first = list(pairs.get(wish, ()))
        have = {it.product_id for it in first}
        found[wish] = [*first, *(it for it in sellers.get(wish, ()) if it.product_id not in have)][:COUNT]
    shown = _products_of(tx, {it.product_id for of in found.values() for it in of})
    names = _names(tx, {it.because_id for of in found.values() for it in of if it.because_id})
    return {
        wish: tuple(_recommended(it, shown[it.product_id], names) for it in of if it.product_id in shown)
        for wish, of in found.items()
    }


def keep_shown(tx: Tx, shown: Sequence[tuple[MessageKey, Recommended]]) -> None:
    """Keep what a message recommends, and why."""
    rows = [
        {"enrollment_id": key.enrollment_id, "step_no": key.step_no, "product_id": it.id, "why": it.why}
        for key, it in shown
    ]
    upsert(tx, _shown, rows, key=("enrollment_id", "step_no", "product_id"), update=("why",))


def shown(tx: Tx, key: MessageKey) -> tuple[Recommended, ...]:
    """What a message recommended, in no order."""
    rows = tx.execute(
        select(_shown.c.product_id, _shown.c.why).where(
            _shown.c.enrollment_id == key.enrollment_id, _shown.c.step_no == key.step_no
        )
    )
    why: dict[int, str] = {row.product_id: row.why for row in rows}
    return tuple(replace(it, why=why[it.id]) for it in _products_of(tx, why.keys()).values())


def _recommended(it: Candidate, product: Recommended, names: dict[int, str]) -> Recommended:
    if it.because_id:
        why = f"{it.orders} orders held it with {names.get(it.because_id, 'something of theirs')}"
    else:
        why = f"{it.orders} orders held it"
    return replace(product, why=why)


def _products_of(tx: Tx, ids: Collection[int]) -> dict[int, Recommended]:
    rows = tx.execute(
        select(_products, _lines.c.name.label("line"))
        .outerjoin(_lines, _lines.c.id == _products.c.line_id)
        .where(among(tx, _products.c.id, ids))
    )
    return {
        row.id: Recommended(
            id=row.id,
            sku=row.sku,
            name=row.name or row.sku,
            line=row.line or "",
            category=row.category,
            price=row.price,
            url=row.url,
            image_url=row.image_url,
            why="",
        )
        for row in rows
    }


def _names(tx: Tx, ids: Collection[int]) -> dict[int, str]:
    rows = tx.execute(
        select(_products.c.id, _products.c.name, _products.c.sku).where(among(tx, _products.c.id, ids))
    )
    return {id_: name or sku for id_, name, sku in rows}
