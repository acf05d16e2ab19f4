"""What is bought together, counted."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pytest

from nurture.clock import DAY
from nurture.store import counts_kept, pair_counts
from nurture.store.engine import Store
from nurture.store.orders import LineGiven
from support.counted_goods import END, count, counted, names, order, take
from support.databases import START

GROCERY = Path(__file__).parents[2] / "examples" / "grocery"


def _real_baskets() -> dict[str, set[str]]:
    """What some real households had in each basket, by category of goods."""
    with gzip.open(GROCERY / "products.csv.gz", "rt") as file:
        category = {row["sku"]: row["category"] for row in csv.DictReader(file)}
    baskets: dict[str, set[str]] = defaultdict(set)
    with gzip.open(GROCERY / "orders.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if row["email"] < "household-12" and category.get(row["sku"]):
                baskets[row["order_id"]].add(category[row["sku"]])
    return baskets


def test_the_lift_of_real_purchases_is_what_a_direct_computation_gives(store: Store) -> None:
    baskets = _real_baskets()
    take(store, [row for number, of in baskets.items() for row in order(number, f"h{number}", *of)])
    sides = Counter(it for of in baskets.values() for it in of)
    both = Counter(pair for of in baskets.values() for pair in combinations(sorted(of), 2))
    wanted = {
        (a, b): (held, held / len(baskets) / (sides[a] / len(baskets) * sides[b] / len(baskets)))
        for (a, b), held in both.items()
        if held >= 3
    }
    found = counted(store)
    assert len(baskets) > 500 and len(wanted) > 2_000 and max(map(len, baskets.values())) > 40
    assert found.keys() == wanted.keys()
    wrong = {
        pair
        for pair, (held, lift) in wanted.items()
        if found[pair].held != held or abs(found[pair].lift - lift) > 1e-9 * lift
    }
    assert not wrong


def test_pairs_that_few_orders_held_or_that_chance_explains_are_not_kept(store: Store) -> None:
    rows = [row for n in range(4) for row in order(n, f"a{n}", "rose", "vase")]
    rows += [row for n in range(4, 6) for row in order(n, f"b{n}", "lamp", "bulb")]
    # Milk is in every order: it goes with nothing in particular.
    rows += [row for n in range(6, 30) for row in order(n, f"c{n}", "milk")]
    rows += [row for n in range(30) for row in order(f"m{n}", f"d{n}", "milk", "ham" if n < 9 else "egg")]
    take(store, rows)
    with store.survey() as tx:
        best = pair_counts.best(tx, pair_counts.counted_orders(tx, END))
        sku = names(tx)
    kept = {(sku[it.product_id], sku[it.other_id]) for it in best}
    assert {("rose", "vase"), ("vase", "rose")} <= kept
    assert not any("lamp" in pair for pair in kept)
    assert all(it.lift >= 1.2 and it.held >= 3 for it in best)


def test_what_was_undone_or_comes_later_does_not_count(store: Store) -> None:
    rows = [row for n in range(3) for row in order(n, f"a{n}", "rose", "vase")]
    undone = order("x", "u", "rose", "vase", status="refunded")
    later = order("y", "v", "rose", "vase", at=END + 1)
    take(store, [*rows, *undone, *later, *order("z", "w", "milk")])
    assert counted(store)["rose", "vase"].held == 3
    with store.survey() as tx:
        which = pair_counts.counted_orders(tx, END)
        assert {it.orders for it in pair_counts.sold(tx, which)} == {3, 1}
        assert which.orders == 4


def test_one_who_buys_one_thing_at_a_time_still_shows_what_goes_together(store: Store) -> None:
    rows: list[LineGiven] = []
    for n in range(5):
        rows += order(f"r{n}", f"a{n}", "rose") + order(f"v{n}", f"a{n}", "vase", at=START + DAY)
    rows += [row for n in range(10) for row in order(f"m{n}", f"b{n}", "milk")]
    take(store, rows)
    assert counted(store) == {}
    with store.survey() as tx:
        best = pair_counts.best(tx, pair_counts.counted_orders(tx, END))
    assert [(it.held, it.by_people, it.lift) for it in best] == [(5, True, pytest.approx(3.0))] * 2


def test_the_largest_orders_are_left_out_only_where_there_would_be_too_much_to_count(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = [f"s{n}" for n in range(80)]
    rows = [row for n in range(3) for row in order(f"l{n}", "big", *large)]
    take(store, rows + [row for n in range(3) for row in order(n, f"a{n}", "rose", "vase")])
    assert len(counted(store)) == 80 * 79 // 2 + 1
    monkeypatch.setattr(pair_counts, "MOST_PAIRS", 5_000)
    found = counted(store)
    assert set(found) == {("rose", "vase")}
    assert found["rose", "vase"].lift == pytest.approx(1.0), (
        "those left out do not count among the orders either"
    )


def test_counting_again_puts_the_new_in_the_place_of_the_old(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts_kept, "_TOGETHER", 2)
    rows = [row for n in range(4) for row in order(n, f"a{n}", "rose", "vase", "lily")]
    rows += [row for n in range(9) for row in order(f"m{n}", f"m{n}", "milk")]
    take(store, rows)
    count(store)
    with store.read() as tx:
        before = tx.exec_driver_sql("SELECT * FROM product_pairs ORDER BY 1, 2").all()
    count(store)
    with store.read() as tx:
        assert tx.exec_driver_sql("SELECT * FROM product_pairs ORDER BY 1, 2").all() == before
        assert len(before) == 6
    take(
        store, [row for n in range(4) for row in order(n, f"a{n}", "rose", "vase", "lily", status="refunded")]
    )
    count(store)
    with store.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM product_pairs").scalar() == 0
        assert tx.exec_driver_sql("SELECT count(*), sum(orders) FROM product_counts").one() == (1, 9)
