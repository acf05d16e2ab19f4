"""The filters `date`, `money` and `number`: as people write them in the contact's language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_precision
from jinja2 import pass_context
from jinja2.runtime import Context

from nurture.messages.amounts import write_amount
from nurture.messages.bounds import TooMuch

FALLBACK = "en"
_LONGEST_STYLE = 64
"""Characters of a pattern or of a currency's name: what was written in it is remembered."""
_LARGEST = 30
"""Digits before and behind the point: 1e999999999 is not written out."""


@lru_cache(maxsize=512)
def locale_of(text: str, fallback: str = FALLBACK) -> Locale:
    """The best known locale for `de-AT`, `de_at` or `de`; for what nobody knows, `fallback`."""
    for candidate in (text, text.replace("_", "-").partition("-")[0], fallback, FALLBACK):
        try:
            return Locale.parse(candidate.replace("_", "-"), sep="-")
        except (ValueError, UnknownLocaleError, TypeError):
            continue
    return Locale("en")


@lru_cache(maxsize=64)
def minor_units(currency: str) -> int:
    """How many minor units make one: 100 for USD, 1 for JPY."""
    return int(10 ** get_currency_precision(currency))


@lru_cache(maxsize=4096)
def _date(value: Date, style: str, locale: str) -> str:
    return format_date(value, style, locale_of(locale))


@lru_cache(maxsize=4096)
def _number(value: Decimal, digits: int, locale: str) -> str:
    pattern = "#,##0." + "0" * digits if digits > 0 else "#,##0" if digits == 0 else None
    return format_decimal(value, pattern, locale_of(locale))


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= _LARGEST else None


@pass_context
def date(context: Context, value: Any, style: str = "long") -> str:
    """`{{ offer.expires_at|date }}`: 7 July 2026. Style: short, medium, long, full, or a pattern (d MMMM)."""
    if not isinstance(value, Date):
        return str(value)
    if len(style) > _LONGEST_STYLE:
        raise TooMuch(f"the pattern of a date has at most {_LONGEST_STYLE} characters")
    # The calendar day: a datetime carries its zone already, and the day is what keeps the cache small.
    return _date(Date(value.year, value.month, value.day), style, context.get("_locale") or FALLBACK)


@pass_context
def money(context: Context, value: Any, currency: str = "") -> str:
    """`{{ orders.total|money }}`: $1,234.50, in the workspace's currency unless another is said."""
    number = _decimal(value)
    if number is None or len(currency) > _LONGEST_STYLE:
        return str(value)
    locale = locale_of(context.get("_locale") or FALLBACK)
    return write_amount(number, currency or context.get("_currency") or "USD", locale)


@pass_context
def number(context: Context, value: Any, digits: int = -1) -> str:
    """`{{ orders.count|number }}`: 1,234; with `number(2)` always two digits behind the point."""
    it = _decimal(value)
    return str(value) if it is None else _number(it, min(digits, 12), context.get("_locale") or FALLBACK)


FILTERS: dict[str, Callable[..., Any]] = {"date": date, "money": money, "number": number}
"""By the names that templates use."""
