"""`contact.birthday`: the day and month of a date, each year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from nurture.clock import Moment, Span, to_datetime
from nurture.journeys.calendar import local


@dataclass(frozen=True, slots=True, kw_only=True)
class Anniversary:
    """A time of day on the day and month of a date that each contact has. The year of the date does not count."""

    fact: str
    """As it is written: `contact.birthday`."""
    time: Span = 0
    """Since midnight, less than a day."""

    def next_at_or_after(self, born: date, at: Moment, zone: ZoneInfo) -> Moment:
        """The first anniversary of `born`, not before `at`; 29 February is kept on the 28th in other years."""
        year = max(self._year(at, zone) - 1, born.year + 1)
        while (moment := self._in_year(born, year, zone)) < at:
            year += 1
        return moment

    def latest_at_or_before(self, born: date, at: Moment, zone: ZoneInfo) -> Moment | None:
        """The last anniversary of `born`, not after `at`; None where there was none yet."""
        year = self._year(at, zone) + 1
        while year > born.year:
            moment = self._in_year(born, year, zone)
            if moment <= at:
                return moment
            year -= 1
        return None

    def label(self, moment: Moment, zone: ZoneInfo) -> str:
        """What the moment is known by: `2026-12-01T10:00`, local time."""
        return local.label(moment, zone)

    def describe(self) -> str:
        """`contact.birthday 09:00`: after `every`."""
        return f"{self.fact} {local.say_time(self.time)}" if self.time else self.fact

    def _year(self, at: Moment, zone: ZoneInfo) -> int:
        day, _ = local.day_and_time(at, zone)
        return date.fromordinal(day).year

    def _in_year(self, born: date, year: int, zone: ZoneInfo) -> Moment:
        try:
            day = born.replace(year=year)
        except ValueError:
            day = date(year, 2, 28)
        return local.from_local(day.toordinal(), self.time, zone)


def date_of(value: object, zone: ZoneInfo) -> date | None:
    """The date that an attribute says: as it is written, or in `zone` where it has an offset; None: it says none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        if not isinstance(value, str):
            return to_datetime(int(value), zone).date()
        said = datetime.fromisoformat(value.strip())
        return (said.astimezone(zone) if said.tzinfo else said).date()
    except (ValueError, OverflowError):
        return None
