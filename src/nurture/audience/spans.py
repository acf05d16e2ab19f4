"""Lengths of time as people write them: `3 days`, `90 minutes`, `2 weeks`."""

from __future__ import annotations

import difflib
import re

from nurture.clock import DAY, HOUR, MINUTE, SECOND, WEEK, Span

_UNITS: dict[str, Span] = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}
_LONGER = {"month": 30, "year": 365}
"""What is no unit, and about how many days it has."""
_WRITTEN = re.compile(r"([0-9]{1,9})\s+([a-z]+)", re.ASCII | re.IGNORECASE)
_NEARLY = re.compile(r"([0-9]{1,9}(?:[.,][0-9]+)?)\s*([a-z]*)", re.ASCII | re.IGNORECASE)
_LONGEST: Span = 36_525 * DAY


class SpanError(ValueError):
    """A text that is no length of time. `message` says so, `hint` what to write instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message}; {hint}")
        self.message = message
        self.hint = hint


def parse_span(text: str) -> Span:
    """Read a number and `minutes`, `hours`, `days` or `weeks`. Raises SpanError, a ValueError."""
    shown = text if len(text) <= 40 else text[:39] + "…"
    match = _WRITTEN.fullmatch(text.strip())
    unit = _UNITS.get(match[2].lower().removesuffix("s")) if match else None
    if match is None or unit is None:
        raise SpanError(f'"{shown}" is not a length of time', _meant(text.strip()))
    span = int(match[1]) * unit
    if span == 0:
        raise SpanError(f'"{shown}" is no time at all', "write 1 minute or more")
    if span > _LONGEST:
        raise SpanError(f'"{shown}" is longer than a hundred years', "write a shorter time")
    return span


def say_span(span: Span) -> str:
    """`span` in the largest of days, hours, minutes and seconds that it is a whole number of."""
    for name, unit in (("day", DAY), ("hour", HOUR), ("minute", MINUTE)):
        if span % unit == 0 and span:
            return _count(span // unit, name)
    return _count(span // SECOND, "second") if span % SECOND == 0 else f"{span / SECOND:g} seconds"


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def _meant(text: str) -> str:
    match = _NEARLY.fullmatch(text)
    if match is None:
        return "write a number and minutes, hours, days or weeks, such as 3 days"
    number, unit = match[1], match[2].lower()
    if not number.isdigit():
        return "write a whole number of a smaller unit, such as 36 hours"
    if days := _LONGER.get(unit.removesuffix("s")):
        return f"{unit.removesuffix('s')}s differ in length; write days, such as {int(number) * days} days"
    if not unit:
        return f'did you mean "{_count(int(number), "day")}"?'
    written = [*_UNITS, *(name + "s" for name in _UNITS)]
    near = difflib.get_close_matches(unit, written, 1) or [name for name in written if name[0] == unit[0]]
    if not near:
        return "the units are minutes, hours, days and weeks"
    return f'did you mean "{_count(int(number), near[0].removesuffix("s"))}"?'
