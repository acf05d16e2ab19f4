"""Values that stand by themselves: what was written down, and cells taken as what they should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Null, null

from nurture.audience.expressions.tree import Constant
from nurture.audience.expressions.types import Type
from nurture.store.expressions.asking import NO, YES, moment, number, text
from nurture.store.expressions.json_cell import Cell
from nurture.store.expressions.truth import Read


def reckoned(
    value: ColumnElement[Any], reckon: Callable[[ColumnElement[Any]], ColumnElement[Any]]
) -> ColumnElement[Any]:
    """What comes of a value; of NULL, NULL, which has no type to reckon with."""
    return value if isinstance(value, Null) else reckon(value)


def constant(node: Constant) -> ColumnElement[Any]:
    """What was written down."""
    match node.value:
        case None:
            return null()
        case bool() as value:
            return YES if value else NO
        case str() as value:
            return text(value)
        case int() as value if node.type is Type.MOMENT:
            return moment(value)
        case value:
            return number(value)


def of_type(found: Cell, kind: Type) -> Read:
    """The cell where it has that type; a date as text is a moment."""
    match kind:
        case Type.NUMBER:
            return Read(value=found.number)
        case Type.TEXT:
            return Read(value=found.text)
        case Type.YES_NO:
            return Read(value=found.flag)
        case Type.MOMENT:
            return found.moment
        case Type.TEXTS | Type.UNKNOWN:
            return Read(value=null())
        case _:
            assert_never(kind)
