"""Working hours and days, counted on the clock of where people work."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import HOUR, NEVER, format_iso, parse_iso
from nurture.engagement.working_time import after_days, after_hours
from nurture.journeys.calendar import Window, parse_window
from nurture.journeys.calendar.window import Hours

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = parse_window("mon-fri 09:00-17:00 no holidays")


def local(at: int) -> str:
    return format_iso(at, BERLIN)[:16]


@pytest.mark.parametrize(
    ("came", "promised"),
    [
        ("2026-11-18T10:00", "2026-11-18T14:00"),
        ("2026-11-18T15:30", "2026-11-19T11:30"),
        ("2026-11-18T22:00", "2026-11-19T13:00"),
        ("2026-11-20T16:00", "2026-11-23T12:00"),
        ("2026-12-24T16:00", "2026-12-28T12:00"),
        ("2026-11-18T13:00", "2026-11-18T17:00"),
    ],
)
def test_four_working_hours(came: str, promised: str) -> None:
    at = parse_iso(came, BERLIN)
    assert local(after_hours(at, 4 * HOUR, OFFICE, BERLIN, "DE")) == promised


@pytest.mark.parametrize(
    ("came", "over"),
    [
        ("2026-11-16T10:00", "2026-11-21T00:00"),
        ("2026-11-20T10:00", "2026-11-27T00:00"),
        ("2026-11-22T10:00", "2026-11-27T00:00"),
        ("2026-03-27T10:00", "2026-04-03T00:00"),
        ("2026-10-23T10:00", "2026-10-30T00:00"),
    ],
)
def test_four_working_days_end_at_midnight_also_where_the_clocks_change(came: str, over: str) -> None:
    assert local(after_days(parse_iso(came, BERLIN), 4, OFFICE, BERLIN, "DE")) == over


def test_where_nobody_ever_works_nothing_is_promised() -> None:
    never = Window(hours=(Hours(days=()),))
    assert after_hours(0, HOUR, never, BERLIN) == after_days(0, 1, never, BERLIN) == NEVER


@given(st.integers(0, 400 * 24 * 60), st.integers(1, 20))
def test_more_hours_are_never_over_sooner(minutes: int, hours: int) -> None:
    at = parse_iso("2026-01-01T00:00", BERLIN) + minutes * HOUR // 60
    less, more = (after_hours(at, it * HOUR, OFFICE, BERLIN, "DE") for it in (hours, hours + 1))
    assert at + hours * HOUR <= less < more
