"""Filters that write as people do in the contact's language: dates, amounts, numbers, shares and lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent, get_currency_precision
from jinja2 import pass_context
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from markupsafe import Markup, escape

from nurture.messages.amounts import write_amount
from nurture.messages.bounds import LONGEST, TooMuch, too_long
from nurture.messages.relative_days import days_away

FALLBACK = "en"
_LONGEST_STYLE = 64
"""Characters of a pattern or of a currency's name: what was written in it is remembered."""
_MOST_LISTED = 100
_LISTS: dict[str, Literal["standard", "or"]] = {"and": "standard", "or": "or"}
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


@lru_cache(maxsize=4096)
def _percent(value: Decimal, digits: int, locale: str) -> str:
    written = locale_of(locale).percent_formats[None].pattern
    # "#,##0%": the only 0 is the last digit before the point.
    pattern = written.replace("0", "0." + "0" * digits, 1) if digits > 0 else written
    return format_percent(value, pattern, locale_of(locale))


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


@pass_context
def percent(context: Context, value: Any, digits: int = 0) -> str:
    """`{{ 0.15|percent }}`: 15%; a share, 1 being all of it."""
    it = _decimal(value)
    return str(value) if it is None else _percent(it, min(digits, 12), context.get("_locale") or FALLBACK)


@pass_context
def relative(context: Context, value: Any, days: int = 14) -> str:
    """`{{ offer.expires_at|relative }}`: today, tomorrow, in 3 days; a date where it is more than so many days away."""
    now = context.get("now")
    if not isinstance(value, Date) or not isinstance(now, Date):
        return str(value)
    away = (Date(value.year, value.month, value.day) - Date(now.year, now.month, now.day)).days
    locale = context.get("_locale") or FALLBACK
    if abs(away) > days:
        return _date(Date(value.year, value.month, value.day), "long", locale)
    return days_away(away, locale_of(locale))


def _escaped(context: EvalContext, items: list[Any]) -> list[str]:
    return [escape(it) for it in items] if context.autoescape else [str(it) for it in items]


@pass_context
def listed(context: Context, value: Any, style: str = "and") -> str:
    """`{{ names|listed }}`: a, b, and c; with `listed("or")`: a, b, or c."""
    items = [] if isinstance(value, str) else list(value)
    if len(items) > _MOST_LISTED:
        raise TooMuch(f"a list of more than {_MOST_LISTED} is not written out in words")
    if style not in _LISTS or not items:
        return str(value) if isinstance(value, str) else ""
    shown = _escaped(context.eval_ctx, items)
    if sum(map(len, shown)) > LONGEST:
        raise too_long()
    text = format_list(shown, _LISTS[style], locale_of(context.get("_locale") or FALLBACK))
    return Markup(text) if context.eval_ctx.autoescape else text


FILTERS: dict[str, Callable[..., Any]] = {
    "date": date,
    "listed": listed,
    "money": money,
    "number": number,
    "percent": percent,
    "relative": relative,
}
"""By the names that templates use."""
