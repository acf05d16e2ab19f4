"""Rates and their bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.reports.campaigns import Counts, add_up
from nurture.reports.figures import decimal, number, share
from nurture.reports.rates import rate


def test_the_wilson_interval_is_that_of_the_textbooks() -> None:
    # Newcombe 1998, table I, method 3: 81 of 263.
    it = rate(81, 263)
    assert (round(it.low, 4), round(it.high, 4)) == (0.2553, 0.3662)
    assert round(rate(0, 20).high, 4) == 0.1611
    assert round(rate(1, 29).low, 4) == 0.0061


def test_of_nothing_the_rate_is_nothing_and_everything_is_possible() -> None:
    it = rate(0, 0)
    assert (it.share, it.low, it.high) == (0.0, 0.0, 1.0)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_the_share_lies_within_its_bounds(part: int, more: int) -> None:
    it = rate(part, part + more)
    assert 0 <= it.low <= it.share <= it.high <= 1


counts = st.builds(
    Counts,
    open=st.integers(0, 99),
    sent=st.integers(0, 99),
    unknown=st.integers(0, 99),
    skipped=st.dictionaries(st.sampled_from(["goal", "stage", "stale"]), st.integers(1, 9)),
)


@given(st.lists(counts, max_size=6))
def test_every_message_is_counted_once_when_steps_are_added_up(parts: list[Counts]) -> None:
    assert add_up(parts).planned == sum(part.planned for part in parts)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 %"), (0.0004, "< 0.1 %"), (0.042, "4.2 %"), (0.37, "37 %"), (0.9999, "99 %"), (1, "100 %")],
)
def test_shares_read_as_people_write_them(value: float, text: str) -> None:
    assert share(value).replace("\u202f", " ") == text


def test_numbers_are_grouped_and_small_ones_keep_two_places() -> None:
    assert number(93319) == "93\u202f319"
    assert (decimal(1.25), decimal(0.25), decimal(0)) == ("1.2", "0.25", "0.0")
