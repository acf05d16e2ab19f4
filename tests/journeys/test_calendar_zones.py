"""Local times, windows and recurrences in every zone of the world, around both changes of its clocks in 2026."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from nurture.clock import DAY, HOUR, MINUTE, Moment, Span, parse_iso, to_datetime
from nurture.journeys.calendar import Recurring, day_and_time, from_local, label, parse_window

QUARTER = 15 * MINUTE
UTC = ZoneInfo("UTC")
SPRING = parse_iso("2026-03-18T12:00", UTC)
ZONES = tuple(ZoneInfo(name) for name in sorted(available_timezones()))


def shown(at: Moment, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows; the datetime module's word for it."""
    return to_datetime(at, zone).replace(tzinfo=None)


@cache
def changes(zone: ZoneInfo) -> tuple[Moment, ...]:
    """When the clocks of `zone` are set in 2026."""
    start = parse_iso("2026-01-01", UTC)
    found = []
    before = to_datetime(start, zone).utcoffset()
    for day in range(365):
        low, high = start + day * DAY, start + (day + 1) * DAY
        after = to_datetime(high, zone).utcoffset()
        if after != before:
            while high - low > MINUTE:
                middle = (low + high) // 2 // MINUTE * MINUTE
                low, high = (
                    (middle, high) if to_datetime(middle, zone).utcoffset() == before else (low, middle)
                )
            found.append(high)
        before = after
    return tuple(found)


def moments() -> Iterator[tuple[ZoneInfo, Moment]]:
    """Each zone with each change; one that is never set, with some day in March."""
    for zone in ZONES:
        for at in changes(zone) or (SPRING,):
            yield zone, at


def test_many_zones_set_their_clocks_twice_and_all_on_the_quarter_of_an_hour() -> None:
    assert sum(len(changes(zone)) >= 2 for zone in ZONES) > 150
    assert all(at % QUARTER == 0 for zone in ZONES for at in changes(zone))


def test_a_local_time_is_the_first_moment_that_shows_it_or_the_first_behind_the_gap() -> None:
    for zone, change in moments():
        first: dict[datetime, Moment] = {}
        for at in range(change - 6 * HOUR, change + 6 * HOUR, QUARTER):
            first.setdefault(shown(at, zone), at)
        begin, end = min(first), max(first)
        wall = begin
        while wall <= end:
            time = timedelta(hours=wall.hour, minutes=wall.minute) // timedelta(microseconds=1)
            at = from_local(wall.toordinal(), time, zone)
            assert at == first.get(wall, change), (zone, wall)
            if wall in first:
                assert day_and_time(at, zone) == (wall.toordinal(), time)
                assert label(at, zone) == wall.isoformat(timespec="minutes")
            wall += timedelta(minutes=15)


WINDOWS = ("09:00-17:00", "mon-fri 08:30-20:00", "22:00-02:30", "sat-sun 01:15-02:45, mon 00:00-03:00")


def inside(window: str, at: datetime) -> bool:
    """The windows above once more, spelled out."""
    day, clock = at.weekday(), at.strftime("%H:%M")
    match window:
        case "09:00-17:00":
            return "09:00" <= clock < "17:00"
        case "mon-fri 08:30-20:00":
            return day < 5 and "08:30" <= clock < "20:00"
        case "22:00-02:30":
            return clock >= "22:00" or clock < "02:30"
        case _:
            return (day > 4 and "01:15" <= clock < "02:45") or (day == 0 and clock < "03:00")


@pytest.mark.parametrize("written", WINDOWS)
def test_a_message_moves_to_the_first_moment_whose_clock_shows_a_time_in_the_window(written: str) -> None:
    window = parse_window(written)
    for zone, change in moments():
        start, end = change - 14 * HOUR, change + 14 * HOUR
        opening = None
        for at in range(end, start, -QUARTER):
            is_open = inside(written, shown(at, zone))
            opening = at if is_open else opening
            assert window.is_open(at, zone) is is_open, (zone, at)
            found = window.next_opening(at, zone)
            if opening is None:
                assert found > end
                assert inside(written, shown(found, zone)), (zone, at)
            else:
                assert found == opening, (zone, at)
            late = at + 7 * MINUTE
            assert window.next_opening(late, zone) == (late if is_open else window.next_opening(at, zone))


TIMES: tuple[Span, ...] = tuple(it * HOUR // 2 for it in (0, 1, 2, 4, 5, 6, 46, 47))


def day_meant(at: Moment, time: Span, change: Moment, zone: ZoneInfo) -> int:
    """The day whose `time` came at `at`, which was moved only where the clocks skip it."""
    day, clock = day_and_time(at, zone)
    if clock == time:
        return day
    assert at == change, (zone, at)
    before, last = day_and_time(at - 1, zone)
    return before if time > last else before + 1


def test_what_comes_each_day_comes_once_a_day_at_its_time_or_right_behind_the_gap() -> None:
    for zone, change in moments():
        for time in TIMES:
            daily = Recurring(time=time)
            at, found = change - 2 * DAY, []
            while (at := daily.next_at_or_after(at, zone)) < change + 2 * DAY:
                found.append(at)
                assert daily.latest_at_or_before(at, zone) == at
                at += 1
            days = [day_meant(it, time, change, zone) for it in found]
            assert days == list(range(days[0], days[0] + len(days))), zone
            assert len({daily.label(it, zone) for it in found}) == len(found) >= 3
            assert [daily.latest_at_or_before(it - 1, zone) for it in found[1:]] == found[:-1]
