"""What an order is after money was given back, as the rows that say so. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal

from nurture.clock import Moment
from nurture.incoming.shops.event import LinesBack, OnlyLeft, spread
from nurture.store.orders import LineGiven
from nurture.store.shop_orders import KnownLine, KnownOrder


def after_refund(order: KnownOrder, back: LinesBack | OnlyLeft, at: Moment, digits: int) -> list[LineGiven]:
    """All rows of the order; none where nothing changes. `digits`: after the point, in amounts of its currency.

    A line of which nothing is left is refunded, with what it was; where that is so of all, the order is.
    """
    if order.is_undone:
        return []
    if isinstance(back, OnlyLeft):
        over = sum(it.amount for it in order.lines) - max(0, _minor(back.left, digits))
        lines, gone = list(order.lines), set[str]()
    else:
        lines, gone = _less(order.lines, back, digits)
        over = _minor(back.besides, digits)
    standing = [it for it in lines if it.sku not in gone]
    if over > 0:
        shares = spread([it.amount for it in standing], over)
        if not sum(shares):
            gone |= {it.sku for it in standing}
        standing = [replace(it, amount=share) for it, share in zip(standing, shares, strict=True)]
    left = {it.sku: it for it in standing if it.sku not in gone}
    if all(left.get(it.sku) == it for it in order.lines):
        return []
    return [_row(order, it, left.get(it.sku), at) for it in order.lines]


def _less(lines: Iterable[KnownLine], back: LinesBack, digits: int) -> tuple[list[KnownLine], set[str]]:
    """The lines less the goods that came back, and those of which nothing is left."""
    found, gone = [], set()
    for line in lines:
        taken = [it for it in back.lines if it.sku == line.sku]
        quantity = line.quantity - float(sum(it.quantity for it in taken))
        amount = line.amount - sum(_minor(it.amount, digits) for it in taken)
        if quantity <= 0:
            gone.add(line.sku)
        found.append(replace(line, quantity=quantity, amount=max(0, amount)))
    return found, gone


def _row(order: KnownOrder, line: KnownLine, left: KnownLine | None, at: Moment) -> LineGiven:
    return LineGiven(
        order_id=order.order_id,
        email=order.email,
        ordered_at=order.ordered_at,
        sku=line.sku,
        quantity=(left or line).quantity,
        amount=(left or line).amount,
        status="paid" if left else "refunded",
        undone_at=0 if left else max(at, order.ordered_at),
    )


def _minor(amount: Decimal, digits: int) -> int:
    return int(amount.scaleb(digits).to_integral_value(rounding=ROUND_HALF_EVEN))
