"""What comes again and again: how it is written, and when it comes."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import DAY, HOUR, MINUTE, format_iso, parse_iso
from nurture.journeys.calendar import Anniversary, CalendarError, Recurring, date_of, label, parse_recurring
from nurture.journeys.calendar.recurring import ORDINALS

BERLIN = ZoneInfo("Europe/Berlin")


def days(written: str) -> Recurring:
    found = parse_recurring(written)
    assert isinstance(found, Recurring)
    return found


def local(at: int | None) -> str:
    return "" if at is None else format_iso(at, BERLIN)[:16]


@pytest.mark.parametrize(
    ("written", "said", "latest", "following"),
    [
        ("day", "day", "2026-03-04T00:00", "2026-03-05T00:00"),
        ("day 10:00", "day 10:00", "2026-03-04T10:00", "2026-03-05T10:00"),
        ("day 12:00", "day 12:00", "2026-03-04T12:00", "2026-03-04T12:00"),
        ("10:00", "day 10:00", "2026-03-04T10:00", "2026-03-05T10:00"),
        ("tuesday", "Tuesday", "2026-03-03T00:00", "2026-03-10T00:00"),
        ("Tue 10:00", "Tuesday 10:00", "2026-03-03T10:00", "2026-03-10T10:00"),
        ("wednesday 13:00", "Wednesday 13:00", "2026-02-25T13:00", "2026-03-04T13:00"),
        ("tue, thu 8:30", "Tuesday and Thursday 08:30", "2026-03-03T08:30", "2026-03-05T08:30"),
        ("mon-fri 09:00", "Monday to Friday 09:00", "2026-03-04T09:00", "2026-03-05T09:00"),
        ("first tuesday 10:00", "first Tuesday of the month 10:00", "2026-03-03T10:00", "2026-04-07T10:00"),
        ("second tuesday", "second Tuesday of the month", "2026-02-10T00:00", "2026-03-10T00:00"),
        ("fourth wed of the month", "fourth Wednesday of the month", "2026-02-25T00:00", "2026-03-25T00:00"),
        ("last friday", "last Friday of the month", "2026-02-27T00:00", "2026-03-27T00:00"),
        ("month", "first day of the month", "2026-03-01T00:00", "2026-04-01T00:00"),
        ("first day", "first day of the month", "2026-03-01T00:00", "2026-04-01T00:00"),
        ("last day 18:00", "last day of the month 18:00", "2026-02-28T18:00", "2026-03-31T18:00"),
    ],
)
def test_what_is_written_comes_when_a_reader_expects_it(
    written: str, said: str, latest: str, following: str
) -> None:
    noon = parse_iso("2026-03-04T12:00", BERLIN)
    found = days(written)
    assert found.describe() == said
    assert local(found.latest_at_or_before(noon, BERLIN)) == latest
    assert local(found.next_at_or_after(noon, BERLIN)) == following
    assert found.label(found.next_at_or_after(noon, BERLIN), BERLIN) == following


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("tusday 10:00", '"tusday" is not a day; did you mean "tuesday"?'),
        ("daily", 'did you mean "day"?'),
        ("monthly", 'did you mean "month"?'),
        ("every tuesday", 'did you mean "tuesday"?'),
        ("tuesday at 10:00", 'did you mean "tuesday 10:00"?'),
        ("frist tuesday", 'did you mean "first"?'),
        ("last tusday", 'did you mean "tuesday"?'),
        ("first", '"first" is not a time'),
        ("first mon-fri", "write one day of the week, such as first tuesday"),
        ("tuesday 25:00", "times go from 00:00 to 24:00"),
        ("tuesday 24:00", "the start of a day is 00:00"),
        ("tuesday 10", 'did you mean "10:00"?'),
        ("", '"" is not a time; write tuesday 10:00'),
        ("contact birthday", "is not a time"),
        ("orders.last_at", "is not a day"),
    ],
)
def test_what_is_no_recurrence_is_named_with_what_was_meant(written: str, message: str) -> None:
    with pytest.raises(CalendarError) as error:
        parse_recurring(written)
    assert error.value.code == "not-a-time"
    assert message in str(error.value)


@given(
    nth=st.sampled_from(["", *ORDINALS]),
    weekdays=st.sets(st.integers(0, 6), min_size=1),
    time=st.integers(0, 95),
    zone=st.sampled_from(sorted(available_timezones())).map(ZoneInfo),
    at=st.integers(parse_iso("2015-01-01", BERLIN) // MINUTE, parse_iso("2037-01-01", BERLIN) // MINUTE),
)
def test_each_comes_once_in_order_and_none_is_left_out(
    nth: str, weekdays: set[int], time: int, zone: ZoneInfo, at: int
) -> None:
    found = Recurring(days=tuple(sorted(weekdays)), nth=nth, time=time * 15 * MINUTE)
    moments, moment = [], at * MINUTE
    for _ in range(5):
        moment = found.next_at_or_after(moment, zone)
        moments.append(moment)
        assert found.latest_at_or_before(moment, zone) == moment
        assert found.next_at_or_after(moment - 1, zone) == moment
        moment += 1
    assert [found.latest_at_or_before(it - 1, zone) for it in moments[1:]] == moments[:-1]
    assert len({label(it, zone) for it in moments}) == 5
    assert moments[0] - at * MINUTE <= (36 if nth else 9) * DAY
    if not nth and len(weekdays) == 7:
        assert all(after - before <= 2 * DAY for before, after in pairwise(moments))


def test_a_birthday_comes_each_year_on_its_day_and_month() -> None:
    birthday = parse_recurring("contact.birthday 09:30")
    assert birthday == Anniversary(fact="contact.birthday", time=9 * HOUR + 30 * MINUTE)
    assert birthday.describe() == "contact.birthday 09:30"
    born, at = date(1990, 5, 1), parse_iso("2026-05-01T09:31", BERLIN)
    assert local(birthday.next_at_or_after(born, at, BERLIN)) == "2027-05-01T09:30"
    assert local(birthday.latest_at_or_before(born, at, BERLIN)) == "2026-05-01T09:30"
    assert local(birthday.latest_at_or_before(born, at - 2 * MINUTE, BERLIN)) == "2025-05-01T09:30"


def test_who_was_born_on_29_february_has_their_birthday_on_the_28th_in_other_years() -> None:
    birthday, born = Anniversary(fact="contact.birthday"), date(1992, 2, 29)
    at, found = parse_iso("2025-06-01", BERLIN), []
    for _ in range(4):
        at = birthday.next_at_or_after(born, at, BERLIN)
        found.append(birthday.label(at, BERLIN)[:10])
        at += 1
    assert found == ["2026-02-28", "2027-02-28", "2028-02-29", "2029-02-28"]


def test_the_day_of_the_date_itself_is_no_anniversary() -> None:
    signed, at = Anniversary(fact="contact.signed_on", time=10 * HOUR), parse_iso("2026-03-04T09:00", BERLIN)
    assert local(signed.next_at_or_after(date(2026, 3, 4), at, BERLIN)) == "2027-03-04T10:00"
    assert signed.latest_at_or_before(date(2026, 3, 4), at + 30 * DAY, BERLIN) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1990-05-01", "1990-05-01"),
        ("1990-05-01T23:30:00Z", "1990-05-02"),
        ("1990-05-01T23:30", "1990-05-01"),
        (parse_iso("1990-05-01T23:30Z", BERLIN), "1990-05-02"),
        ("1990-02-30", None),
        ("soon", None),
        ("", None),
        (True, None),
        (None, None),
        (1e300, None),
        (float("nan"), None),
        (float("inf"), None),
        ("0001-01-01T00:00+14:00", None),
    ],
)
def test_the_date_of_an_attribute_is_the_one_that_is_written(value: object, said: str | None) -> None:
    found = date_of(value, BERLIN)
    assert (found.isoformat() if found else None) == said
