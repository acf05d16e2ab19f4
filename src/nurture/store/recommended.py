"""What to recommend to a contact, with all that a message shows of it; and what was shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import delete, select, tuple_

from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.offers.recommending import MOST, Kind, why_best_seller, why_together, why_up
from nurture.store.bulk import among, insert_many
from nurture.store.candidates import Candidate, Found, Wish, best_pairs, best_sellers, steps_up
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import LineRow, ProductRow, ShownRow

_lines = table(LineRow)
_products = table(ProductRow)
_shown = table(ShownRow)


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
    kind: Kind = ""
    because: str = ""
    """What the product of theirs is called that it goes with; empty: none."""
    because_id: int = 0
    why: str = ""
    """For whoever asks why it was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A product that a template was given, and whether something of it stands in the message."""

    product: Recommended
    place: int
    """Among those of its kind."""
    seen: bool


def recommend(
    tx: Tx, wishes: Collection[Wish], now: Moment, *, up: Collection[Wish] = ()
) -> dict[Wish, tuple[Recommended, ...]]:
    """For each (contact, line): what goes with what they own, then what sells best; line 0: from all lines.

    For those in `up`, which are among the wishes, the next larger or better of what they buy besides. A few
    statements, however many wishes.
    """
    if not wishes:
        return {}
    found = best_pairs(tx, wishes, now)
    short = [wish for wish in wishes if len(found.get(wish, ())) < MOST]
    sellers = best_sellers(tx, short, now)
    filled = {wish: _filled(found.get(wish, ()), sellers.get(wish, ())) for wish in wishes}
    given = _in_full(tx, filled, "")
    for wish, steps in _in_full(tx, steps_up(tx, up, now), "up").items():
        given[wish] = (*given[wish], *steps)
    return given


def keep_shown(tx: Tx, shown: Mapping[MessageKey, Sequence[Shown]]) -> None:
    """Keep what messages recommend, and why, in the place of what was kept of them before."""
    its = tuple_(_shown.c.enrollment_id, _shown.c.step_no)
    tx.execute(delete(_shown).where(its.in_([tuple(key) for key in shown])))
    columns = ("enrollment_id", "step_no", "kind", "product_id", "place", "seen", "because_id", "why")
    rows = [
        (*key, it.product.kind, it.product.id, it.place, it.seen, it.product.because_id, it.product.why)
        for key, of in shown.items()
        for it in of
    ]
    insert_many(tx, _shown, columns, rows)


def shown(tx: Tx, keys: Collection[MessageKey]) -> dict[MessageKey, tuple[Shown, ...]]:
    """What messages were given to recommend, in that order; a product that is gone is left out."""
    its = tuple_(_shown.c.enrollment_id, _shown.c.step_no)
    rows = tx.execute(
        select(_shown).where(its.in_([tuple(key) for key in keys])).order_by(_shown.c.kind, _shown.c.place)
    ).all()
    products = _products_of(tx, {row.product_id for row in rows})
    names = _names(tx, {row.because_id for row in rows if row.because_id})
    found: dict[MessageKey, tuple[Shown, ...]] = {}
    for row in rows:
        if row.product_id not in products:
            continue
        product = replace(
            products[row.product_id],
            kind=row.kind,
            because=names.get(row.because_id, ""),
            because_id=row.because_id,
            why=row.why,
        )
        key = MessageKey(row.enrollment_id, row.step_no)
        it = Shown(product=product, place=row.place, seen=bool(row.seen))
        found[key] = (*found.get(key, ()), it)
    return found


def _filled(first: Sequence[Candidate], then: Iterable[Candidate]) -> tuple[Candidate, ...]:
    have = {it.product_id for it in first}
    return (*first, *(it for it in then if it.product_id not in have))[:MOST]


def _in_full(tx: Tx, found: Found, kind: Kind) -> dict[Wish, tuple[Recommended, ...]]:
    products = _products_of(tx, {it.product_id for of in found.values() for it in of})
    names = _names(tx, {it.because_id for of in found.values() for it in of if it.because_id})
    return {
        wish: tuple(
            _told(it, wish, products[it.product_id], names.get(it.because_id, ""), kind)
            for it in _unlike(of, products)
        )
        for wish, of in found.items()
    }


def _unlike(found: Iterable[Candidate], products: Mapping[int, Recommended]) -> Iterator[Candidate]:
    """Each name once: two things that are called the same look like a mistake, whatever their numbers are."""
    names: set[str] = set()
    for it in found:
        product = products.get(it.product_id)
        if product is not None and product.name.casefold() not in names:
            names.add(product.name.casefold())
            yield it


def _told(it: Candidate, wish: Wish, product: Recommended, because: str, kind: Kind) -> Recommended:
    if kind == "up":
        why = why_up(because, it.held, it.ratio)
    elif it.because_id:
        why = why_together(because, it.held, it.ratio, by_people=it.by_people)
    else:
        why = why_best_seller(product.line if wish[1] else "", it.held)
    return replace(product, kind=kind, because=because, because_id=it.because_id, why=why)


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
        )
        for row in rows
    }


def _names(tx: Tx, ids: Collection[int]) -> dict[int, str]:
    rows = tx.execute(
        select(_products.c.id, _products.c.name, _products.c.sku).where(among(tx, _products.c.id, ids))
    )
    return {id_: name or sku for id_, name, sku in rows}
