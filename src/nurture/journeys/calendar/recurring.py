"""What comes again and again: `day`, `tuesday 10:00`, `mon-fri 09:00`, `first tuesday 10:00`, `last day`."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Literal
from zoneinfo import ZoneInfo

from nurture.clock import Moment, Span
from nurture.journeys.calendar import local
from nurture.journeys.calendar.words import EVERY_DAY, say_days

ORDINALS = ("first", "second", "third", "fourth", "last")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """A time of day on days of the week, or on one day of each month."""

    days: tuple[int, ...] = EVERY_DAY
    """Days of the week, Monday is 0."""
    nth: str = ""
    """One of ORDINALS: only that one of all such days of a month. Empty: each of them."""
    time: Span = 0
    """Since midnight, less than a day."""

    def next_at_or_after(self, at: Moment, zone: ZoneInfo) -> Moment:
        """The first such moment, not before `at`."""
        day, _ = local.day_and_time(at, zone)
        moments = (local.from_local(it, self.time, zone) for it in self._days(day - 1, 1))
        return next(it for it in moments if it >= at)

    def latest_at_or_before(self, at: Moment, zone: ZoneInfo) -> Moment:
        """The last such moment, not after `at`."""
        day, _ = local.day_and_time(at, zone)
        moments = (local.from_local(it, self.time, zone) for it in self._days(day + 1, -1))
        return next(it for it in moments if it <= at)

    def label(self, moment: Moment, zone: ZoneInfo) -> str:
        """What the moment is known by: `2026-12-01T10:00`, local time."""
        return local.label(moment, zone)

    def describe(self) -> str:
        """`Tuesday 10:00`, `day`, `last Friday of the month`: after `every`."""
        said = "day" if self.days == EVERY_DAY else say_days(self.days)
        if self.nth:
            said = f"{self.nth} {said} of the month"
        return f"{said} {local.say_time(self.time)}" if self.time else said

    def _days(self, start: int, step: Literal[1, -1]) -> Iterator[int]:
        """Its days, counted as `date.toordinal` does, from `start` onwards or backwards."""
        if not self.nth:
            yield from (day for day in count(start, step) if (day - 1) % 7 in self.days)
        first = date.fromordinal(start)
        months = count(first.year * 12 + first.month - 1, step)
        yield from (day for day in map(self._in_month, months) if (day - start) * step >= 0)

    def _in_month(self, month: int) -> int:
        """The day of a month, which is counted from the year 0."""
        year, number = divmod(month, 12)
        first = date(year, number + 1, 1).toordinal()
        _, length = monthrange(year, number + 1)
        found = [day for day in range(first, first + length) if (day - 1) % 7 in self.days]
        return found[-1 if self.nth == "last" else ORDINALS.index(self.nth)]
