"""Working with values that may be missing or of another type than hoped: comparing, reckoning, coercing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from nurture.audience.expressions.readers import same
from nurture.audience.expressions.types import Type
from nurture.audience.facts import Facts
from nurture.audience.zones import zone_of
from nurture.clock import NEVER, Moment, parse_iso

TOO_BIG = 1e300
"""From here on a number is missing, on both sides of zero."""

TOO_SMALL = 1e-300
"""Nearer to zero than this a number is zero."""

_WHOLE = 2**53
"""Up to here a float holds every whole number."""


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
    return None if one is None or other is None else bounded(one + other)


def subtract(one: float | None, other: float | None) -> float | None:
    """Missing where either is."""
    return None if one is None or other is None else bounded(one - other)


def multiply(one: float | None, other: float | None) -> float | None:
    """Missing where either is."""
    return None if one is None or other is None else bounded(one * other)


def divide(one: float | None, other: float | None) -> float | None:
    """Always a float; missing where either is, or `other` is 0."""
    return None if one is None or other is None or other == 0 else bounded(one / other)


def negate(one: float | None) -> float | None:
    """Missing where it is."""
    return None if one is None else -one


def bounded(value: float) -> float | None:
    """`value` as databases reckon with it too: as a float where it is not a small whole number."""
    if not -TOO_BIG < value < TOO_BIG:
        return None
    if -TOO_SMALL < value < TOO_SMALL:
        return 0
    return value if -_WHOLE <= value <= _WHOLE else float(value)


ARITHMETIC: Mapping[str, Callable[[float | None, float | None], float | None]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
}


def one_of(value: Any, items: tuple[Any, ...]) -> bool:
    """A missing value is one of nothing."""
    return value is not None and value in items and any(same(value, it) for it in items)


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
            return bounded(value) if _is_number(value) else None
        case Type.TEXT:
            return value if isinstance(value, str) else None
        case Type.YES_NO:
            return value if isinstance(value, bool) else None
        case Type.MOMENT:
            return moment_in(value, zone_of(facts.contact, ZoneInfo(zone)))
        case _:
            return value


def moment_in(value: Any, zone: ZoneInfo) -> Moment | None:
    """The moment that an attribute or a property says; a date without an offset is local to `zone`."""
    if isinstance(value, str):
        return _moment(value, zone)
    return int(value) if _is_number(value) and -NEVER < value < NEVER else None


@lru_cache(maxsize=4096)
def _moment(text: str, zone: ZoneInfo) -> Moment | None:
    try:
        return parse_iso(text, zone)
    except (ValueError, OverflowError):
        return None
