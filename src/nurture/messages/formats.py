"""The filters `date`, `money` and `number`: as people write them in the contact's language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision
from jinja2 import pass_context
from jinja2.runtime import Context

FALLBACK = "en"


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
def _money(value: Decimal, currency: str, locale: str) -> str:
    return format_currency(value, currency, locale=locale_of(locale))


@lru_cache(maxsize=4096)
def _number(value: Decimal, digits: int, locale: str) -> str:
    pattern = "#,##0." + "0" * digits if digits > 0 else "#,##0" if digits == 0 else None
    return format_decimal(value, pattern, locale_of(locale))


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


@pass_context
def date(context: Context, value: Any, style: str = "long") -> str:
    """`{{ offer.expires_at|date }}`: 7 July 2026. Style: short, medium, long, full, or a pattern (d MMMM)."""
    if not isinstance(value, Date):
        return str(value)
    # The calendar day: a datetime carries its zone already, and the day is what keeps the cache small.
    return _date(Date(value.year, value.month, value.day), style, context.get("_locale") or FALLBACK)


@pass_context
def money(context: Context, value: Any, currency: str = "") -> str:
    """`{{ orders.total|money }}`: $1,234.50, in the workspace's currency unless another is said."""
    number = _decimal(value)
    if number is None:
        return str(value)
    return _money(number, currency or context.get("_currency") or "USD", context.get("_locale") or FALLBACK)


@pass_context
def number(context: Context, value: Any, digits: int = -1) -> str:
    """`{{ orders.count|number }}`: 1,234; with `number(2)` always two digits behind the point."""
    it = _decimal(value)
    return str(value) if it is None else _number(it, min(digits, 12), context.get("_locale") or FALLBACK)


FILTERS: dict[str, Callable[..., Any]] = {"date": date, "money": money, "number": number}
"""By the names that templates use."""
