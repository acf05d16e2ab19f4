"""What a web server's answer to a webhook means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import DAY, MINUTE
from nurture.delivery.answers import judge_answer
from nurture.delivery.outcome import Accepted, Refused, TryLater


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_two_hundred_and_so_on_is_taken(status: int) -> None:
    assert judge_answer(status, "thanks") == Accepted(reply=f"{status} thanks")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_that_says_where_to(status: int) -> None:
    outcome = judge_answer(status, "", moved_to="https://elsewhere.example/")
    assert isinstance(outcome, Refused)
    assert "https://elsewhere.example/" in outcome.reply and "not followed" in outcome.reply


def test_gone_is_the_end() -> None:
    assert isinstance(judge_answer(410, "Gone"), Refused)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 422, 425, 429, 500, 502, 503, 504])
def test_what_the_receiver_may_put_right_is_tried_again(status: int) -> None:
    assert judge_answer(status, "no") == TryLater(reply=f"{status} no")


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ("120", 2 * MINUTE),
        ("0", 0),
        ("99999999999999999999", DAY),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("", None),
    ],
)
def test_it_may_say_when_to_come_back_within_a_day(said: str, pause: int | None) -> None:
    assert judge_answer(503, "busy", retry_after=said) == TryLater(reply="503 busy", pause=pause)


@given(st.integers(100, 999), st.text(), st.text(), st.text())
def test_every_answer_means_something_and_is_kept_short(
    status: int, said: str, moved_to: str, retry_after: str
) -> None:
    outcome = judge_answer(status, said, moved_to=moved_to, retry_after=retry_after)
    assert isinstance(outcome, Accepted | Refused | TryLater)
    assert len(outcome.reply) <= 500
