"""How a subscriber takes what it is told, and when it is let rest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import HOUR, MINUTE, SECOND
from nurture.delivery.subscriber_health import (
    LONGEST_REST,
    PATIENCE,
    SHORTEST_REST,
    WELL,
    SubscriberHealth,
    after,
)

NOW = 1_000 * HOUR


def test_four_failures_in_a_row_change_nothing_for_what_comes_next() -> None:
    health = after(WELL, ["500"] * (PATIENCE - 1), NOW)
    assert health.room(NOW, 100) == 100


def test_the_fifth_lets_it_rest_and_then_one_is_tried() -> None:
    health = after(WELL, ["500"] * PATIENCE, NOW)
    assert health.room(NOW + SHORTEST_REST - 1, 100) == 0
    assert health.room(NOW + SHORTEST_REST, 100) == 1


def test_it_rests_for_as_long_as_it_has_failed() -> None:
    health = after(WELL, ["500"] * PATIENCE, NOW)
    assert after(health, ["500"], NOW + 7 * MINUTE).paused_until == NOW + 14 * MINUTE
    assert after(health, ["500"], NOW + 50 * HOUR).paused_until == NOW + 50 * HOUR + LONGEST_REST


def test_one_success_makes_it_well() -> None:
    health = after(WELL, ["500"] * 50, NOW)
    assert after(health, [None], NOW + 2 * HOUR) == WELL
    assert after(health, [None, "503"], NOW + 2 * HOUR) == SubscriberHealth(
        failures=1, failing_since=NOW + 2 * HOUR, last_reply="503"
    )


def test_a_person_is_told_once_after_an_hour() -> None:
    health = after(WELL, ["500"] * PATIENCE, NOW)
    assert after(health, ["500"], NOW + HOUR - 1).told_at == 0
    told = after(health, ["500"], NOW + HOUR)
    assert told.told_at == NOW + HOUR
    assert after(told, ["500"], NOW + 9 * HOUR).told_at == NOW + HOUR


def test_gone_is_for_good() -> None:
    health = after(WELL, [None, "410 no"], NOW, gone=True)
    assert (health.gone_at, health.told_at, health.last_reply) == (NOW, NOW, "410 no")
    assert health.room(NOW + 1_000 * HOUR, 100) == 0


@given(st.lists(st.tuples(st.lists(st.sampled_from([None, "no"]), max_size=9), st.integers(0, 90 * MINUTE))))
def test_it_is_never_let_rest_for_longer_than_an_hour(steps: list[tuple[list[str | None], int]]) -> None:
    health, now = WELL, NOW
    for answers, passed in steps:
        now += passed
        health = after(health, answers, now)
        assert health.paused_until <= now + LONGEST_REST
        assert health.room(max(now, health.paused_until), 10) in (1, 10)
        assert health.failures < PATIENCE or health.failing_since <= now
        assert SHORTEST_REST >= 10 * SECOND
