"""What messages earned, in words: how orders are credited, and which verdicts that stands on."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import get_currency_precision

from nurture.clock import DAY, HOUR, MINUTE, Span
from nurture.engagement.attribution import Model, Way
from nurture.engagement.signs import RULES
from nurture.reports.figures import number
from nurture.settings.attribution import Attribution

MODELS: dict[Model, str] = {
    "last-click": "credited to the message clicked last",
    "first-click": "credited to the message clicked first",
    "linear": "shared equally among the messages clicked",
}


def way_of(settings: Attribution, model: Model | None = None) -> Way:
    """As [attribution] says, or by another model."""
    return Way(model=model or settings.model, within=settings.span)


def way_in_words(way: Way, currency: str) -> str:
    """revenue in EUR: orders that stand, credited to the message clicked last within 5 days before them."""
    within = span_in_words(way.within)
    return f"revenue in {currency}: orders that stand, {MODELS[way.model]} within {within} before them"


def verdicts_in_words(older: int) -> str:
    """Which rules opens and clicks stand on; `older`: how many hits are still judged by others."""
    said = f"opens and clicks by people, judged by rules {RULES}"
    if not older:
        return said
    return f"{said}; {number(older)} {'hits' if older > 1 else 'hit'} still by others: nurture rescore"


def span_in_words(span: Span) -> str:
    """5 days, 12 hours, 90 minutes."""
    for unit, name in ((DAY, "day"), (HOUR, "hour")):
        if span % unit == 0:
            count = span // unit
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{span // MINUTE} minutes"


def major(amount: int, currency: str) -> Decimal:
    """An amount in minor units as one in the currency."""
    return Decimal(amount).scaleb(-get_currency_precision(currency))


def whole(amount: int, currency: str) -> str:
    """The same rounded to whole units of the currency, for tables."""
    return number(round(major(amount, currency)))
