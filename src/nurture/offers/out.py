"""Why no code of an offer is left, in words."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_never

from babel.numbers import get_currency_precision

from nurture.offers.discount import Amount
from nurture.offers.offer import Ahead, ForAll, Offer, Pool, Unique


def all_given(offer: Offer) -> str:
    """Its limit on codes is reached."""
    most = offer.most_codes or 0
    return "its one code is given" if most == 1 else f"all {most:,} codes are given"


def discount_spent(most: Amount) -> str:
    """Its limit on the discount is reached."""
    return f"{say_amount(most)} of discount are given"


def none_left(offer: Offer) -> str:
    """Nothing is left of what was made before."""
    match offer.codes:
        case Pool(file=file):
            return f"no code of {file} is left"
        case Ahead():
            return "no code is left that was made ahead and that the shop knows"
        case Unique() | ForAll() | None:
            return "no code could be made"
        case other:
            assert_never(other)


def say_amount(amount: Amount) -> str:
    """5,000 USD."""
    digits = get_currency_precision(amount.currency)
    whole = Decimal(amount.minor).scaleb(-digits)
    return f"{whole:,.{0 if whole == whole.to_integral_value() else digits}f} {amount.currency}"
