"""Send windows: how they are written, and when they are open."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import DAY, MINUTE, NEVER, format_iso, parse_iso
from nurture.journeys.calendar import ANY_TIME, CalendarError, Window, parse_window
from nurture.journeys.calendar.window import Hours

BERLIN = ZoneInfo("Europe/Berlin")


def opening(written: str, at: str, country: str = "") -> str:
    """The next opening in Berlin, without its offset."""
    return format_iso(parse_window(written).next_opening(parse_iso(at, BERLIN), BERLIN, country), BERLIN)[:16]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("mon-fri 09:00-17:00", "Monday to Friday 09:00 to 17:00"),
        ("mon,wed, fri 9:00-17:00", "Monday, Wednesday and Friday 09:00 to 17:00"),
        ("sat-sun", "Saturday and Sunday"),
        ("09:00-17:00", "every day 09:00 to 17:00"),
        ("fri-mon", "Friday to Monday"),
        ("Monday – Friday 9:00 – 17:00", "Monday to Friday 09:00 to 17:00"),
        (
            "mon-fri 09:00-12:00, 13:00-17:00",
            "Monday to Friday 09:00 to 12:00 and Monday to Friday 13:00 to 17:00",
        ),
        (
            "mon-fri 09:00-17:00, sat 10:00-14:00",
            "Monday to Friday 09:00 to 17:00 and Saturday 10:00 to 14:00",
        ),
        ("sat and sun", "Saturday and Sunday"),
        ("sat-sun; mon-fri 18:00-24:00", "Saturday and Sunday and Monday to Friday 18:00 to 24:00"),
        ("22:00-06:00", "every day 22:00 to 06:00 the next day"),
        ("18:00-00:00", "every day 18:00 to 24:00"),
        ("mon-sun 00:00-24:00", "any time"),
        ("ANY time", "any time"),
        ("any time no holidays", "any time, but not on public holidays"),
        (
            "mon-fri 09:00-17:00 and sat 10:00-14:00 no holidays",
            "Monday to Friday 09:00 to 17:00 and Saturday 10:00 to 14:00, but not on public holidays",
        ),
    ],
)
def test_a_window_says_days_and_hours(written: str, said: str) -> None:
    assert parse_window(written).describe() == said


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("mnoday 09:00-17:00", '"mnoday" is not a day of the week; did you mean "monday"?'),
        ("mon-fri 9-17", '"9" is not a time of day; did you mean "09:00"?'),
        ("mon-fri 9am-5pm", 'did you mean "09:00"?'),
        ("09:00-25:00", "times go from 00:00 to 24:00"),
        ("24:00-09:00", "a window cannot open at 24:00; the start of a day is 00:00"),
        ("mon-fri 09:00", "write from when to when, such as 09:00-17:00"),
        ("09:00-12:00 13:00-15:00", "put a comma between two spans of hours"),
        ("mon and wed 09:00-10:00", 'it is not clear which hours "mon" has; put commas between days'),
        ("mon 09:00-10:00, tue", 'it is not clear which hours "tue" has'),
        ("no holidays", "write no holidays once, at the end"),
        ("mon no holidays and tue", "write no holidays once, at the end"),
        ("mon-wed-fri", "has too many days"),
        ("mon,,tue", "a window is missing"),
        ("", '"" is not a window; write days and hours, such as mon-fri 09:00-17:00, or any time'),
        ("mon " * 1000, "is not a window"),
        ("٠٩:٠٠-١٧:٠٠", "is not"),
    ],
)
def test_what_is_no_window_is_named_with_what_was_meant(written: str, message: str) -> None:
    with pytest.raises(CalendarError) as error:
        parse_window(written)
    assert error.value.code == "not-a-window"
    assert message in str(error.value)


def test_a_window_that_ends_as_it_begins_never_opens() -> None:
    with pytest.raises(CalendarError) as error:
        parse_window("mon-fri 09:00-17:00, sat 10:00-10:00")
    assert error.value.code == "never-opens"
    assert "10:00-10:00" in error.value.message
    assert error.value.hint == "the whole day is 00:00-24:00"


@given(st.text(alphabet="mon-tuefri 0123459:,;ady\nhls", max_size=40))
def test_any_text_is_a_window_or_says_why_not(written: str) -> None:
    try:
        assert parse_window(written).describe()
    except CalendarError as error:
        assert error.code in ("not-a-window", "never-opens")
        assert error.message
        assert error.hint


@pytest.mark.parametrize(
    ("written", "at", "opens"),
    [
        ("mon-fri 09:00-17:00", "2026-03-04T12:00", "2026-03-04T12:00"),
        ("mon-fri 09:00-17:00", "2026-03-04T09:00", "2026-03-04T09:00"),
        ("mon-fri 09:00-17:00", "2026-03-06T17:00", "2026-03-09T09:00"),
        ("mon-fri 09:00-17:00", "2026-03-27T17:30", "2026-03-30T09:00"),
        ("mon 09:00-10:00", "2026-10-19T10:00", "2026-10-26T09:00"),
        ("fri 22:00-06:00", "2026-03-07T05:59", "2026-03-07T05:59"),
        ("fri 22:00-06:00", "2026-03-07T06:00", "2026-03-13T22:00"),
        ("mon-fri 22:00-24:00", "2026-03-07T00:00", "2026-03-09T22:00"),
        ("any time", "2026-03-07T03:33", "2026-03-07T03:33"),
    ],
)
def test_a_message_outside_of_the_window_moves_to_the_next_opening(written: str, at: str, opens: str) -> None:
    assert opening(written, at) == opens


def test_public_holidays_of_the_country_are_left_out_where_the_window_says_so() -> None:
    assert opening("mon-fri 09:00-17:00 no holidays", "2026-04-02T18:00", "DE") == "2026-04-07T09:00"
    assert opening("mon-fri 09:00-17:00 no holidays", "2026-04-02T18:00", "de") == "2026-04-07T09:00"
    assert opening("mon-fri 09:00-17:00 no holidays", "2026-04-02T18:00", "US") == "2026-04-03T09:00"
    assert opening("mon-fri 09:00-17:00", "2026-04-02T18:00", "DE") == "2026-04-03T09:00"


@pytest.mark.parametrize("country", ["", "XX", "Germany", "os", "B3", "ß", "\0\0", "__"])
def test_an_unknown_country_has_no_holidays(country: str) -> None:
    assert opening("mon-fri 09:00-17:00 no holidays", "2026-04-02T18:00", country) == "2026-04-03T09:00"


def test_hours_past_midnight_keep_the_holidays_of_the_day_they_began() -> None:
    window = parse_window("22:00-06:00 no holidays")
    good_friday_early, saturday_early = (
        parse_iso("2026-04-03T03:00", BERLIN),
        parse_iso("2026-04-04T03:00", BERLIN),
    )
    assert window.is_open(good_friday_early, BERLIN, "DE")
    assert not window.is_open(saturday_early, BERLIN, "DE")


def test_holidays_far_ahead_are_looked_up_without_a_warning() -> None:
    at = parse_iso("2050-01-01T12:00", BERLIN)
    assert parse_window("any time no holidays").next_opening(at, BERLIN, "IN") >= at


def test_a_window_without_any_day_opens_never() -> None:
    assert Window(hours=()).next_opening(0, BERLIN) == NEVER
    assert Window(hours=(Hours(days=()),), holidays=False).next_opening(0, BERLIN, "DE") == NEVER


def test_any_time_is_always_open() -> None:
    assert ANY_TIME.is_open(0, BERLIN)
    assert ANY_TIME == parse_window("any time") == parse_window("00:00-24:00")
    assert len({ANY_TIME, parse_window("any time")}) == 1


_clock = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
_hours = st.tuples(_clock, _clock).filter(lambda it: it[0] != it[1]).map("-".join)
_days = st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1).map(",".join)
_windows = st.lists(st.tuples(_days, _hours).map(" ".join), min_size=1, max_size=3).map(" and ".join)


@given(
    written=_windows,
    no_holidays=st.booleans(),
    zone=st.sampled_from(sorted(available_timezones())).map(ZoneInfo),
    country=st.sampled_from(["", "DE", "US", "JP", "IN", "SA", "NP"]),
    at=st.integers(parse_iso("2015-01-01", BERLIN) // MINUTE, parse_iso("2037-01-01", BERLIN) // MINUTE),
    later=st.integers(0, 3 * DAY // MINUTE),
)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    written: str, no_holidays: bool, zone: ZoneInfo, country: str, at: int, later: int
) -> None:
    window = parse_window(written + " no holidays" * no_holidays)
    start = at * MINUTE
    found = window.next_opening(start, zone, country)
    assert start <= found < start + 40 * DAY
    assert window.is_open(found, zone, country)
    assert window.next_opening(found, zone, country) == found
    assert found <= window.next_opening(start + later * MINUTE, zone, country)
    for probe in range(start, min(found, start + 2 * DAY), 15 * MINUTE):
        assert not window.is_open(probe, zone, country)
    if found > start:
        assert not window.is_open(found - 1, zone, country)
        assert found % (15 * MINUTE) == 0
