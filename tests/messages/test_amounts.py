"""Amounts are written as Babel writes them, in every language and currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from nurture.messages.amounts import write_amount

# fmt: off
LANGUAGES = (
    "en", "en-IN", "de", "de-AT", "de-CH", "fr", "es", "pl", "pt-BR", "ar", "fa", "hi", "he", "ja", "sv", "lv",
)
EDGES = ("0", "0.005", "999.995", "1000", "9999.99", "-1", "999999999999.994", "1000000000000")
# fmt: on
LOCALES = tuple(Locale.parse(it, sep="-") for it in LANGUAGES)
AMOUNTS = st.decimals(Decimal("-1e13"), Decimal("1e13"), allow_nan=False, allow_infinity=False, places=3)


@given(AMOUNTS, st.sampled_from(("USD", "EUR", "JPY", "KWD", "CHF", "XYZ")), st.sampled_from(LOCALES))
def test_an_amount_is_written_as_babel_writes_it(amount: Decimal, currency: str, locale: Locale) -> None:
    shown = amount or abs(amount)
    assert write_amount(amount, currency, locale) == format_currency(shown, currency, locale=locale)


@pytest.mark.parametrize("said", EDGES)
def test_so_are_amounts_at_the_edges(said: str) -> None:
    amount = Decimal(said)
    for locale in LOCALES:
        assert write_amount(amount, "EUR", locale) == format_currency(amount, "EUR", locale=locale)


def test_nothing_has_no_sign() -> None:
    for locale in LOCALES:
        assert write_amount(Decimal("-0.0"), "EUR", locale) == write_amount(Decimal("0"), "EUR", locale)
