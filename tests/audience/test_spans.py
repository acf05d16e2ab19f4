"""Lengths of time as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.audience.spans import parse_span, say_span
from nurture.clock import DAY, HOUR, MINUTE, SECOND, WEEK


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("3 days", 3 * DAY),
        ("1 day", DAY),
        ("90 minutes", 90 * MINUTE),
        ("1 minute", MINUTE),
        ("2 weeks", 2 * WEEK),
        ("  36  Hours ", 36 * HOUR),
    ],
)
def test_a_number_and_a_unit_are_a_length_of_time(text: str, span: int) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("90 dais", '"90 dais" is not a length of time; did you mean "90 days"?'),
        ("1 hors", 'did you mean "1 hour"?'),
        ("3d", 'did you mean "3 days"?'),
        ("2 months", "months differ in length; write days, such as 60 days"),
        ("1 year", "write days, such as 365 days"),
        ("14", 'did you mean "14 days"?'),
        ("1.5 days", "write a whole number of a smaller unit, such as 36 hours"),
        ("2 fortnights", "the units are minutes, hours, days and weeks"),
        ("soon", "write a number and minutes, hours, days or weeks"),
        ("-3 days", "write a number and minutes, hours, days or weeks"),
        ("0 days", "is no time at all"),
        ("999999999 weeks", "longer than a hundred years"),
        ("٣ days", "write a number"),
        ("", "write a number"),
    ],
)
def test_what_is_no_length_of_time_is_answered_with_what_was_meant(text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_span(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (DAY, "1 day"),
        (14 * DAY, "14 days"),
        (36 * HOUR, "36 hours"),
        (90 * MINUTE, "90 minutes"),
        (SECOND, "1 second"),
        (SECOND // 2, "0.5 seconds"),
        (0, "0 seconds"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_whole_unit(span: int, said: str) -> None:
    assert say_span(span) == said


@given(st.integers(1, 5_000_000))
def test_what_is_said_is_read_back_as_the_same(minutes: int) -> None:
    assert parse_span(say_span(minutes * MINUTE)) == minutes * MINUTE


@given(st.text(max_size=30))
def test_any_text_is_a_length_of_time_or_a_value_error(text: str) -> None:
    try:
        assert parse_span(text) > 0
    except ValueError as error:
        assert ";" in str(error)
