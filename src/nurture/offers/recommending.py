"""What goes with what: how sure it is, what is offered in its place, and why, in words."""

from __future__ import annotations

from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["", "up"]
"""What a template asked for: what goes with what they own, or the next larger or better of it."""

DEFAULT = 3
"""How many products `recommend()` gives."""

MOST = 12
"""How many it gives at the most."""

LEAST_HELD = 3
"""Two products go together from so many orders (or people) on that had both; more in a larger shop, see `support`."""

LEAST_LIFT = 1.2
"""And only where they are had together so much oftener than chance would have it."""

DOUBT = 3
"""A pair is ranked as if chance alone had brought together so many more: what three orders say is worth less than what
three hundred do, however rare the goods."""

STEP_UP = (1.1, 2.5)
"""The next larger or better costs at least and at most so many times as much as what they buy."""


def support(counted: int) -> int:
    """How many of `counted` orders, or people, have to have had both: one in 20,000, and never fewer than three."""
    return max(LEAST_HELD, counted // 20_000)


def why_together(name: str, held: int, lift: float, *, by_people: bool) -> str:
    """Why a product goes with `name`, which they own."""
    who = f"{held:,} people bought both" if by_people else f"{held:,} orders held both"
    return f"goes with {name}, which they bought: {who}, {lift:.1f} times as many as by chance"


def why_best_seller(line: str, orders: int) -> str:
    """Why a product is offered that goes with nothing of theirs, as far as is known."""
    where = f" in {line}" if line else ""
    return f"sells best{where} of what they do not have: {orders:,} {_orders(orders)} held it"


def why_up(name: str, orders: int, dearer: float) -> str:
    """Why a product is the next step up from `name`; `dearer` is its price divided by what they pay now."""
    return (
        f"the next one up from {name}, which they bought {_times(orders)}: it costs {dearer - 1:.0%} more, and of "
        "such it sells best"
    )


def _orders(count: int) -> str:
    return "order" if count == 1 else "orders"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
