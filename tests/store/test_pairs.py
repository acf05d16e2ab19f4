"""What is bought together."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest
from sqlalchemy import insert, select

from nurture.clock import DAY
from nurture.store import goods, orders, pairs, people
from nurture.store.engine import Store, Tx
from nurture.store.goods import Product
from nurture.store.orders import LineGiven
from nurture.store.statements import table
from nurture.store.tables import OrderFactsRow, ProductPairRow, ProductRow
from support.databases import START

END = START + 100 * DAY


def _order(number: int, who: str, *skus: str, at: int = START) -> list[LineGiven]:
    email = f"{who}@x.example"
    return [
        LineGiven(order_id=str(number), email=email, ordered_at=at, sku=sku, quantity=1, amount=1)
        for sku in skus
    ]


@pytest.fixture
def shop(store: Store) -> Store:
    """Roses go with vases; everybody buys milk."""
    with store.write() as tx:
        lines = {
            "rose": "FLORAL",
            "vase": "HOME",
            "lamp": "HOME",
            "milk": "DAIRY",
            "ham": "DELI",
            "gone": "HOME",
        }
        products = [Product(sku=sku, line=line, in_stock=sku != "gone") for sku, line in lines.items()]
        goods.upsert_products(tx, store.ids, products, START)
        rows: list[LineGiven] = []
        for n in range(4):
            rows += _order(n, f"f{n}", "rose", "vase", "milk", "gone", at=START + n * DAY)
        for n in range(4, 12):
            rows += _order(n, f"d{n}", "milk", "ham", at=START + n * DAY)
        rows += _order(12, "ann", "rose", at=START + 20 * DAY) + _order(13, "bob", "ham", at=START + 20 * DAY)
        orders.upsert_orders(tx, store.ids, rows, END)
    return store


def _names(tx: Tx) -> dict[int, str]:
    products = table(ProductRow)
    return dict(tx.execute(select(products.c.id, products.c.sku)).all())


def _pairs(tx: Tx) -> dict[tuple[str, str], int]:
    names, counted = _names(tx), table(ProductPairRow)
    return {(names[row.product_id], names[row.other_id]): row.orders for row in tx.execute(select(counted))}


def test_pairs_counted_night_by_night_are_those_counted_at_once(shop: Store) -> None:
    wanted: Counter[tuple[str, str]] = Counter()
    for _ in range(4):
        wanted.update(permutations(["rose", "vase", "milk", "gone"], 2))
    for _ in range(8):
        wanted.update(permutations(["milk", "ham"], 2))
    with shop.write() as tx:
        for day in range(30):
            pairs.count_pairs(tx, START + (day - 1) * DAY, START + day * DAY)
        assert _pairs(tx) == wanted


def test_orders_that_were_undone_or_are_too_large_are_left_out(store: Store) -> None:
    with store.write() as tx:
        undone = [
            LineGiven(
                order_id="1",
                email="a@x.example",
                ordered_at=START,
                sku=sku,
                quantity=1,
                amount=1,
                status="refunded",
            )
            for sku in ("a", "b")
        ]
        large = _order(2, "a", *(f"s{n}" for n in range(pairs.LARGEST + 1)))
        orders.upsert_orders(tx, store.ids, [*undone, *large], START)
        assert pairs.count_pairs(tx, 0, END) == 0
        assert _pairs(tx) == {}


def test_what_goes_with_what_they_own_comes_first_and_nothing_owned_or_sold_out(shop: Store) -> None:
    with shop.write() as tx:
        pairs.count_pairs(tx, 0, END)
        names = _names(tx)
        ids = people.ids_by_email(tx, ["ann@x.example", "bob@x.example"])
        ann, bob = ids["ann@x.example"], ids["bob@x.example"]
        home = goods.line_ids(tx, [])["HOME"]
        found = pairs.best_pairs(tx, [(ann, 0), (ann, home), (bob, 0), (bob, home)], END)
        best = found[ann, 0][0]
        assert [names[it.product_id] for it in found[ann, 0]] == ["vase", "milk"]
        assert (names[best.because_id], best.orders) == ("rose", 4)
        assert best.lift == pytest.approx(4 * 14 / (5 * 4))
        assert [names[it.product_id] for it in found[ann, home]] == ["vase"]
        assert [names[it.product_id] for it in found[bob, 0]] == ["milk"]
        assert (bob, home) not in found
        sellers = pairs.best_sellers(tx, [(bob, home), (bob, 0)], END, count=2)
        assert [names[it.product_id] for it in sellers[bob, home]] == ["vase"]
        assert [names[it.product_id] for it in sellers[bob, 0]] == ["milk", "rose"]
        assert pairs.best_pairs(tx, [], END) == {}


def test_what_was_not_bought_yet_at_that_moment_is_not_owned(shop: Store) -> None:
    with shop.write() as tx:
        pairs.count_pairs(tx, 0, END)
        ann = people.ids_by_email(tx, ["ann@x.example"])["ann@x.example"]
        assert pairs.best_pairs(tx, [(ann, 0)], START + 19 * DAY) == {}


def test_lines_are_ranked_by_what_people_with_the_same_lines_buy(store: Store) -> None:
    facts = table(OrderFactsRow)
    owned = {1: [1, 2], 2: [1, 2], 3: [1, 3], 4: [1], 5: [], 6: [2]}
    with store.write() as tx:
        rows = [
            {"contact_id": who, "line_id": line, "count": 1} for who, lines in owned.items() for line in lines
        ]
        tx.execute(insert(facts), rows)
        assert pairs.line_affinity(tx, [4]) == {4: ()}
        pairs.count_lines(tx)
        assert pairs.line_affinity(tx, [4, 5, 6]) == {4: (2, 3), 5: (1, 2, 3), 6: (1, 3)}
