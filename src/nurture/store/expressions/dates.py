"""Dates written as text, on PostgreSQL: near enough to know of nearly all of them.

Which moment `2026-12-01` is depends on the contact's zone, and of zones PostgreSQL has a list of its own. But
everywhere it is within a day of what it is in UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, DateTime, Integer, Interval, and_, case, cast, extract, func

from nurture.clock import DAY, SECOND
from nurture.store.expressions.asking import holds, text
from nurture.store.expressions.truth import Read

_PLAIN = (
    "^[1-8][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    "([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?)?$"
)
"""A date, with or without a time, as nearly all are written."""


def dated(number: ColumnElement[int], said: ColumnElement[str]) -> Read:
    """The moment that is `number`, or `said` where that is not NULL and a date."""
    day = cast(func.substr(said, 9, 2), Integer)
    first = cast(func.substr(said, 1, 8).concat(text("01")), DateTime)
    last = extract("day", first + func.make_interval(0, 1, 0, -1, type_=Interval))
    plain = case((said.regexp_match(_PLAIN), case((day <= 28, True), else_=day <= last)), else_=False)
    in_utc = cast(extract("epoch", cast(said, DateTime)) * SECOND, BigInteger)
    return Read(
        value=case((plain, in_utc), else_=number),
        unsure=(holds(and_(said.regexp_match("[0-9]{4}"), ~plain)),),
        rough=plain,
        off=DAY,
    )
