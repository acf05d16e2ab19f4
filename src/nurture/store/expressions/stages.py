"""Where a contact stands, in the business or on a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Text, false, func, null, or_, select

from nurture.audience.expressions.tree import Place, StageFact
from nurture.store.expressions.asking import (
    CONTACTS,
    NOBODY,
    YES,
    Asking,
    days_between,
    flag,
    holds,
    text,
)
from nurture.store.expressions.orders import line_of
from nurture.store.statements import table
from nurture.store.tables import LineRow, StageRow

_LINES = table(LineRow)
_STAGES = table(StageRow)


def stage_fact(asking: Asking, node: StageFact) -> ColumnElement[Any]:
    """`name`, `since` or `days`; NULL where there is no such line."""
    line = line_of(asking, node.place)
    if line is None:
        return null()
    stages = _STAGES.alias()
    if node.name == "name":
        return func.coalesce(_read(stages, line, stages.c.stage), text(asking.first_stage), type_=Text)
    # Who never moved stands where they are since they are known.
    moved = func.nullif(_read(stages, line, stages.c.since), NOBODY)
    since = func.coalesce(moved, CONTACTS.c.created_at, type_=BigInteger)
    return days_between(since, asking.now) if node.name == "days" else since


def stage_is(asking: Asking, place: Place, names: Sequence[ColumnElement[str]]) -> ColumnElement[bool]:
    """Whether the stage is one of `names` or lies under one. Never NULL."""
    line = line_of(asking, place)
    if line is None or not names:
        return false()
    stages = _STAGES.alias()
    stored = _read(stages, line, flag(_matches(stages.c.stage, names)))
    first = flag(_matches(text(asking.first_stage), names))
    return func.coalesce(stored, first, type_=Integer) == YES


def line_name(asking: Asking) -> ColumnElement[Any]:
    """The name of the line that `line` means; NULL where it means none."""
    if asking.line is None:
        return null()
    if isinstance(asking.line, int):
        return text(next((name for name, id_ in asking.lines.items() if id_ == asking.line), ""))
    lines = _LINES.alias()
    name = select(lines.c.name).where(lines.c.id == asking.line).correlate_except(lines)
    return func.coalesce(name.scalar_subquery(), text(""), type_=Text)


def _read(stages: Any, line: ColumnElement[int], value: ColumnElement[Any]) -> ColumnElement[Any]:
    of = select(value).where(stages.c.contact_id == CONTACTS.c.id, stages.c.line_id == line)
    return of.correlate_except(stages).scalar_subquery()


def _matches(stage: ColumnElement[str], names: Sequence[ColumnElement[str]]) -> ColumnElement[bool]:
    below = (func.substr(stage, 1, func.length(name) + 1, type_=Text) == name.concat("/") for name in names)
    return holds(or_(*(stage == name for name in names), *below))
