"""nurture offers and nurture codes push, as a person meets them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.cli import Nurture
from support.corner import files
from support.shop_api import TOKEN, FakeShop, shop_server

OFFERS = """\
spring-sale:
  kind: loyalty
  says: 15% off for you
  discount: 15%
  code: {unique: ahead}
  expires: 14 days
  at most: {codes: 100, discount: 50 USD}
"""
TOML = """\
[sender]
from = "Shop <hello@shop.example>"
address = "1 Main Street"
[topics]
offers = "Offers"
[shops.main]
kind = "shopify"
url = "%s"
"""
HEAD = "order_id,email,ordered_at,sku,quantity,amount,code\n"


@pytest.fixture
def shop() -> FakeShop:
    return FakeShop(queued=0)


@pytest.fixture
def nurture(tmp_path: Path, made_file: Path, monkeypatch: pytest.MonkeyPatch) -> Nurture:
    """A workspace with one offer in force, and three codes of it."""
    nurture = Nurture(tmp_path)
    shutil.copyfile(made_file, tmp_path / "nurture.db")
    for path, text in files({}).items():
        nurture.file(path, text)
    nurture.file("campaigns/offers.yaml", OFFERS)
    monkeypatch.setenv("NURTURE_SHOPS_MAIN_TOKEN", TOKEN)
    monkeypatch.setenv("NURTURE_SECRET", "a secret for tests")
    nurture.file("nurture.toml", TOML % "https://shop.example")
    nurture.ok("apply", "--yes")
    nurture.ok("codes", "make", "spring-sale", "--count", "3")
    return nurture


def test_codes_are_pushed_used_and_told(nurture: Nurture, shop: FakeShop) -> None:
    with shop_server(shop) as url:
        nurture.file("nurture.toml", TOML % url)
        assert nurture.ok("codes", "push", "spring-sale", "--to", "main").out == "3 codes arrived.\n"
        again = nurture.ok("codes", "push", "spring-sale", "--to", "main", "--json").document
    assert again == {"offer": "spring-sale", "shop": "main", "arrived": 0, "refused": 0, "why": {}}
    code = next(iter(shop.codes))
    orders = nurture.file("orders.csv", f"{HEAD}o1,eve@example.test,2026-03-02,R-1,1,85.00,{code}\n")
    nurture.ok("import", "orders", orders)
    told = " ".join(nurture.ok("offers", "spring-sale").out.split())
    assert "1 not given" in told
    assert f"{code.upper()}, order o1 by eve@example.test: nobody had been given it" in told
    (offer,) = nurture.ok("offers", "--json").document["offers"]
    assert (offer["free"], offer["redeemed"], offer["discount_given"]) == (2, 1, 15.0)
    assert offer["misuse"][0]["order"] == "o1"
    assert "spring-sale: 1 use to look at" in nurture.ok("offers").out


def test_the_table_fits_a_narrow_terminal(nurture: Nurture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nurture.cli.console.out._width", 40)
    for told in (nurture.ok("offers").out, nurture.ok("offers", "spring-sale").out):
        assert max(map(len, told.splitlines())) <= 40, told


def test_an_offer_of_another_name_has_a_near_miss(nurture: Nurture) -> None:
    ran = nurture("offers", "spring-sail")
    assert (ran.status, 'Did you mean "spring-sale"?' in ran.err) == (2, True)
    assert nurture("codes", "push", "spring-sail", "--to", "main").status == 2
    ran = nurture("codes", "push", "spring-sale", "--to", "mine")
    assert (ran.status, "There are: main" in ran.err) == (2, True)


def test_what_the_shop_refuses_ends_with_1_and_names_it(nurture: Nurture, shop: FakeShop) -> None:
    (code, *_) = (it["code"] for it in nurture.ok("codes", "list", "spring-sale", "--json").document["codes"])
    shop.codes[code.lower()] = "gid://shopify/DiscountCodeNode/99"
    with shop_server(shop) as url:
        nurture.file("nurture.toml", TOML % url)
        ran = nurture("codes", "push", "spring-sale", "--to", "main")
    assert (ran.status, ran.out) == (1, "2 codes arrived.\n")
    assert f"refused: {code}: Code must be unique" in ran.err
