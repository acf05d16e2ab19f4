"""Points in time: what `wait until:` and `enter: at:` say."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.audience.contact import Contact, Scalar
from nurture.audience.expressions import Known, Type, parse
from nurture.audience.facts import Facts, OfferFacts, StageFacts
from nurture.clock import DAY, format_iso, parse_iso
from nurture.journeys.calendar import (
    CalendarError,
    PointInTime,
    days_later,
    describe_point,
    expression_of,
    parse_point,
    resolve,
)

BERLIN = ZoneInfo("Europe/Berlin")
NOW = parse_iso("2026-03-04T12:00", BERLIN)


def point(written: str) -> PointInTime:
    return parse_point(written, parse, recurring=True)


def facts(expires: str = "", **attributes: Scalar) -> Facts:
    offer = OfferFacts(key="o", says="15% off", expires_at=parse_iso(expires, BERLIN)) if expires else None
    contact = Contact(id=1, email="ann@example.test", attributes=attributes)
    return Facts(contact=contact, stage=StageFacts(name="prospect", since=0), offer=offer)


def when(written: str, known: Facts, zone: ZoneInfo = BERLIN) -> str:
    at = resolve(point(written), known, NOW, NOW - DAY, zone)
    return "" if at is None else format_iso(at, zone)[:16]


def test_a_date_is_one_on_the_contacts_clock() -> None:
    assert when("2026-12-01 09:00", facts()) == "2026-12-01T09:00"
    assert when("2026-12-01", facts(), ZoneInfo("Asia/Tokyo")) == "2026-12-01T00:00"
    assert when("2026-3-29 2:30", facts()) == "2026-03-29T03:00"


def test_what_comes_again_is_the_first_since_the_step_before() -> None:
    assert when("tuesday 13:00", facts()) == "2026-03-03T13:00"
    assert when("first tuesday 10:00", facts()) == "2026-04-07T10:00"


def test_days_before_a_date_keep_its_local_time_and_hours_are_elapsed_time() -> None:
    known = facts("2026-03-30T10:00")
    assert when("offer.expires_at", known) == "2026-03-30T10:00"
    assert when("2 days before offer.expires_at", known) == "2026-03-28T10:00"
    assert when("1 week before offer.expires_at", known) == "2026-03-23T10:00"
    assert when("48 hours before offer.expires_at", known) == "2026-03-28T09:00"
    assert when("30 minutes after offer.expires_at", known) == "2026-03-30T10:30"
    assert when("1 day before offer.expires_at", facts("2026-03-30T02:30")) == "2026-03-29T03:00"


def test_a_date_in_an_attribute_is_local_to_the_zone_that_is_asked_for() -> None:
    known = facts(renews_at="2026-12-01", ends="2026-12-01T00:00Z", wrong="soon", far="9999-12-31", no=True)
    assert when("contact.renews_at", known) == "2026-12-01T00:00"
    assert when("contact.renews_at", known, ZoneInfo("Asia/Tokyo")) == "2026-12-01T00:00"
    assert when("contact.ends", known, ZoneInfo("Asia/Tokyo")) == "2026-12-01T09:00"
    assert when("60 days before contact.renews_at", known) == "2026-10-02T00:00"
    for missing in (
        "contact.wrong",
        "contact.far",
        "contact.no",
        "contact.other",
        "event.day",
        "offer.expires_at",
    ):
        assert when(missing, known) == ""


def test_an_attribute_known_to_be_a_date_is_read_the_same_way() -> None:
    known = Known(attributes={"renews_at": Type.MOMENT}, zone=ZoneInfo("America/New_York"))
    found = parse_point("contact.renews_at", lambda text: parse(text, known=known), recurring=False)
    assert resolve(found, facts(renews_at="2026-12-01"), NOW, NOW, BERLIN) == parse_iso("2026-12-01", BERLIN)


def test_each_is_said_in_plain_words_and_names_the_fact_it_hangs_on() -> None:
    said = ["2026-12-01 09:00", "2026-12-01", "tuesday 10:00", "day 10:00", "2 days before offer.expires_at"]
    assert [describe_point(point(it)) for it in said] == [
        "2026-12-01 09:00",
        "2026-12-01",
        "Tuesday 10:00",
        "10:00",
        "2 days before offer.expires_at",
    ]
    expression = expression_of(point(said[4]))
    assert expression is not None and expression.needs.offer
    assert expression_of(point(said[2])) is None


@pytest.mark.parametrize(
    ("written", "code", "column", "message"),
    [
        ("2026-02-30", "not-a-time", -1, '"2026-02-30" is not a date; there is no such day'),
        ("2026-12-01 25:00", "not-a-time", -1, "times go from 00:00 to 23:59"),
        ("2026-12-01T09:00Z", "not-a-time", -1, "write 2026-12-01 or 2026-12-01 09:00"),
        ("0026-12-01", "not-a-time", -1, "write a year from 1970 on"),
        ("tusday 10:00", "not-a-time", -1, 'did you mean "tuesday"?'),
        ("2 dais before offer.expires_at", "not-a-length", -1, 'did you mean "2 days"?'),
        ("0 days before offer.expires_at", "zero-length", -1, "is no time at all"),
        ("2 days befor offer.expires_at", "not-a-time", -1, "or 2 days before offer.expires_at"),
        (" 2 days before offer.expirs_at", "expression", 21, 'did you mean "expires_at"?'),
        ("  offer.expirs_at", "expression", 8, 'did you mean "expires_at"?'),
        ("contact.email", "expression", 0, "this is text, not a date"),
        ("3 hours after orders.count", "expression", 14, "this is a number, not a date"),
        ("2 days before 2026-12-01", "not-a-time", 14, '"2026-12-01" is not a fact'),
        ('"2026-12-01"', "not-a-time", 0, "write a date alone and without quotes"),
        ("2 days after now", "not-a-time", 13, "now is a moment that never comes"),
        ("contact.renews_at and", "expression", 18, ""),
        ("", "expression", 0, ""),
    ],
)
def test_a_mistake_is_named_with_its_place(written: str, code: str, column: int, message: str) -> None:
    with pytest.raises(CalendarError) as error:
        point(written)
    assert (error.value.code, error.value.column) == (code, column)
    assert message in str(error.value)


def test_a_single_moment_is_asked_for_where_everybody_enters_at_once() -> None:
    with pytest.raises(CalendarError, match="more than one moment; write every: tuesday 10:00"):
        parse_point("tuesday 10:00", parse, recurring=False)
    with pytest.raises(CalendarError, match='"soon" is not a moment; write 2026-12-01 09:00'):
        parse_point("soon", parse, recurring=False)


@given(st.text(alphabet="tuesday before after12 -:.contactfirst\n", max_size=40), st.booleans())
def test_any_text_is_a_point_in_time_or_says_why_not(written: str, recurring: bool) -> None:
    try:
        assert describe_point(parse_point(written, parse, recurring=recurring))
    except CalendarError as error:
        assert error.message


@given(at=st.integers(0, 50_000 * DAY), days=st.integers(-400, 400))
def test_days_later_and_back_is_the_same_day(at: int, days: int) -> None:
    there = days_later(at, days, BERLIN)
    assert abs(there - at - days * DAY) <= DAY // 12
