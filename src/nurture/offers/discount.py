"""What an offer gives, as a value: read from the text that a marketer wrote, which stays what people are told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from babel.numbers import get_currency_precision, is_currency

from nurture.audience.spans import SpanError, parse_span
from nurture.clock import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent:
    """A share of what is paid."""

    share: Decimal
    """More than 0, at most 1: 15% is 0.15."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """So much money."""

    minor: int
    """In minor units, more than 0: 10 USD are 1000."""
    currency: str
    """Three capitals, as in ISO 4217."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeDelivery:
    """Nothing is paid for delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeTime:
    """Something may be used for a time: `30 days free`."""

    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """Anything else that is free: `a free bag of coffee`."""

    what: str


Discount: TypeAlias = Percent | Amount | FreeDelivery | FreeTime | Gift

_SHARE = re.compile(r"(-?[0-9]{1,9}(?:\.[0-9]{1,6})?)\s*%", re.ASCII)
_AMOUNT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s+([A-Z]{3})", re.ASCII)
_TIME = re.compile(r"(?:free\s+for\s+)?([0-9]+\s*[a-z]+)(?:\s+(?:for\s+)?free)?", re.ASCII | re.IGNORECASE)
_FREE = re.compile(r"\b(?:free|gift|giveaway|complimentary|on the house)\b", re.IGNORECASE)
_DELIVERY = re.compile(r"free\s+(?:delivery|shipping|postage)|(?:delivery|shipping)\s+free", re.IGNORECASE)
_MARKS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY"}
"""Signs of money, each with the code that most mean by it."""
_WAYS = "write 15%, 10 USD, free delivery, 30 days free, or what is free, such as a free bag of coffee"


class DiscountError(ValueError):
    """A text that is no discount. `message` says so, `remedy` what to write instead."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}; {remedy}")
        self.message = message
        self.remedy = remedy


def read_discount(written: str) -> Discount:
    """What the text gives. Raises DiscountError."""
    text = " ".join(written.split())
    shown = f'"{text if len(text) <= 60 else text[:59] + "…"}"'
    if share := _SHARE.fullmatch(text):
        return _percent(share[1], shown)
    if amount := _AMOUNT.fullmatch(text):
        return _amount(amount[1], amount[2], shown)
    if _DELIVERY.fullmatch(text):
        return FreeDelivery()
    if "%" in text:
        raise DiscountError(f"{shown} is more than a share", "write the share alone, such as 15%")
    if _FREE.search(text):
        return _free(text)
    raise DiscountError(f"{shown} is no discount that can be read", _meant(text))


def read_amount(written: str) -> Amount:
    """An amount of money such as 5000 USD. Raises DiscountError."""
    text = " ".join(written.split())
    shown = f'"{text if len(text) <= 60 else text[:59] + "…"}"'
    amount = _AMOUNT.fullmatch(text)
    if amount is None:
        money = _money(text)
        raise DiscountError(
            f"{shown} is not an amount of money", f"write {money or 'a number and a currency: 5000 USD'}"
        )
    return _amount(amount[1], amount[2], shown)


def _percent(number: str, shown: str) -> Percent:
    share = Decimal(number) / 100
    if not 0 < share <= 1:
        raise DiscountError(f"{shown} cannot be given", "a share is more than 0% and at most 100%")
    return Percent(share=share)


def _amount(number: str, currency: str, shown: str) -> Amount:
    if not is_currency(currency):
        raise DiscountError(f"{shown} has no currency that is known", "write its code, such as 10 USD")
    digits = get_currency_precision(currency)
    minor = Decimal(number).scaleb(digits)
    if minor != minor.to_integral_value():
        raise DiscountError(
            f"{shown} cannot be paid",
            f"{currency} has {digits} digits after the point"
            if digits
            else f"{currency} has nothing after the point",
        )
    if not minor:
        raise DiscountError(f"{shown} is nothing", "write an amount of more than 0")
    return Amount(minor=int(minor), currency=currency)


def _free(text: str) -> FreeTime | Gift:
    """A number and a unit of time, else a gift; a time that no calendar agrees on, such as a month, is an error."""
    time = _TIME.fullmatch(text)
    if time is None:
        return Gift(what=text)
    try:
        return FreeTime(span=parse_span(time[1]))
    except SpanError as error:
        if re.match(r"[0-9]+\s*(?:minute|hour|day|week|month|year)", time[1], re.IGNORECASE):
            raise DiscountError(error.message, error.hint) from None
        return Gift(what=text)


def _meant(text: str) -> str:
    if share := re.match(r"([0-9.]+)\s*(?:percent|per cent|pct)", text, re.IGNORECASE):
        return f"write {share[1]}%"
    if money := _money(text):
        return f"write {money}"
    if any(mark in text for mark in _MARKS):
        return "write the currency by its code, such as 10 USD"
    return _WAYS


def _money(text: str) -> str:
    """10 USD for $10, 10€ or 10 usd; empty where it is no money."""
    if match := re.fullmatch(r"([$€£¥])\s*([0-9.]+)|([0-9.]+)\s*([$€£¥])", text):
        return f"{match[2] or match[3]} {_MARKS[match[1] or match[4]]}"
    if match := re.fullmatch(r"([A-Za-z]{3})\s*([0-9.]+)", text):
        return f"{match[2]} {match[1].upper()}"
    if match := re.fullmatch(r"([0-9.]+)\s*([A-Za-z]{3})", text):
        return f"{match[1]} {match[2].upper()}"
    return ""
