"""What may be recommended to whom."""

from __future__ import annotations

import pytest

from nurture.clock import DAY, Moment
from nurture.store import candidates, goods, people, recommended
from nurture.store.candidates import Found
from nurture.store.engine import Store, Tx
from nurture.store.goods import Product
from nurture.store.orders import LineGiven
from support.counted_goods import END, count, names, order, take
from support.databases import START


@pytest.fixture
def shop(store: Store) -> Store:
    """Roses go with vases; everybody buys milk."""
    lines = {"rose": "FLORAL", "vase": "HOME", "lamp": "HOME", "milk": "DAIRY", "ham": "DELI", "gone": "HOME"}
    products = [Product(sku=sku, line=line, in_stock=sku != "gone") for sku, line in lines.items()]
    rows: list[LineGiven] = []
    for n in range(4):
        rows += order(n, f"f{n}", "rose", "vase", "gone", at=START + n * DAY)
    for n in range(4, 12):
        rows += order(n, f"d{n}", "milk", "ham", at=START + n * DAY)
    rows += order(12, "ann", "rose", at=START + 20 * DAY) + order(13, "bob", "ham", at=START + 20 * DAY)
    take(store, rows, products)
    count(store)
    return store


def _id(tx: Tx, who: str) -> int:
    return people.ids_by_email(tx, [f"{who}@x.example"])[f"{who}@x.example"]


def _skus(tx: Tx, found: Found, wish: tuple[int, int]) -> list[str]:
    sku = names(tx)
    return [sku[it.product_id] for it in found.get(wish, ())]


def test_what_goes_with_what_they_own_comes_first_and_nothing_owned_or_sold_out(shop: Store) -> None:
    with shop.read() as tx:
        ann, bob, sku = _id(tx, "ann"), _id(tx, "bob"), names(tx)
        home = tx.exec_driver_sql("SELECT id FROM lines WHERE name = 'HOME'").scalar_one()
        found = candidates.best_pairs(tx, [(ann, 0), (ann, home), (bob, 0), (bob, home)], END)
        best = found[ann, 0][0]
        assert _skus(tx, found, (ann, 0)) == ["vase"]
        assert (sku[best.because_id], best.held, best.by_people) == ("rose", 4, False)
        assert best.ratio == pytest.approx(4 * 14 / (5 * 4))
        assert _skus(tx, found, (ann, home)) == ["vase"]
        assert _skus(tx, found, (bob, 0)) == ["milk"]
        assert (bob, home) not in found
        sellers = candidates.best_sellers(tx, [(bob, home), (bob, 0)], END, count=2)
        assert _skus(tx, sellers, (bob, home)) == ["vase"]
        assert _skus(tx, sellers, (bob, 0)) == ["milk", "rose"]
        assert candidates.best_pairs(tx, [], END) == {}


def test_what_was_not_bought_yet_at_that_moment_is_not_owned(shop: Store) -> None:
    with shop.read() as tx:
        assert candidates.best_pairs(tx, [(_id(tx, "ann"), 0)], START + 19 * DAY) == {}


def test_what_was_given_back_is_not_owned_and_may_be_recommended(shop: Store) -> None:
    take(shop, order(14, "eve", "rose", "milk") + order(15, "eve", "vase", status="refunded"))
    with shop.read() as tx:
        eve = _id(tx, "eve")
        assert "vase" in _skus(tx, candidates.best_pairs(tx, [(eve, 0)], END), (eve, 0))
        assert "vase" in _skus(tx, candidates.best_sellers(tx, [(eve, 0)], END), (eve, 0))


def test_once_a_product_has_a_picture_none_without_one_is_shown(shop: Store) -> None:
    with shop.write() as tx:
        pictured = Product(sku="milk", image_url="https://shop.example/milk.png")
        goods.upsert_products(tx, shop.ids, [pictured], START)
    with shop.read() as tx:
        ann = _id(tx, "ann")
        assert candidates.best_pairs(tx, [(ann, 0)], END) == {}
        assert _skus(tx, candidates.best_sellers(tx, [(ann, 0)], END), (ann, 0)) == ["milk"]


PRICES = {"small": 1000, "same": 1050, "medium": 1600, "large": 2400, "vast": 2600, "tea": 1600, "rose": 1600}


def _coffee(store: Store, *, priced: bool) -> None:
    products = [
        Product(
            sku=sku,
            line="FLORAL" if sku == "rose" else "PANTRY",
            category="tea" if sku == "tea" else "coffee",
            price=price if priced else 0,
        )
        for sku, price in PRICES.items()
    ]
    sold: dict[str, int] = {"small": 3, "same": 9, "medium": 2, "large": 4, "vast": 9, "tea": 9, "rose": 9}
    rows: list[LineGiven] = []
    for sku, many in sold.items():
        for n in range(many):
            rows += order(f"{sku}{n}", f"{sku}{n}", sku, amount=PRICES[sku])
    take(store, [*rows, *order("ann", "ann", "small", at=START, amount=1000)], products)
    count(store)


@pytest.mark.parametrize("priced", [True, False], ids=["by its price", "by what was paid"])
def test_the_next_step_up_is_of_the_same_kind_a_little_dearer_and_sells_best(
    store: Store, priced: bool
) -> None:
    _coffee(store, priced=priced)
    with store.read() as tx:
        ann = _id(tx, "ann")
        line = {name: id_ for id_, name in tx.exec_driver_sql("SELECT id, name FROM lines")}
        wishes = [(ann, 0), (ann, line["PANTRY"]), (ann, line["FLORAL"])]
        found = candidates.steps_up(tx, wishes, END)
        assert _skus(tx, found, (ann, 0)) == ["large", "medium"]
        assert _skus(tx, found, (ann, line["PANTRY"])) == ["large", "medium"]
        assert (ann, line["FLORAL"]) not in found
        best = found[ann, 0][0]
        assert (names(tx)[best.because_id], best.held, best.ratio) == ("small", 1, pytest.approx(2.4))


def test_each_thing_that_they_buy_has_its_step_up_before_any_has_a_second(store: Store) -> None:
    kinds = ("tea", "oil")
    products = [
        Product(sku=f"{kind}{size}", line="PANTRY", category=kind, price=1000 + 300 * size)
        for kind in kinds
        for size in range(3)
    ]
    rows = [row for it in products for n in range(2) for row in order(f"{it.sku}{n}", f"{it.sku}{n}", it.sku)]
    moments: list[Moment] = [START, START + DAY, START + 2 * DAY]
    rows += [row for n, at in enumerate(moments) for row in order(f"o{n}", "ann", "oil0", at=at)]
    take(store, rows + order("t", "ann", "tea0", at=START + 9 * DAY), products)
    count(store)
    with store.read() as tx:
        ann = _id(tx, "ann")
        found = candidates.steps_up(tx, [(ann, 0)], END)
        assert _skus(tx, found, (ann, 0)) == ["oil1", "tea1", "oil2", "tea2"]


def test_of_two_that_are_called_the_same_the_first_alone_is_shown(shop: Store) -> None:
    called = [
        Product(sku="milk", name="Fresh"),
        Product(sku="rose", name="FRESH"),
        Product(sku="vase", name="Vase"),
    ]
    take(shop, [], called)
    with shop.read() as tx:
        bob = _id(tx, "bob")
        [shown] = recommended.recommend(tx, [(bob, 0)], END).values()
    assert [it.name for it in shown].count("Fresh") + [it.name for it in shown].count("FRESH") == 1
    assert shown[0].sku == "milk"
