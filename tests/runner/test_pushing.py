"""Codes into a shop: each once, marked when they arrived, whatever breaks between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nurture.clock import VirtualClock
from nurture.errors import NurtureError, UsageError
from nurture.offers.discount import read_discount
from nurture.offers.offer import Ahead, ForAll, Offer
from nurture.providers.shops import ShopError
from nurture.runner.pushing import Pushed, open_shop, push
from nurture.settings import Settings
from nurture.store.engine import Store
from nurture.store.statements import table
from nurture.store.tables import CodeRow
from support import corner
from support.databases import START
from support.shop_api import KEY, SECRET, TOKEN, FakeShop, shop_server

_codes = table(CodeRow)

SALE = Offer(
    key="sale", kind="loyalty", says="15% off", discount="15%", worth=read_discount("15%"), codes=Ahead()
)


@pytest.fixture
def shop() -> FakeShop:
    return FakeShop(queued=0)


@pytest.fixture
def url(shop: FakeShop) -> Iterator[str]:
    with shop_server(shop) as found:
        yield found


def settings(workspace: Path, url: str) -> Settings:
    return corner.settings(
        workspace,
        shops={
            "main": {"kind": "shopify", "url": url, "token": TOKEN},
            "woo": {"kind": "woocommerce", "url": url, "key": KEY, "secret": SECRET},
        },
    )


def make(store: Store, count: int, **more: Any) -> None:
    ids = store.ids.take(count, START)
    rows = [
        {
            "id": id_,
            "offer": "sale",
            "code": f"SALE-{id_}",
            "canonical": f"SALE{id_}",
            "own": True,
            "contact_id": 0,
            "made_at": START,
            "issued_at": 0,
            "handed_at": 0,
            "expires_at": 0,
            "redeemed_at": 0,
            "known_at": 0,
            "discount": "",
        }
        | more
        for id_ in ids
    ]
    with store.write() as tx:
        tx.execute(_codes.insert(), rows)


def known(store: Store) -> int:
    with store.read() as tx:
        return sum(1 for row in tx.execute(_codes.select()) if row.known_at)


def pushed(store: Store, given: Settings, name: str = "main", offer: Offer = SALE) -> Pushed:
    with closing(open_shop(given, name, store, START)) as shop:
        return push(store, VirtualClock(START), offer, name, shop)


@pytest.mark.parametrize("name", ["main", "woo"])
def test_all_codes_arrive_batch_by_batch_and_are_marked(
    store: Store, tmp_path: Path, shop: FakeShop, url: str, name: str
) -> None:
    make(store, 300)
    make(store, 1, redeemed_at=1)
    given = settings(tmp_path, url)
    assert pushed(store, given, name).arrived == 300
    assert known(store) == len({*shop.codes, *shop.coupons}) == 300
    assert pushed(store, given, name).arrived == 0
    with store.read() as tx:
        discounts = {row.discount for row in tx.execute(_codes.select()) if row.known_at}
    assert discounts == {"15%"}


@pytest.mark.parametrize("name", ["main", "woo"])
def test_an_error_half_way_says_how_far_it_came_and_the_next_push_goes_on(
    store: Store, tmp_path: Path, shop: FakeShop, url: str, name: str
) -> None:
    make(store, 520)
    given = settings(tmp_path, url)
    # The last batch is carried out, and its answer lost: nothing may be made twice.
    shop.lose = 6
    with pytest.raises(ShopError, match=r"(500 of 520|250 of 520) codes arrived before that, and are marked"):
        pushed(store, given, name)
    before = known(store)
    assert before in (250, 500)
    assert pushed(store, given, name).arrived == 520 - before
    assert known(store) == len({*shop.codes, *shop.coupons}) == 520
    assert len(shop.discounts) <= 1


def test_what_the_shop_refuses_is_told_and_not_marked(
    store: Store, tmp_path: Path, shop: FakeShop, url: str
) -> None:
    make(store, 3)
    make(store, 1, code="TAKEN-1", canonical="TAKEN1")
    shop.codes["taken-1"] = "gid://shopify/DiscountCodeNode/99"
    found = pushed(store, settings(tmp_path, url))
    assert (found.arrived, found.refused, list(found.told or {})) == (3, 1, ["TAKEN-1"])
    assert known(store) == 3


def test_codes_of_an_older_discount_are_pushed_for_that(
    store: Store, tmp_path: Path, shop: FakeShop, url: str
) -> None:
    make(store, 2)
    make(store, 2, discount="10%", contact_id=7, issued_at=START)
    assert pushed(store, settings(tmp_path, url)).arrived == 4
    assert {it["title"] for it in shop.discounts.values()} == {"nurture sale: 15%", "nurture sale: 10%"}


def test_one_word_for_all_is_pushed_and_again_is_harmless(
    store: Store, tmp_path: Path, shop: FakeShop, url: str
) -> None:
    word = Offer(
        key="hello", kind="loyalty", says="", discount="10 USD", worth=read_discount("10 USD"),
        codes=ForAll(word="WELCOME"),
    )  # fmt: skip
    given = settings(tmp_path, url)
    for name in ("main", "main", "woo", "woo"):
        assert pushed(store, given, name, word).arrived == 1
    assert shop.coupons["welcome"].get("usage_limit") is None
    assert [it["usageLimit"] for it in shop.discounts.values()] == [None]


@pytest.mark.parametrize("discount", ["30 days free", "a free bag of coffee", ""])
def test_what_no_shop_has_a_code_for_is_refused_before_anything_is_asked(
    store: Store, tmp_path: Path, shop: FakeShop, url: str, discount: str
) -> None:
    make(store, 1)
    offer = Offer(key="sale", kind="loyalty", says="", discount=discount, codes=Ahead())
    with pytest.raises(UsageError) as caught:
        pushed(store, settings(tmp_path, url), offer=offer)
    assert "nurture codes export sale" in caught.value.remedy
    assert shop.calls == []


def test_a_shop_that_is_not_named_or_not_let_in_says_what_to_do(store: Store, tmp_path: Path) -> None:
    given = corner.settings(tmp_path, shops={"b-2": {"kind": "woocommerce", "url": "https://b.example"}})
    with pytest.raises(NurtureError, match="no shop is called 'main'"):
        open_shop(given, "main", store, START)
    with pytest.raises(NurtureError) as caught:
        open_shop(given, "b-2", store, START)
    assert caught.value.remedy.endswith("NURTURE_SHOPS_B_2_KEY, NURTURE_SHOPS_B_2_SECRET")
