"""Time as it is counted where people work: when a promise of four working hours or days is over."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from nurture.clock import DAY, MINUTE, NEVER, Moment, Span, utc_offset
from nurture.journeys.calendar import Window


def after_hours(at: Moment, span: Span, hours: Window, zone: ZoneInfo, country: str = "") -> Moment:
    """When `span` of working time has passed since `at`, to the minute; NEVER where nobody ever works.

    Costs a look at each minute of it: meant for hours, not for months.
    """
    left = span
    while True:
        at = hours.next_opening(at, zone, country)
        if at == NEVER or left <= 0:
            return at
        step = min(MINUTE, left)
        left -= step
        at += step
        if left <= 0:
            return at


def after_days(at: Moment, days: int, hours: Window, zone: ZoneInfo, country: str = "") -> Moment:
    """The end of the `days`-th day on which people work, after the local day of `at`; NEVER where there is none."""
    for _ in range(days):
        at = hours.next_opening(_next_midnight(at, zone), zone, country)
        if at == NEVER:
            return at
    return _next_midnight(at, zone)


def _next_midnight(at: Moment, zone: ZoneInfo) -> Moment:
    """When the local day after that of `at` begins, or within the hour of it where the clocks change then."""
    shown = at + utc_offset(at, zone)
    midnight = (shown // DAY + 1) * DAY
    guess = midnight - utc_offset(at, zone)
    return midnight - utc_offset(guess, zone)
