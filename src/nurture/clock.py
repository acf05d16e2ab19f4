"""Time: the only place that asks the machine for it, and the clocks that stand in for it.

Inside nurture a moment is an integer: microseconds since 1970-01-01T00:00Z. Zones come in only where a person
reads or writes a time.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol, TypeAlias
from zoneinfo import ZoneInfo

Moment: TypeAlias = int
"""Microseconds since 1970-01-01T00:00Z."""

Span: TypeAlias = int
"""A length of time in microseconds."""

SECOND: Span = 1_000_000
MINUTE: Span = 60 * SECOND
HOUR: Span = 60 * MINUTE
DAY: Span = 24 * HOUR
WEEK: Span = 7 * DAY

NEVER: Moment = 2**62
"""Later than every moment: what is due NEVER waits for something else than time."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.date().toordinal()
_MICROSECOND = timedelta(microseconds=1)
_QUARTER: Span = 15 * MINUTE


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> Moment:
        """The present moment."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Moment:
        return time.time_ns() // 1000


class VirtualClock:
    """A clock that stands still until it is moved: for replay, simulation and tests."""

    def __init__(self, at: Moment) -> None:
        self._at = at

    def now(self) -> Moment:
        return self._at

    def move_to(self, at: Moment) -> None:
        """Go on to `at`; a clock never goes back."""
        self._at = max(self._at, at)


def to_datetime(at: Moment, zone: ZoneInfo | None = None) -> datetime:
    """`at` as an aware datetime, in `zone` or UTC."""
    moment = _EPOCH + timedelta(microseconds=at)
    return moment.astimezone(zone) if zone else moment


def from_datetime(value: datetime) -> Moment:
    """The moment of an aware datetime."""
    return (value - _EPOCH) // _MICROSECOND


def day_number(at: Moment, zone: ZoneInfo) -> int:
    """The calendar day in `zone` at `at`, counted as `date.toordinal` does. For hot paths: 0.2 µs."""
    quarter = at // _QUARTER
    return (at + _offset(quarter, zone)) // DAY + _EPOCH_DAY


def utc_offset(at: Moment, zone: ZoneInfo) -> Span:
    """How far the clocks of `zone` are ahead of UTC at `at`. For hot paths: 0.15 µs."""
    return _offset(at // _QUARTER, zone)


@lru_cache(maxsize=65_536)
def _offset(quarter: int, zone: ZoneInfo) -> Span:
    """How far `zone` is from UTC in that quarter of an hour: since 1972 no zone changes within one."""
    offset = to_datetime(quarter * _QUARTER, zone).utcoffset()
    assert offset is not None
    return offset // _MICROSECOND


def parse_iso(text: str, zone: ZoneInfo) -> Moment:
    """Read an ISO 8601 date or time; without an offset it is local to `zone`.

    A local time that happens twice is the first one; one that does not exist moves forward. Raises ValueError.
    """
    value = datetime.fromisoformat(text.strip())
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    return from_datetime(value.astimezone(UTC))


def format_iso(at: Moment, zone: ZoneInfo | None = None) -> str:
    """`at` in ISO 8601 to the second: 2017-06-30T23:59:59Z, or with the offset of `zone`."""
    text = to_datetime(at, zone).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")
