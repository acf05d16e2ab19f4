"""The moment that an expression stands for: `offer.expires_at`, or `contact.renews_at`, a date in a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias
from zoneinfo import ZoneInfo

from nurture.audience.expressions.expression import Expression
from nurture.audience.expressions.predicate import compiled
from nurture.audience.expressions.tree import As, Constant
from nurture.audience.expressions.types import SAID, Type
from nurture.audience.expressions.values import moment_in
from nurture.audience.facts import Facts
from nurture.clock import Moment
from nurture.errors import ExpressionError

Dated: TypeAlias = Callable[[Facts, Moment, ZoneInfo], Moment | None]
"""(facts, now, zone) to a moment, None where it is missing; a date written as text is local to the zone."""


def dated(expression: Expression) -> Dated:
    """Have `expression` read as a moment. Raises ExpressionError where it can never be one."""
    tree = expression.tree
    if tree.type not in (Type.MOMENT, Type.UNKNOWN) or isinstance(tree, Constant):
        said = "none" if isinstance(tree, Constant) and tree.value is None else SAID[tree.type]
        raise ExpressionError(
            f"this is {said}, not a date",
            column=0,
            length=len(expression.text),
            hint="name a fact that is a date, such as offer.expires_at or contact.renews_at",
        )
    value = compiled(tree.of if isinstance(tree, As) else tree)
    return lambda facts, now, zone: moment_in(value(facts, now), zone)
