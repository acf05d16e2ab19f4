"""Send windows: `mon-fri 09:00-17:00`, on the clock of whoever gets the message.

A window is open whenever the contact's clock shows a time in it. So on the day the clocks are set back it is open
once more, or closed once more, as the clock shows; and hours that are skipped are never shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias
from zoneinfo import ZoneInfo

from nurture.clock import DAY, NEVER, Moment, Span, utc_offset
from nurture.journeys.calendar.local import EPOCH_DAY, change_between, say_time
from nurture.journeys.calendar.public_holidays import is_holiday
from nurture.journeys.calendar.words import EVERY_DAY, say_days

_FURTHEST = 400
"""Days that are looked through for an opening."""

_Slots: TypeAlias = tuple[tuple[Span, Span], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The same hours on some days of the week."""

    days: tuple[int, ...]
    """Monday is 0."""
    opens: Span = 0
    """Time since midnight, less than a day."""
    closes: Span = DAY
    """Time since the same midnight, more than `opens`; beyond a day where it runs past midnight."""

    def describe(self) -> str:
        """`Monday to Friday 09:00 to 17:00`."""
        if self.closes - self.opens == DAY and not self.opens:
            return say_days(self.days)
        if self.closes <= DAY:
            return f"{say_days(self.days)} {say_time(self.opens)} to {say_time(self.closes)}"
        return f"{say_days(self.days)} {say_time(self.opens)} to {say_time(self.closes - DAY)} the next day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When messages may go. Hours that run past midnight belong to the day they began, its holidays included."""

    hours: tuple[Hours, ...]
    holidays: bool = True
    """Whether it opens on public holidays too."""
    _week: tuple[_Slots, ...] = field(init=False, repr=False, compare=False)
    """What `hours` say for each day of the week."""
    _overnight: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        week = tuple(
            tuple(sorted((it.opens, it.closes) for it in self.hours if day in it.days)) for day in range(7)
        )
        object.__setattr__(self, "_week", week)
        object.__setattr__(self, "_overnight", any(it.closes > DAY for it in self.hours))

    def is_open(self, at: Moment, zone: ZoneInfo, country: str = "") -> bool:
        """Whether a message may go at `at` to somebody whose clock is that of `zone`.

        `country` (ISO 3166, two letters) tells which holidays are kept; an unknown one has none.
        """
        day, time = divmod(at + utc_offset(at, zone), DAY)
        for opens, closes in self._week[(day + 3) % 7]:
            if opens <= time < closes and self._kept(day, country):
                return True
        if self._overnight:
            for _, closes in self._week[(day + 2) % 7]:
                if time < closes - DAY and self._kept(day - 1, country):
                    return True
        return False

    def next_opening(self, at: Moment, zone: ZoneInfo, country: str = "") -> Moment:
        """The first moment, not before `at`, when it is open; NEVER where no day of the next 400 has one."""
        while not self.is_open(at, zone, country):
            offset = utc_offset(at, zone)
            shown = self._next_shown(at + offset, country)
            if shown == NEVER:
                return NEVER
            opening = shown - offset
            change = _first_change(at, opening, zone)
            if change is None:
                return opening
            at = change
        return at

    def describe(self) -> str:
        """The window in words."""
        said = " and ".join(it.describe() for it in self.hours)
        if said == "every day":
            said = "any time"
        return said if self.holidays else f"{said}, but not on public holidays"

    def _kept(self, day: int, country: str) -> bool:
        """Whether the day, counted from 1970, is none of those left out."""
        return self.holidays or not country or not is_holiday(day + EPOCH_DAY, country)

    def _next_shown(self, shown: Moment, country: str) -> Moment:
        """What a clock that is never set, and shows `shown`, shows at the next opening."""
        today = shown // DAY
        for day in range(today - 1, today + _FURTHEST):
            midnight = day * DAY
            found = [
                max(midnight + opens, shown)
                for opens, closes in self._week[(day + 3) % 7]
                if midnight + closes > shown
            ]
            if found and self._kept(day, country):
                return min(found)
        return NEVER


def _first_change(start: Moment, end: Moment, zone: ZoneInfo) -> Moment | None:
    """When the clocks of `zone` are set for the first time later than `start`, not later than `end`."""
    offset = utc_offset(start, zone)
    while start < end:
        following = min(start + DAY, end)
        if utc_offset(following, zone) != offset:
            return change_between(start, following, zone)
        start = following
    return None


ANY_TIME = Window(hours=(Hours(days=EVERY_DAY),))
