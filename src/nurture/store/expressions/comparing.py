"""Values beside one another. All conditions are never NULL, unless they say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Null, and_, cast, exists, false, func, not_, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB

from nurture.audience.expressions.predicate import may_miss
from nurture.audience.expressions.tree import Compare, Operator
from nurture.audience.expressions.types import Type
from nurture.store.expressions.asking import CONTACTS, Asking, as_number, holds, number
from nurture.store.expressions.json_cell import Cell
from nurture.store.expressions.truth import Read

_Value = ColumnElement[Any]

_ORDER: Mapping[str, Callable[[_Value, _Value], ColumnElement[bool]]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def compared(asking: Asking, node: Compare, one: _Value, other: _Value) -> ColumnElement[bool]:
    """Two values of one type. Missing is a value of its own for == and !=, and false for all else."""
    sure = not (may_miss(node.left) or may_miss(node.right))
    match node.op:
        case "==":
            return one == other if sure else _same(one, other)
        case "!=":
            return one != other if sure else not_(_same(one, other))
        case op:
            if isinstance(one, Null) or isinstance(other, Null):
                return false()
            if node.left.type is Type.TEXT:
                one, other = _by_code_point(asking, one), _by_code_point(asking, other)
            found = _ORDER[op](one, other)
            return found if sure else holds(found)


def doubts(one: Read, other: Read) -> tuple[ColumnElement[bool], ...]:
    """Where two compared values may compare otherwise. What is only rough matters where both are near."""
    rough = [it.rough for it in (one, other) if it.rough is not None]
    sure = (*one.unsure, *other.unsure)
    if not rough or isinstance(one.value, Null) or isinstance(other.value, Null):
        return sure
    # A breath more, for what doubles round away.
    near = func.abs(one.value - other.value) <= number((one.off + other.off) * 1.001)
    return (*sure, and_(or_(*rough), holds(near)))


def loosely(asking: Asking, op: Operator, one: Cell, other: Cell) -> ColumnElement[bool]:
    """Two values of which no type is known: where they are not alike, they are not equal, nor more or less."""
    match op:
        case "==":
            return and_(*(_same(here, there) for here, there in _pairs(one, other)))
        case "!=":
            return not_(loosely(asking, "==", one, other))
        case op:
            texts = _by_code_point(asking, one.text), _by_code_point(asking, other.text)
            return holds(or_(_ORDER[op](one.number, other.number), _ORDER[op](*texts)))


def alike(one: Cell, other: Cell) -> ColumnElement[bool]:
    """Whether neither is missing and both are the same, or NULL."""
    return or_(*(here == there for here, there in _pairs(one, other)))


def is_of_type(one: Cell, other: _Value, kind: Type) -> ColumnElement[bool]:
    """Whether neither is missing and `one` is `other`, which is of that type; or NULL."""
    match kind:
        case _ if isinstance(other, Null):
            return false()
        case Type.TEXT:
            return one.text == other
        case Type.YES_NO:
            return one.flag == other
        case Type.MOMENT:
            return one.number == as_number(other)
        case _:
            return one.number == other


def one_of(value: _Value, items: Sequence[_Value]) -> ColumnElement[bool]:
    """Whether the value is one of these, all of one type; a missing one is one of nothing."""
    there = [it for it in items if not isinstance(it, Null)]
    if isinstance(value, Null) or not there:
        return false()
    return holds(or_(*(value == it for it in there)) if len(there) > 1 else value == there[0])


def within(asking: Asking, part: _Value, whole: _Value) -> ColumnElement[bool]:
    """Whether the text `part` is in the text `whole`."""
    if isinstance(part, Null) or isinstance(whole, Null):
        return false()
    found = func.instr(whole, part) if asking.dialect == "sqlite" else func.strpos(whole, part)
    return holds(found > 0)


def tagged(asking: Asking, part: _Value) -> ColumnElement[bool]:
    """Whether the contact has the tag."""
    if isinstance(part, Null):
        return false()
    if asking.dialect == "postgresql":
        return holds(cast(CONTACTS.c.tags, JSONB).op("?", is_comparison=True)(part))
    tags = func.json_each(CONTACTS.c.tags).table_valued("value").alias()
    return exists(select(tags.c.value).where(tags.c.value == part).correlate_except(tags))


def _pairs(one: Cell, other: Cell) -> tuple[tuple[_Value, _Value], ...]:
    return ((one.number, other.number), (one.text, other.text), (one.flag, other.flag))


def _same(one: _Value, other: _Value) -> ColumnElement[bool]:
    if isinstance(one, Null):
        return true() if isinstance(other, Null) else other.is_(None)
    return one.is_(None) if isinstance(other, Null) else one.is_not_distinct_from(other)


def _by_code_point(asking: Asking, value: _Value) -> _Value:
    """PostgreSQL else compares as the database's language does; SQLite compares bytes of UTF-8 anyway."""
    return value.collate("C") if asking.dialect == "postgresql" else value
