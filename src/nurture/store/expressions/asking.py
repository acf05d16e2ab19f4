"""What a condition in SQL is asked about, and the small pieces that all its facts are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Text,
    case,
    cast,
    func,
    literal,
    literal_column,
)

from nurture.clock import DAY, Moment
from nurture.offers.offer import Offer
from nurture.store.engine import Dialect
from nurture.store.statements import table
from nurture.store.tables import ContactRow

CONTACTS = table(ContactRow)
"""The row that every condition is about."""

NOBODY = literal_column("0", BigInteger)
NO: ColumnElement[int] = literal_column("0", Integer)
YES: ColumnElement[int] = literal_column("1", Integer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """When is asked, and what the names in the expression stand for."""

    dialect: Dialect
    now: Moment
    first_stage: str
    """Where those stand of whom nothing is stored."""
    usual_gap_days: float
    """Of those who never bought."""
    zone: str
    """The workspace's."""
    lines: Mapping[str, int]
    """Every product line, name to id."""
    line: int | ColumnElement[int] | None = None
    """The id of the line that `line` means, never 0: one for all, or a column of the query."""
    offer: Offer | None = None
    """The offer that `offer` means; None: its facts are missing."""


def flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """A condition that is never NULL, as a value."""
    return case((condition, YES), else_=NO)


def holds(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """`condition`, where NULL is no."""
    return func.coalesce(flag_or_null(condition), NO) == YES


def flag_or_null(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """A condition as a value, that is 0 or NULL where it is not met."""
    return case((condition, YES))


def is_yes(value: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a flag is 1; NULL is no."""
    return func.coalesce(value, NO) == YES


def number(value: float) -> ColumnElement[float]:
    """A number as a parameter."""
    return literal(float(value), Double)


def moment(value: Moment) -> ColumnElement[int]:
    """A moment, an id or a length of time as a parameter."""
    return literal(value, BigInteger)


def text(value: str) -> ColumnElement[str]:
    """A text as a parameter."""
    return literal(value, Text)


def as_number(value: ColumnElement[Any]) -> ColumnElement[float]:
    """A whole number of SQL's as a double."""
    return cast(value, Double)


def days_between(at: ColumnElement[Any], now: Moment) -> ColumnElement[float]:
    """Elapsed time in days of 24 hours."""
    return as_number(moment(now) - at) / number(DAY)
