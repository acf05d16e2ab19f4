"""Reading a point in time: `2026-12-01 09:00`, `tuesday 10:00`, `2 days before offer.expires_at`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import NoReturn, TypeAlias

from nurture.audience.expressions import Expression
from nurture.audience.expressions.dated import Dated, dated
from nurture.audience.expressions.tree import Now
from nurture.audience.spans import SpanError, parse_span
from nurture.clock import DAY, HOUR, MINUTE, SECOND, Span
from nurture.errors import ExpressionError
from nurture.journeys.calendar.errors import CalendarError
from nurture.journeys.calendar.recurring import Recurring
from nurture.journeys.calendar.recurring_text import CODE, EXAMPLE, is_days, parse_days
from nurture.journeys.calendar.when import Absolute, Around, PointInTime
from nurture.journeys.calendar.words import time_hint
from nurture.journeys.spelling import quoted

Parse: TypeAlias = Callable[[str], Expression]

_DATE = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:(?:[Tt]|\s+)([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?", re.ASCII
)
_AROUND = re.compile(r"\s*([^\s\"'()\[\]][^\"'()\[\]]{0,80}?)\s+(before|after)\s+(\S.*)", re.DOTALL)
_EXAMPLE = "write 2026-12-01 09:00, offer.expires_at or 2 days before offer.expires_at"
_NEXT_EXAMPLE = "write tuesday 10:00, 2026-12-01 09:00 or 2 days before offer.expires_at"
_ELSEWHERE = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?:\s+(\S.*))?", re.ASCII)
"""A date with its year at the end."""
_WORDS_ALONE = re.compile(r"[^\W\d]\w*(?:[\s-]+\w+)*")
_QUOTES = "\"'"
_IN_DAYS = re.compile(r"[0-9]+\s+(?:day|week)s?", re.ASCII | re.IGNORECASE)


def parse_point(text: str, parse: Parse, *, recurring: bool) -> PointInTime:
    """Read a point in time; `recurring`: it may be one of many, such as `tuesday 10:00`. Raises CalendarError.

    `parse` reads an expression and raises ExpressionError.
    """
    said = text.strip()
    if re.match(r"[0-9]{4}-", said, re.ASCII):
        return _absolute(said)
    if is_days(said):
        return _next(said) if recurring else _not_one(said)
    if _ELSEWHERE.fullmatch(said):
        raise _year_last(said)
    match = _AROUND.fullmatch(text)
    if match is None:
        expression, read = _fact(text, len(text) - len(text.lstrip()), parse)
        return Around(expression=expression, said=said, read=read)
    span = _span(match[1])
    in_days = _IN_DAYS.fullmatch(match[1]) is not None
    expression, read = _fact(text, match.start(3), parse)
    return Around(
        expression=expression,
        side="before" if match[2] == "before" else "after",
        days=span // DAY if in_days else 0,
        span=0 if in_days else span,
        said=said,
        read=read,
    )


def _next(said: str) -> Recurring:
    """The next of what comes again; `said` may be no such thing, nor any other."""
    try:
        return parse_days(said)
    except CalendarError as error:
        if error.hint != EXAMPLE:
            raise
        raise CalendarError(CODE, f"{quoted(said)} is not a moment", _NEXT_EXAMPLE) from None


def _year_last(said: str) -> CalendarError:
    """The error of 27.11.2026; in 12/01/2026 nobody can tell the day from the month."""
    match = _ELSEWHERE.fullmatch(said)
    hint = "write year, month and day, such as 2026-12-01 09:00"
    if match and match[2] == "." and len(match[4]) == 4 and int(match[3]) <= 12:
        meant = f"{match[4]}-{int(match[3]):02}-{int(match[1]):02} {match[5] or ''}".rstrip()
        hint = f'did you mean "{meant}"?'
    return CalendarError(CODE, f"{quoted(said)} is not a date", hint)


def _not_one(said: str) -> NoReturn:
    """Say that days of the week are no single moment, or that `said` is nothing at all."""
    try:
        parse_days(said)
    except CalendarError:
        raise CalendarError(CODE, f"{quoted(said)} is not a moment", _EXAMPLE) from None
    hint = f"write every: {said} to do it again and again, or a date such as 2026-12-01 09:00"
    raise CalendarError(CODE, f"{quoted(said)} is more than one moment", hint)


def _fact(text: str, start: int, parse: Parse) -> tuple[Expression, Dated]:
    """The expression that stands in `text` from `start` on, and how it is read as a date."""
    written = text[start:].rstrip()
    if re.match(r"[\"']?[0-9]{4}-", written, re.ASCII):
        said = f"{quoted(written.strip(_QUOTES))} is not a fact"
        hint = "write a date alone and without quotes, such as 2026-12-01 09:00"
        raise CalendarError(CODE, said, hint, column=start, length=len(written))
    if re.match(r"[0-9]+\s*[a-z]", written, re.ASCII | re.IGNORECASE):
        hint = time_hint(written.lower())
        raise CalendarError(
            CODE, f"{quoted(written)} is not a moment", hint if "did you" in hint else _EXAMPLE
        )
    try:
        expression = parse(written)
        read = dated(expression)
    except ExpressionError as error:
        if _WORDS_ALONE.fullmatch(written) and not error.hint.startswith("did you"):
            hint = "name a fact that is a date, such as offer.expires_at or contact.renews_at"
            said = f"{quoted(written)} is not a fact"
            if not start:
                said, hint = f"{quoted(written)} is not a moment", _EXAMPLE
            raise CalendarError(CODE, said, hint, column=start, length=len(written)) from None
        column = start + error.column
        raise CalendarError(
            "expression", error.message, error.hint, column=column, length=error.length
        ) from None
    if isinstance(expression.tree, Now):
        hint = "write wait: 2 days to let time pass, or a moment to come, such as 2026-12-01 09:00"
        raise CalendarError(CODE, "now is a moment that never comes", hint, column=start, length=len(written))
    return expression, read


def _span(written: str) -> Span:
    try:
        return parse_span(written)
    except SpanError as error:
        code = "zero-length" if re.match(r"0+\b", written) else "not-a-length"
        raise CalendarError(code, error.message, error.hint) from None


def _absolute(said: str) -> Absolute:
    match = _DATE.fullmatch(said)
    if match is None:
        hint, time = "write 2026-12-01 or 2026-12-01 09:00", said.partition(" ")[2]
        if re.match(r"[0-9]{1,2}\D", f"{time} ", re.ASCII):
            raise CalendarError(CODE, f"{quoted(time)} is not a time of day", time_hint(time))
        raise CalendarError(CODE, f"{quoted(said)} is not a date", hint)
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    hour, minute, second = (int(it or 0) for it in match.group(4, 5, 6))
    if hour > 23 or minute > 59 or second > 59:
        raise CalendarError(CODE, f"{quoted(said)} is not a date", "times go from 00:00 to 23:59")
    try:
        found = date(year, month, day)
    except ValueError:
        raise CalendarError(CODE, f"{quoted(said)} is not a date", "there is no such day") from None
    if not 1970 <= year < 9000:
        raise CalendarError(CODE, f"{quoted(said)} is not a date", "write a year from 1970 on")
    return Absolute(day=found.toordinal(), time=hour * HOUR + minute * MINUTE + second * SECOND)
