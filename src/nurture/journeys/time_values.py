"""The kinds of value that stand behind keys about time: windows, moments, what comes again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import GetCoreSchemaHandler, PlainValidator, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from nurture.journeys.calendar import (
    Anniversary,
    CalendarError,
    PointInTime,
    Recurring,
    Window,
    parse_point,
    parse_recurring,
    parse_window,
)
from nurture.journeys.shape import KEY, Braced, context_of, wrong
from nurture.journeys.values import text

T = TypeVar("T")


def _read(read: Callable[[], T]) -> T:
    try:
        return read()
    except CalendarError as error:
        raise wrong(error.code, error.message, error.hint, error.column, error.length) from None


def _window(value: object, info: ValidationInfo) -> Window:
    written = text(value, info)
    return _read(lambda: parse_window(written))


def _point(value: object, info: ValidationInfo) -> PointInTime:
    return _point_of(value, info, recurring=True)


def _single_point(value: object, info: ValidationInfo) -> PointInTime:
    return _point_of(value, info, recurring=False)


def _point_of(value: object, info: ValidationInfo, *, recurring: bool) -> PointInTime:
    written = text(value, info)
    if isinstance(value, Braced) and "(" in written:
        hint = f"put {KEY} on a line of its own"
        raise wrong("expression-in-braces", "an expression cannot stand inside { } or [ ]", hint)
    return _read(lambda: parse_point(written, context_of(info).parse, recurring=recurring))


def _recurring(value: object, info: ValidationInfo) -> Recurring | Anniversary:
    written = text(value, info)
    return _read(lambda: parse_recurring(written))


@dataclass(frozen=True, slots=True)
class _ReadBy:
    """Has pydantic read a value by `read`, and not look into what an Expression inside it is made of."""

    read: Callable[[object, ValidationInfo], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.read)


WindowValue: TypeAlias = Annotated[Window, PlainValidator(_window)]
PointValue: TypeAlias = Annotated[PointInTime, _ReadBy(_point)]
"""A moment, a date fact, so long before or after one, or the next of what comes again (`tuesday 10:00`)."""
SinglePointValue: TypeAlias = Annotated[PointInTime, _ReadBy(_single_point)]
"""The same, without what comes again."""
RecurringValue: TypeAlias = Annotated[Recurring | Anniversary, PlainValidator(_recurring)]
