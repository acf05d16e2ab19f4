"""Codes into shops, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from nurture.offers.discount import Amount, Discount, FreeDelivery, Percent
from nurture.providers.shopify import Shopify
from nurture.providers.shops import Listing, Shop, ShopError, ShopLimits
from nurture.providers.woocommerce import WooCommerce
from support.databases import START
from support.shop_api import KEY, SECRET, TOKEN, FakeShop, as_json, shop_server

CODES = [f"FIRST-{no:05}-AAAAA" for no in range(60)]


@pytest.fixture
def shop() -> FakeShop:
    return FakeShop()


@pytest.fixture
def url(shop: FakeShop) -> Iterator[str]:
    with shop_server(shop) as found:
        yield found


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture(params=["shopify", "woocommerce"])
def client(request: pytest.FixtureRequest, url: str, slept: list[float]) -> Iterator[Shop]:
    """Each kind in turn."""
    made = opened(request.param, url, slept)
    yield made
    made.close()


def opened(kind: str, url: str, slept: list[float], **more: str) -> Shop:
    limits = ShopLimits(answer=5, whole=5)
    if kind == "shopify":
        token = more.get("token", TOKEN)
        return Shopify(
            url, token=token, now=START, discounts={}, tls=False, limits=limits, sleep=slept.append
        )
    secret = more.get("token", SECRET)
    return WooCommerce(url, key=KEY, secret=secret, tls=False, limits=limits, sleep=slept.append)


def listing(discount: Discount | None = None, **more: bool) -> Listing:
    worth = discount or Percent(share=Decimal("0.15"))
    return Listing(title="nurture first-order: 15%", discount=worth, is_own=more.get("is_own", True))


def has(shop: FakeShop) -> set[str]:
    return {*shop.codes, *shop.coupons}


def test_codes_arrive_and_again_is_harmless(client: Shop, shop: FakeShop) -> None:
    for _ in range(2):
        added = client.add(listing(), CODES)
        assert (added.arrived, added.refused) == (frozenset(CODES), {})
    assert has(shop) == {it.lower() for it in CODES}
    assert len(shop.discounts) <= 1


def test_codes_that_the_shop_has_for_something_else_are_refused_by_name(client: Shop, shop: FakeShop) -> None:
    for taken in (CODES[0], CODES[7]):
        shop.codes[taken.lower()] = "gid://shopify/DiscountCodeNode/99"
        shop.coupons[taken.lower()] = {"id": 99, "code": taken.lower(), "description": "summer"}
    added = client.add(listing(), CODES[:20])
    assert set(added.refused) == {CODES[0], CODES[7]}
    assert all("unique" in why or "exists" in why for why in added.refused.values())
    assert added.arrived == frozenset(CODES[:20]) - set(added.refused)


def test_what_arrived_although_the_answer_was_lost_is_found_there(client: Shop, shop: FakeShop) -> None:
    client.add(listing(), CODES[:5])
    shop.lose = len(shop.calls) + 1
    with pytest.raises(ShopError, match="cannot be reached"):
        client.add(listing(), CODES)
    assert client.add(listing(), CODES).arrived == frozenset(CODES)


def test_a_shop_that_asks_for_patience_gets_it(client: Shop, shop: FakeShop, slept: list[float]) -> None:
    shop.instead = lambda number: (429, {"retry-after": "7"}, b"") if number == 1 else None
    assert client.add(listing(), CODES).arrived == frozenset(CODES)
    assert slept[0] == 7


def test_a_shop_that_is_always_busy_is_left_alone(client: Shop, shop: FakeShop) -> None:
    shop.instead = lambda _: (429, {}, b"")
    with pytest.raises(ShopError, match="slow down") as caught:
        client.add(listing(), CODES)
    assert caught.value.where == "127.0.0.1"
    assert len(shop.calls) == 5


@pytest.mark.parametrize("kind", ["shopify", "woocommerce"])
def test_a_wrong_token_says_what_to_look_at(kind: str, url: str) -> None:
    client = opened(kind, url, [], token="wrong")
    with pytest.raises(ShopError, match="does not let us in \\(401\\)") as caught:
        client.add(listing(), CODES)
    assert "token or key" in caught.value.remedy
    client.close()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((302, {"location": "http://elsewhere.example/"}, b""), "sends us on to"),
        ((200, {}, b"<html>not JSON"), "does not answer in JSON"),
        ((500, {}, b'{"message": "Fatal\\u0000\\u001b[31m"}'), "answers 500: Fatal"),
        ((503, {}, b"[" * 100_000), "answers 503"),
        ((200, {}, b"[" * 100_000), "does not answer in JSON"),
        ((200, {}, b"x" * 5_000_000), "answers without end"),
    ],
)
def test_whatever_a_shop_answers_is_an_error_that_can_be_shown(
    client: Shop, shop: FakeShop, answer: tuple[int, dict[str, str], bytes], message: str
) -> None:
    shop.instead = lambda _: answer
    with pytest.raises(ShopError, match=message) as caught:
        client.add(listing(), CODES)
    assert str(caught.value).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "document", [[], {}, "no", None, {"data": []}, {"create": [1]}, {"data": {"made": 7}}]
)
def test_an_answer_of_another_shape_is_an_error(client: Shop, shop: FakeShop, document: object) -> None:
    shop.instead = lambda _: as_json(document)
    with pytest.raises(ShopError):
        client.add(listing(), CODES)


@pytest.mark.parametrize("coupon", [{}, {"id": 0}, {"id": 7, "error": "no"}, {"error": []}, 7, None])
def test_woocommerce_takes_no_coupon_for_there_that_bears_no_id(
    shop: FakeShop, url: str, coupon: object
) -> None:
    shop.instead = lambda _: as_json({"create": [coupon]})
    client = opened("woocommerce", url, [])
    added = client.add(listing(), CODES[:1])
    assert (added.arrived, list(added.refused)) == (frozenset(), CODES[:1])
    client.close()


def test_nobody_there_is_an_error(slept: list[float]) -> None:
    client = opened("shopify", "http://127.0.0.1:1", slept)
    with pytest.raises(ShopError, match="cannot be reached"):
        client.add(listing(), CODES)
    client.close()


def test_shopify_makes_one_discount_with_codes_that_are_good_once(shop: FakeShop, url: str) -> None:
    client = opened("shopify", url, [])
    client.add(listing(), CODES[:3])
    client.add(listing(Amount(minor=1050, currency="USD")), ["X-1"])
    assert len(shop.discounts) == 1
    (made,) = shop.discounts.values()
    assert (made["usageLimit"], made["title"]) == (1, "nurture first-order: 15%")
    assert made["customerGets"]["value"] == {"percentage": 0.15}
    client.close()


def test_shopify_takes_free_delivery_amounts_and_words_for_all(shop: FakeShop, url: str) -> None:
    client = opened("shopify", url, [])
    amount = Listing(title="a", discount=Amount(minor=1050, currency="USD"), is_own=False)
    client.add(amount, ["WELCOME"])
    client.add(Listing(title="b", discount=FreeDelivery(), is_own=True), ["SHIP-1", "SHIP-2"])
    first, second = shop.discounts.values()
    assert first["usageLimit"] is None
    assert first["customerGets"]["value"] == {
        "discountAmount": {"amount": "10.50", "appliesOnEachItem": False}
    }
    assert second["destination"] == {"all": True}
    client.close()


def test_shopify_makes_a_discount_anew_that_somebody_took_out_of_the_shop(shop: FakeShop, url: str) -> None:
    client = opened("shopify", url, [])
    client.add(listing(), CODES[:3])
    shop.discounts.clear()
    shop.codes.clear()
    assert client.add(listing(), CODES).arrived == frozenset(CODES)
    client.close()


def test_shopify_is_asked_again_where_a_query_was_too_dear(shop: FakeShop, url: str) -> None:
    slept: list[float] = []
    throttled = {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}
    shop.instead = lambda number: as_json(throttled) if number == 1 else None
    client = opened("shopify", url, slept)
    assert client.add(listing(), CODES).arrived == frozenset(CODES)
    shop.instead = lambda _: as_json({"errors": [{"message": "No", "extensions": {"code": "ACCESS_DENIED"}}]})
    with pytest.raises(ShopError, match="refuses: No") as caught:
        client.add(listing(), ["NEW-1"])
    assert "write_discounts" in caught.value.remedy
    client.close()


def test_shopify_is_not_waited_for_without_end(shop: FakeShop, url: str) -> None:
    shop.queued = 10**6
    slept: list[float] = []
    client = opened("shopify", url, slept)
    with pytest.raises(ShopError, match="still at it"):
        client.add(listing(), CODES)
    assert len(slept) == 5
    client.close()


def test_woocommerce_gets_coupons_of_each_kind(shop: FakeShop, url: str) -> None:
    client = opened("woocommerce", url, [])
    client.add(listing(), ["A"])
    client.add(listing(Amount(minor=1050, currency="USD")), ["B"])
    client.add(listing(FreeDelivery(), is_own=False), ["C"])
    kinds = {code: (it["discount_type"], it["amount"]) for code, it in shop.coupons.items()}
    assert kinds == {"a": ("percent", "15"), "b": ("fixed_cart", "10.50"), "c": ("fixed_cart", "0")}
    assert [it.get("usage_limit") for it in shop.coupons.values()] == [1, 1, None]
    assert shop.coupons["c"]["free_shipping"] is True
    client.close()
