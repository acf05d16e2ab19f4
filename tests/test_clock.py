"""Moments, days and their spelling."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import (
    DAY,
    HOUR,
    SECOND,
    Moment,
    SystemClock,
    VirtualClock,
    day_number,
    format_iso,
    from_datetime,
    parse_iso,
    to_datetime,
)

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia",
        "Africa/Casablanca", "America/Caracas",
    )
]  # fmt: skip
SINCE_1972 = st.integers(2 * 365 * DAY + DAY, 130 * 365 * DAY)
"""Up to the year 2100."""


@given(st.integers(-60 * 365 * DAY, 200 * 365 * DAY), st.sampled_from(ZONES))
def test_a_moment_comes_back_from_its_datetime_to_the_microsecond(at: Moment, zone: ZoneInfo) -> None:
    assert from_datetime(to_datetime(at)) == at
    assert from_datetime(to_datetime(at, zone)) == at
    assert to_datetime(at).tzinfo is UTC


@given(SINCE_1972, st.sampled_from(ZONES))
def test_the_day_number_is_that_of_the_calendar_on_the_wall(at: Moment, zone: ZoneInfo) -> None:
    assert day_number(at, zone) == to_datetime(at, zone).date().toordinal()


@given(SINCE_1972, st.sampled_from(ZONES))
def test_what_is_written_is_read_again(at: Moment, zone: ZoneInfo) -> None:
    whole = at // SECOND * SECOND
    for written in (format_iso(at), format_iso(at, zone)):
        assert parse_iso(written, BERLIN) == whole
    assert format_iso(at).endswith("Z")


def test_a_time_without_an_offset_is_local() -> None:
    assert parse_iso("2017-07-01", BERLIN) == parse_iso("2017-06-30T22:00:00Z", BERLIN)
    assert parse_iso(" 2017-07-01T09:00 ", BERLIN) == parse_iso("2017-07-01T09:00+02:00", BERLIN)


def test_a_local_time_that_happens_twice_is_the_first_one() -> None:
    assert parse_iso("2017-10-29T02:30", BERLIN) == parse_iso("2017-10-29T00:30Z", BERLIN)


def test_a_local_time_that_does_not_exist_moves_forward() -> None:
    assert parse_iso("2017-03-26T02:30", BERLIN) == parse_iso("2017-03-26T03:30+02:00", BERLIN)


@pytest.mark.parametrize("text", ["", "tomorrow", "2017-02-29", "2017-13-01", "12:30", "2017-01-01T25:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_iso(text, BERLIN)


def test_a_virtual_clock_stands_still_until_it_is_moved_and_never_goes_back() -> None:
    clock = VirtualClock(5 * DAY)
    assert clock.now() == clock.now() == 5 * DAY
    clock.move_to(5 * DAY + HOUR)
    clock.move_to(DAY)
    assert clock.now() == 5 * DAY + HOUR


def test_the_machines_clock_tells_microseconds_in_utc() -> None:
    before = datetime.now(UTC).timestamp()
    now = SystemClock().now()
    assert before - 0.001 <= now / SECOND <= datetime.now(UTC).timestamp() + 0.001
