"""Working with values that may be missing or of another type than hoped: comparing, reckoning, coercing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from nurture.audience.expressions.types import Type
from nurture.audience.facts import Facts
from nurture.clock import Moment, parse_iso

_TOO_BIG = 1e300


def _missing_is_false(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(one: Any, other: Any) -> bool:
        return one is not None and other is not None and compare(one, other)

    return compared


def _alike_only(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(one: Any, other: Any) -> bool:
        alike = (_is_number(one) and _is_number(other)) or (isinstance(one, str) and isinstance(other, str))
        return alike and compare(one, other)

    return compared


_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {op: _missing_is_false(it) for op, it in _ORDER.items()}
"""Comparisons of values of one type, either of which may be missing."""

COMPARED_LOOSELY: Mapping[str, Callable[[Any, Any], bool]] = {
    op: _alike_only(it) for op, it in _ORDER.items()
}
"""Comparisons of values of which no type is known: false where they are not alike."""


def add(one: float | None, other: float | None) -> float | None:
    """Missing where either is, or where the sum is beyond reckoning."""
    return None if one is None or other is None else _bounded(one + other)


def subtract(one: float | None, other: float | None) -> float | None:
    """Missing where either is."""
    return None if one is None or other is None else _bounded(one - other)


def multiply(one: float | None, other: float | None) -> float | None:
    """Missing where either is."""
    return None if one is None or other is None else _bounded(one * other)


def divide(one: float | None, other: float | None) -> float | None:
    """Always a float; missing where either is, or `other` is 0."""
    return None if one is None or other is None or other == 0 else _bounded(one / other)


def negate(one: float | None) -> float | None:
    """Missing where it is."""
    return None if one is None else -one


def _bounded(value: float) -> float | None:
    return value if -_TOO_BIG < value < _TOO_BIG else None


ARITHMETIC: Mapping[str, Callable[[float | None, float | None], float | None]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
}


def one_of(value: Any, items: tuple[Any, ...]) -> bool:
    """A missing value is one of nothing."""
    return value is not None and value in items


def contains(whole: Any, part: Any) -> bool:
    """Whether `part` is in the text or the set `whole`."""
    return whole is not None and part is not None and part in whole


def stage_is(name: str | None, names: tuple[str | None, ...]) -> bool:
    """Whether the stage is one of `names` or lies under one: `prospect/decision` under `prospect`."""
    return name is not None and any(
        it is not None and (name == it or name.startswith(it + "/")) for it in names
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def coerced(value: Any, wanted: Type, facts: Facts, zone: str) -> Any:
    """`value` where it is what is wanted, else missing."""
    match wanted:
        case Type.NUMBER:
            return value if _is_number(value) and _bounded(value) is not None else None
        case Type.TEXT:
            return value if isinstance(value, str) else None
        case Type.YES_NO:
            return value if isinstance(value, bool) else None
        case Type.MOMENT:
            if isinstance(value, str):
                return _moment(value, facts.contact.timezone or zone, zone)
            return int(value) if _is_number(value) and _bounded(value) is not None else None
        case _:
            return value


@lru_cache(maxsize=4096)
def _moment(text: str, zone: str, workspace: str) -> Moment | None:
    try:
        place = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        place = ZoneInfo(workspace)
    try:
        return parse_iso(text, place)
    except (ValueError, OverflowError):
        return None
