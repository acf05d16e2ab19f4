"""Two numbers reckoned with as the predicate does: beyond bounds, and divided by 0, they are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Double, Null, and_, case, func, null, select

from nurture.audience.expressions.tree import Arithmetic
from nurture.audience.expressions.values import TOO_BIG, TOO_SMALL
from nurture.store.expressions.asking import Asking, number

_CALLED: Mapping[str, str] = {
    "+": "nurture_add",
    "-": "nurture_subtract",
    "*": "nurture_multiply",
    "/": "nurture_divide",
}
_Guards = list[tuple[ColumnElement[bool], Any]]

_FAR, _NEAR = 1e305, 1e-305
"""Well outside of our bounds, well within those of a double."""


def arithmetic(
    asking: Asking, node: Arithmetic, left: ColumnElement[Any], right: ColumnElement[Any]
) -> ColumnElement[Any]:
    """`left op right`."""
    if isinstance(left, Null) or isinstance(right, Null):
        return null()
    if asking.dialect == "sqlite":
        called: ColumnElement[float] = getattr(func, _CALLED[node.op])(left, right, type_=Double)
        return called
    # Each side is written once, or a long sum would double in length with every term. Without the offset the
    # planner puts them in for their names.
    sides = select(left.label("one"), right.label("other")).offset(0).correlate_except(None).subquery()
    one, other = sides.c.one, sides.c.other
    result: ColumnElement[Any]
    guards: _Guards
    match node.op:
        case "+":
            result, guards = one + other, []
        case "-":
            result, guards = one - other, []
        case "*":
            result, guards = one * other, _of_product(one, other)
        case "/":
            result, guards = one / other, _of_quotient(one, other)
    bounded = case(
        *guards,
        (func.abs(result) >= number(TOO_BIG), None),
        (func.abs(result) < number(TOO_SMALL), number(0)),
        else_=result,
    )
    return select(bounded).scalar_subquery()


def _of_product(one: ColumnElement[Any], other: ColumnElement[Any]) -> _Guards:
    """PostgreSQL raises an error at what a double cannot hold, so that is asked first."""
    here, there = func.abs(one), func.abs(other)
    return [
        (and_(there > number(1), here > number(_FAR) / there), None),
        (and_(there < number(1), there > number(0), here < number(_NEAR) / there), number(0)),
    ]


def _of_quotient(one: ColumnElement[Any], other: ColumnElement[Any]) -> _Guards:
    here, there = func.abs(one), func.abs(other)
    return [
        (other == number(0), None),
        (and_(there < number(1), here > number(_FAR) * there), None),
        (and_(there > number(1), here < number(_NEAR) * there), number(0)),
    ]
