"""When two values that move along a line meet, to the microsecond, as the comparison itself sees it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from nurture.audience.expressions.motion import slope
from nurture.audience.expressions.predicate import compiled
from nurture.audience.expressions.tree import Compare, Constant, OrderFact
from nurture.audience.facts import Facts
from nurture.clock import SECOND, Moment

_ORDER: Mapping[str, Callable[[Any, Any], int]] = {
    "==": lambda one, other: (one > other) - (one < other),
    "!=": lambda one, other: (one > other) - (one < other),
    "<": operator.ge,
    ">=": operator.ge,
    "<=": operator.gt,
    ">": operator.gt,
}
"""On which side of `other` a comparison sees `one`; as time passes it changes sides once, or stops in
between."""


def crossing(node: Compare, step: Callable[[Facts, Moment], Moment]) -> Callable[[Facts, Moment], Moment]:
    """When `left` and `right` change sides, or at the latest at the next `step` of either.

    Floats round: so the moment is reckoned first, then looked for around there with the values themselves.
    """
    left, right = compiled(node.left), compiled(node.right)
    rise, other_rise = slope(node.left), slope(node.right)

    order = _ORDER[node.op]

    def flip(facts: Facts, now: Moment) -> Moment:
        end = step(facts, now)
        one, other = left(facts, now), right(facts, now)
        steep = rise(facts, now) - other_rise(facts, now)
        if one is None or other is None or steep == 0:
            return end
        here = order(one, other)
        wait = (other - one) / steep
        if wait < 0 or wait > end - now + SECOND or order(steep, 0) == here:
            return end

        def differs(at: Moment) -> bool:
            return order(left(facts, at), right(facts, at)) != here

        return _search(differs, now, now + max(1, ceil(wait)), end)

    return flip


def _search(differs: Callable[[Moment], bool], now: Moment, guess: Moment, end: Moment) -> Moment:
    """The first moment later than `now` that differs; `end` where none before it does."""
    if end - 1 <= now:
        return end
    same, other = now, min(guess, end - 1)
    stride = 1
    while not differs(other):
        if other >= end - 1:
            return end
        same, other = other, min(other + stride, end - 1)
        stride *= 2
    stride = 1
    while other - stride > same and differs(other - stride):
        other -= stride
        stride *= 2
    same = max(same, other - stride)
    while other - same > 1:
        middle = (same + other) // 2
        if differs(middle):
            other = middle
        else:
            same = middle
    return other


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """A number of recent orders against a fixed one: what matters is when it falls `below` one of these."""

    fact: OrderFact
    below: tuple[int, ...]


def fall_of(node: Compare) -> Fall | None:
    """`node` as a Fall, where it is one."""
    op, fact, constant = node.op, node.left, node.right
    if isinstance(fact, Constant):
        fact, constant = constant, fact
        op = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, op)  # type: ignore[assignment]
    if not isinstance(fact, OrderFact) or not isinstance(constant, Constant):
        return None
    limit = constant.value
    if (
        fact.name != "count"
        or not fact.window
        or isinstance(limit, bool)
        or not isinstance(limit, int | float)
    ):
        return None
    match op:
        case ">=" | "<":
            return Fall(fact=fact, below=(ceil(limit),))
        case ">" | "<=":
            return Fall(fact=fact, below=(floor(limit) + 1,))
        case _:
            return Fall(fact=fact, below=(ceil(limit), floor(limit) + 1))
