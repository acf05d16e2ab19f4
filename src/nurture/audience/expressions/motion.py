"""How a value moves while only time passes: not at all, in steps, along a straight line, or otherwise."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TypeAlias

from nurture.audience.expressions.predicate import compiled
from nurture.audience.expressions.tree import (
    Arithmetic,
    As,
    DaysSince,
    EngagementFact,
    LastEvent,
    Negative,
    Node,
    Now,
    OrderFact,
    StageFact,
)
from nurture.audience.facts import Facts
from nurture.clock import DAY, Moment

Slope: TypeAlias = Callable[[Facts, Moment], float]
"""How much a value grows a microsecond."""


class Motion(IntEnum):
    """From the calmest to the wildest."""

    STILL = 0
    STEPS = 1
    LINE = 2
    OTHER = 3


def motion(node: Node) -> Motion:
    """How the value of `node` moves. Conditions are not asked: see `flips.py`."""
    match node:
        case Now():
            return Motion.LINE
        case (
            StageFact(name="days")
            | OrderFact(name="days_since_last")
            | EngagementFact(name="days_since_last")
        ):
            return Motion.LINE
        case OrderFact(window=window) | EngagementFact(window=window):
            return Motion.STEPS if window else Motion.STILL
        case LastEvent():
            return Motion.STEPS
        case DaysSince(of=of):
            return max(Motion.LINE, motion(of))
        case As(of=of) | Negative(of=of):
            return motion(of)
        case Arithmetic(op=op, left=left, right=right):
            one, other = motion(left), motion(right)
            if op == "*" and one >= Motion.LINE and other >= Motion.LINE:
                return Motion.OTHER
            if op == "/" and other >= Motion.LINE:
                return Motion.OTHER
            return max(one, other)
        case _:
            return Motion.STILL


def _flat(facts: Facts, now: Moment) -> float:
    return 0.0


def slope(node: Node) -> Slope:
    """How steep `node` is where it moves along a line at most."""
    if motion(node) < Motion.LINE:
        return _flat
    match node:
        case Now():
            return lambda facts, now: 1.0
        case DaysSince(of=of):
            inner = slope(of)
            return lambda facts, now: (1.0 - inner(facts, now)) / DAY
        case Negative(of=of):
            inner = slope(of)
            return lambda facts, now: -inner(facts, now)
        case As(of=of):
            return slope(of)
        case Arithmetic():
            return _slope_of_arithmetic(node)
        case _:
            return lambda facts, now: 1.0 / DAY


def _slope_of_arithmetic(node: Arithmetic) -> Slope:
    one, other = slope(node.left), slope(node.right)
    left, right = compiled(node.left), compiled(node.right)
    match node.op:
        case "+":
            return lambda facts, now: one(facts, now) + other(facts, now)
        case "-":
            return lambda facts, now: one(facts, now) - other(facts, now)
        case "*":
            return lambda facts, now: (
                one(facts, now) * (right(facts, now) or 0) + other(facts, now) * (left(facts, now) or 0)
            )
        case "/":
            return lambda facts, now: one(facts, now) / (right(facts, now) or 1)
