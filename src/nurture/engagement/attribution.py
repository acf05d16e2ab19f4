"""Which messages an order is credited to: by a person's clicks before it.

A view, not a record: clicks and orders are what happened, and another model reads the same history in another way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.clock import Moment, Span
from nurture.delivery.outcome import MessageKey

Model: TypeAlias = Literal["last-click", "first-click", "linear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How orders are credited."""

    model: Model = "last-click"
    """last-click: to the message whose link was followed last before the order; first-click: to the first of those
    within the time; linear: to all of them, in equal shares."""
    within: Span
    """How long before the order a click counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One click of a person on a link of a message."""

    key: MessageKey
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """One order of the same person."""

    id: int
    at: Moment
    amount: int
    """In minor units."""
    undone: bool = False
    """Refunded or cancelled: it earned nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What a message has of an order."""

    key: MessageKey
    order: int
    amount: int
    """In minor units. The shares of an order add up to its amount."""
    undone: bool = False
    """The order was refunded or cancelled: this is not earned, but given back."""


def credit(orders: Iterable[Bought], touches: Sequence[Touch], way: Way) -> tuple[Credit, ...]:
    """The credits of one person's orders, in the order of `orders`; an order without a click before it has none."""
    return tuple(
        Credit(key=key, order=it.id, amount=amount, undone=it.undone)
        for it in orders
        for key, amount in _shares(it, touches, way)
    )


def _shares(order: Bought, touches: Sequence[Touch], way: Way) -> list[tuple[MessageKey, int]]:
    clicked: dict[MessageKey, list[Moment]] = defaultdict(list)
    for touch in touches:
        if order.at - way.within <= touch.at <= order.at:
            clicked[touch.key].append(touch.at)
    if not clicked:
        return []
    match way.model:
        case "last-click":
            return [(max(clicked, key=lambda key: (max(clicked[key]), key)), order.amount)]
        case "first-click":
            return [(min(clicked, key=lambda key: (min(clicked[key]), key)), order.amount)]
        case "linear":
            keys = sorted(clicked, key=lambda key: (min(clicked[key]), key))
            return list(zip(keys, _split(order.amount, len(keys)), strict=True))


def _split(amount: int, parts: int) -> list[int]:
    """`amount` in shares that differ by one at most and add up to it; the first ones have what is left over."""
    share, over = divmod(abs(amount), parts)
    sign = -1 if amount < 0 else 1
    return [sign * (share + (place < over)) for place in range(parts)]
