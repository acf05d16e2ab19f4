"""The goods of an order, after what was given back, as rows of an import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from babel.numbers import get_currency_precision

from nurture.incoming.shops.event import Cell, Row, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of goods. Amounts in major units."""

    sku: str
    quantity: Decimal
    amount: Decimal
    """What was paid for it."""
    quantity_left: Decimal
    amount_left: Decimal
    """After what was given back for it."""


def order_rows(
    head: Mapping[str, Cell],
    lines: Sequence[Line],
    *,
    status: str,
    undone_at: str,
    besides: Decimal = Decimal(),
) -> tuple[Row, ...]:
    """A row for each line. `besides` was given back for no line in particular: all that stand bear their share.

    With a `status` other than paid the whole order is undone; a line of which nothing is left is refunded.
    """
    standing = [it for it in lines if status == "paid" and it.quantity_left > 0]
    digits = get_currency_precision(str(head.get("currency", "")))
    worth = [_minor(max(Decimal(), it.amount_left), digits) for it in standing]
    shares = spread(worth, _minor(max(Decimal(), besides), digits))
    if sum(worth) and not sum(shares):
        standing, shares = [], []
    left = {id(it): Decimal(share).scaleb(-digits) for it, share in zip(standing, shares, strict=True)}
    return tuple(_row(head, it, left.get(id(it)), status, undone_at) for it in lines)


LONGEST_CODES = 100
"""Letters of all codes of an order together: what a row of an import takes."""


def codes(given: Iterable[str]) -> str:
    """The codes of an order as a row bears them, between commas; those that find no room are left out."""
    told = ""
    for code in dict.fromkeys(it for it in given if it):
        longer = f"{told}, {code}" if told else code
        if len(longer) <= LONGEST_CODES:
            told = longer
    return told


def _row(head: Mapping[str, Cell], line: Line, left: Decimal | None, status: str, undone_at: str) -> Row:
    if left is not None:
        more: dict[str, Cell] = {
            "quantity": f"{line.quantity_left:f}",
            "amount": f"{left:f}",
            "status": "paid",
        }
    else:
        undone = status if status != "paid" else "refunded"
        more = {
            "quantity": f"{line.quantity:f}",
            "amount": f"{line.amount:f}",
            "status": undone,
            "refunded_at": undone_at,
        }
    return Row(kind="orders", record={**head, "sku": line.sku, **more})


def _minor(amount: Decimal, digits: int) -> int:
    return int(amount.scaleb(digits).to_integral_value(rounding=ROUND_HALF_EVEN))
