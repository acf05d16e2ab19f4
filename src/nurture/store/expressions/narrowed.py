"""An expression as a condition in SQL on the rows of `contacts`.

Where SQL cannot say what Python would, there are two conditions: one that loses nobody who fits, and one that
holds for nobody who does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, not_, true

from nurture.audience.expressions import Expression
from nurture.store.expressions.asking import Asking
from nurture.store.expressions.reader import Reader
from nurture.store.expressions.truth import surely


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """Who fits, as far as SQL can tell: conditions that are never NULL, on a query with `contacts` in its FROM."""

    possible: ColumnElement[bool]
    """Holds for all who fit."""
    certain: ColumnElement[bool]
    """Holds for none who do not fit."""

    @property
    def exact(self) -> bool:
        """Whether both are the same, and nothing is left to ask."""
        return self.possible is self.certain

    @property
    def doubt(self) -> ColumnElement[bool]:
        """Of whom the predicate must be asked."""
        return and_(self.possible, not_(self.certain))


def narrowed(expression: Expression | None, asking: Asking) -> Narrowed:
    """Those for whom `expression` holds by the facts that `gather` reads; None is everybody.

    As `expression.holds(facts, asking.now)` of somebody in no campaign, or on the line `asking.line` of one.
    """
    truth = Reader(asking).truth(expression.tree) if expression else surely(true())
    return Narrowed(possible=truth.possible, certain=truth.certain)


def condition(expression: Expression | None, asking: Asking) -> ColumnElement[bool]:
    """The same where it is exact. Raises ValueError where it is not."""
    found = narrowed(expression, asking)
    if not found.exact:
        raise ValueError(f"only Python can tell for whom this holds: {expression and expression.text}")
    return found.possible
