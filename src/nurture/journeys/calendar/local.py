"""Local times: what the clocks of a zone show at a moment, and at which moment they show a time.

Daylight saving: a local time that does not exist is moved forward to the first that does; one that happens
twice is the first of the two.
"""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from nurture.clock import DAY, HOUR, MINUTE, SECOND, Moment, Span, to_datetime, utc_offset

EPOCH_DAY = date(1970, 1, 1).toordinal()

_QUARTER: Span = 15 * MINUTE


def day_and_time(at: Moment, zone: ZoneInfo) -> tuple[int, Span]:
    """The day in `zone` at `at`, counted as `date.toordinal` does, and the time of day its clocks show."""
    day, time = divmod(at + utc_offset(at, zone), DAY)
    return day + EPOCH_DAY, time


def from_local(day: int, time: Span, zone: ZoneInfo) -> Moment:
    """The moment at which the clocks of `zone` first show `time` on `day`, or a later time where they skip it."""
    wall = (day - EPOCH_DAY) * DAY + time
    before, after = utc_offset(wall - DAY, zone), utc_offset(wall + DAY, zone)
    if before == after:
        return wall - before
    first = wall - max(before, after)
    second = wall - min(before, after)
    for at in (first, second):
        if at + utc_offset(at, zone) == wall:
            return at
    return change_between(first, second, zone)


def change_between(start: Moment, end: Moment, zone: ZoneInfo) -> Moment:
    """When the clocks of `zone` are set anew, which they are once from `start` on to `end`.

    Clocks are set on the quarter of an hour everywhere, since 1972.
    """
    before = utc_offset(start, zone)
    low, high = start // _QUARTER, -(-end // _QUARTER)
    while high - low > 1:
        middle = (low + high) // 2
        if utc_offset(middle * _QUARTER, zone) == before:
            low = middle
        else:
            high = middle
    return high * _QUARTER


def days_later(at: Moment, days: int, zone: ZoneInfo) -> Moment:
    """The same local time so many days later, or before where `days` is negative."""
    day, time = day_and_time(at, zone)
    return from_local(day + days, time, zone)


def label(at: Moment, zone: ZoneInfo) -> str:
    """The local time as a key, to the minute: `2026-12-01T10:00`."""
    return to_datetime(at, zone).strftime("%Y-%m-%dT%H:%M")


def say_time(time: Span) -> str:
    """A time of day as people write it: `09:00`, `24:00`."""
    shown = f"{time // HOUR:02}:{time % HOUR // MINUTE:02}"
    return f"{shown}:{time % MINUTE // SECOND:02}" if time % MINUTE else shown
