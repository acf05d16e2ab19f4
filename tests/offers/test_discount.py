"""What a marketer may write behind `discount:`, and what it comes to."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import DAY
from nurture.offers.discount import (
    Amount,
    Discount,
    DiscountError,
    FreeDelivery,
    FreeTime,
    Gift,
    Percent,
    read_amount,
    read_discount,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("15%", Percent(share=Decimal("0.15"))),
        ("12.5 %", Percent(share=Decimal("0.125"))),
        ("100%", Percent(share=Decimal(1))),
        ("10 USD", Amount(minor=1000, currency="USD")),
        ("10.50 EUR", Amount(minor=1050, currency="EUR")),
        ("500 JPY", Amount(minor=500, currency="JPY")),
        ("1.250 KWD", Amount(minor=1250, currency="KWD")),
        ("free delivery", FreeDelivery()),
        ("Free  shipping", FreeDelivery()),
        ("30 days free", FreeTime(span=30 * DAY)),
        ("2 weeks for free", FreeTime(span=14 * DAY)),
        ("free for 30 days", FreeTime(span=30 * DAY)),
        ("a free bag of coffee", Gift(what="a free bag of coffee")),
        ("buy 2, get 1 free", Gift(what="buy 2, get 1 free")),
        ("2 coffees free", Gift(what="2 coffees free")),
        ("a gift of our choice", Gift(what="a gift of our choice")),
    ],
)
def test_a_discount_is_read_as_it_is_meant(written: str, meant: Discount) -> None:
    assert read_discount(written) == meant


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("0%", "a share is more than 0% and at most 100%"),
        ("-5%", "a share is more than 0% and at most 100%"),
        ("100.001%", "a share is more than 0% and at most 100%"),
        ("15% off", "write the share alone, such as 15%"),
        ("15 percent", "write 15%"),
        ("$10", "write 10 USD"),
        ("10€", "write 10 EUR"),
        ("10 usd", "write 10 USD"),
        ("EUR 10", "write 10 EUR"),
        ("10 XYZ", "write its code, such as 10 USD"),
        ("0.005 USD", "USD has 2 digits after the point"),
        ("10.5 JPY", "JPY has nothing after the point"),
        ("0 USD", "write an amount of more than 0"),
        ("1 month free", "months differ in length; write days, such as 30 days"),
        ("0 days free", "write 1 minute or more"),
        ("something nice", "write 15%, 10 USD, free delivery, 30 days free, or what is free"),
    ],
)
def test_what_is_no_discount_says_what_to_write(written: str, remedy: str) -> None:
    with pytest.raises(DiscountError) as raised:
        read_discount(written)
    assert raised.value.remedy.startswith(remedy)


@given(st.text(max_size=80))
def test_whatever_is_written_is_read_or_refused(written: str) -> None:
    try:
        assert read_discount(written) is not None
    except DiscountError as error:
        assert error.remedy


def test_a_limit_is_an_amount_of_money() -> None:
    assert read_amount("5000 USD") == Amount(minor=500_000, currency="USD")
    with pytest.raises(DiscountError, match="5000 USD"):
        read_amount("5000")
