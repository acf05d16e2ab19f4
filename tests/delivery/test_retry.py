"""When a message that was not taken is tried again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import HOUR, MINUTE, NEVER, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.delivery.retry import GIVE_UP_AFTER, next_try

NOW: Moment = 1_500_000_000_000_000
KEY = MessageKey(123, 4)


def wait(attempts: int, key: MessageKey = KEY, pause: Span | None = None) -> Span:
    at = next_try(attempts=attempts, first_tried_at=NOW, now=NOW, key=key, stale_at=NEVER, pause=pause)
    assert at is not None
    return at - NOW


def test_it_waits_longer_each_time() -> None:
    steps = [5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR]
    for attempts, step in enumerate(steps, start=1):
        assert step * 0.8 <= wait(attempts) <= step * 1.2


def test_messages_that_failed_together_do_not_come_back_together() -> None:
    waits = {wait(1, MessageKey(number, 1)) for number in range(100)}
    assert len(waits) > 80
    assert max(waits) - min(waits) > 5 * MINUTE * 0.3


def test_the_pause_that_a_server_asks_for_is_kept() -> None:
    assert 2 * HOUR <= wait(1, pause=2 * HOUR) <= 2 * HOUR * 1.2
    assert wait(6, pause=5 * MINUTE) >= 3 * HOUR


def test_after_three_days_it_is_given_up() -> None:
    late = NOW + GIVE_UP_AFTER
    assert next_try(attempts=9, first_tried_at=NOW, now=late, key=KEY, stale_at=NEVER) is None


def test_it_is_given_up_when_it_would_come_too_late() -> None:
    assert next_try(attempts=1, first_tried_at=NOW, now=NOW, key=KEY, stale_at=NOW + MINUTE) is None


@given(
    st.integers(1, 1000),
    st.integers(0, 100 * HOUR),
    st.builds(MessageKey, st.integers(0, 2**62), st.integers(0, 1000)),
    st.none() | st.integers(0, 100 * HOUR),
    st.integers(0, 200 * HOUR),
)
def test_the_next_try_lies_ahead_and_within_the_limits(
    attempts: int, gone: Span, key: MessageKey, pause: Span | None, fresh: Span
) -> None:
    now = NOW + gone
    at = next_try(attempts=attempts, first_tried_at=NOW, now=now, key=key, stale_at=NOW + fresh, pause=pause)
    if at is not None:
        assert at >= now + max(4 * MINUTE, pause or 0)
        assert at <= NOW + GIVE_UP_AFTER
        assert at < NOW + fresh
