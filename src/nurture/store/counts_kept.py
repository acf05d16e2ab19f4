"""What was counted at night, put in the place of what was counted before, in small transactions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import TypeAlias

from sqlalchemy import ColumnElement, Table

from nurture.offers.recommending import STEP_UP
from nurture.store.bulk import insert_many
from nurture.store.engine import Store
from nurture.store.pair_counts import Sold, Together
from nurture.store.statements import chunks, table
from nurture.store.tables import ProductCountRow, ProductPairRow, ProductStepRow

STEPS = 8
"""So many next larger or better are kept of each product."""

_TOGETHER = 50_000
"""Rows written in one transaction."""

_pairs = table(ProductPairRow)
_counts = table(ProductCountRow)
_steps = table(ProductStepRow)

_Row: TypeAlias = tuple[int | float | bool, ...]


def keep(store: Store, counts: Sequence[Sold], pairs: Sequence[Together]) -> None:
    """Put what was counted in the place of what was counted before, some products at a time."""
    sums = [(id_, [row]) for id_, row in _placed(counts)]
    _replace(store, _counts, ("product_id", "orders", "paid", "place", "place_on_line"), sums)
    _replace(store, _steps, ("product_id", "other_id", "place", "ratio"), _stepped(counts))
    columns = ("product_id", "other_id", "held", "by_people", "lift", "strength")
    of_each = (
        (id_, [(id_, it.other_id, it.held, it.by_people, it.lift, it.strength) for it in of])
        for id_, of in groupby(pairs, key=attrgetter("product_id"))
    )
    _replace(store, _pairs, columns, of_each)


def _placed(counts: Sequence[Sold]) -> list[tuple[int, _Row]]:
    """By id, with their places among all and on their lines."""
    on_lines: Counter[int] = Counter()
    placed: list[tuple[int, _Row]] = []
    for place, it in enumerate(sorted(counts, key=lambda it: (-it.orders, it.product_id)), 1):
        on_lines[it.line_id] += 1
        placed.append((it.product_id, (it.product_id, it.orders, it.paid, place, on_lines[it.line_id])))
    return sorted(placed)


def _stepped(counts: Sequence[Sold]) -> Iterator[tuple[int, list[_Row]]]:
    """By id, the best sellers of its line and category that are a little dearer."""
    alike: dict[tuple[int, str], list[Sold]] = defaultdict(list)
    for it in sorted(counts, key=lambda it: (-it.orders, it.price, it.product_id)):
        if it.line_id and it.price:
            alike[it.line_id, it.category].append(it)
    for it in counts:
        if it.line_id and it.price:
            least, most = (it.price * ratio for ratio in STEP_UP)
            found = (other for other in alike[it.line_id, it.category] if least <= other.price <= most)
            rows: list[_Row] = [
                (it.product_id, other.product_id, place, other.price / it.price)
                for place, other in enumerate(islice(found, STEPS), 1)
            ]
            yield it.product_id, rows


def _replace(
    store: Store, into: Table, columns: Sequence[str], rows: Iterable[tuple[int, Sequence[_Row]]]
) -> None:
    """Rows of whole products, a chunk in a transaction: a range of ids is emptied and filled again."""
    after, batch = -1, list[_Row]()
    for id_, of in rows:
        batch += of
        if len(batch) >= _TOGETHER:
            _fill(store, into, columns, batch, into.c.product_id.between(after + 1, id_))
            after, batch = id_, []
    _fill(store, into, columns, batch, into.c.product_id > after)


def _fill(
    store: Store, into: Table, columns: Sequence[str], rows: Sequence[_Row], where: ColumnElement[bool]
) -> None:
    with store.write() as tx:
        tx.execute(into.delete().where(where))
        for some in chunks(rows):
            insert_many(tx, into, columns, some)
