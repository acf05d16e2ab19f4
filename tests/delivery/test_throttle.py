"""When the next message may go: never more than a limit, in any stretch of its time."""

from __future__ import annotations

import heapq
import timeit
from bisect import bisect_right
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nurture.clock import DAY, HOUR, MINUTE, NEVER, SECOND, Moment, Span
from nurture.delivery.measures import Health, Pause, Slow, Stop
from nurture.delivery.pacing import NO_LIMIT, share_of
from nurture.delivery.shaping import OTHERS, Shape, Shaping
from nurture.delivery.throttle import Throttle
from nurture.delivery.warm_up import Ramp, day_of
from nurture.settings.destinations import Rate

START: Moment = 1_800_000_000_000_000
KEY = "google"


def limited(count: int | None, span: Span = MINUTE, at: Moment = START, ramp: Ramp | None = None) -> Throttle:
    rate = Rate(count=count, span=span) if count else None
    shape = Shape(connections=5, per_connection=50, rate=rate)
    return Throttle(Shaping(by_key={KEY: shape}, default=shape, ramp=ramp), at)


def busy(throttle: Throttle, start: Moment, until: Moment, pauses: list[Span]) -> list[Moment]:
    """Send as soon as it may be, but for looking away so long before each message; the moments of `took`."""
    took: list[Moment] = []
    now, turn = start, 0
    while True:
        now += pauses[turn % len(pauses)] if pauses else 0
        now = throttle.when(KEY, now)
        if now >= until:
            return took
        throttle.took(KEY, now)
        took.append(now)
        turn += 1


def most_within(moments: list[Moment], span: Span) -> int:
    """The most in any stretch of `span`, both its ends included."""
    moments = sorted(moments)
    return max((bisect_right(moments, at + span) - no for no, at in enumerate(moments)), default=0)


PAUSES = st.lists(st.one_of(st.just(0), st.integers(0, SECOND), st.integers(0, 90 * SECOND)), max_size=8)
FEW = settings(max_examples=40)


@FEW
@given(st.integers(1, 400), st.sampled_from([MINUTE, HOUR]), PAUSES)
def test_no_stretch_of_a_rates_time_holds_more_than_the_rate(
    count: int, span: Span, pauses: list[Span]
) -> None:
    took = busy(limited(count, span), START, START + 4 * span, pauses)
    assert most_within(took, span) <= count


LATE = (1.0, 5 * SECOND)
AT_ONCE = (0.0, 0)
ANSWERS = st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0, SECOND, 5 * SECOND, 6 * SECOND]))


@FEW
@given(
    st.integers(1, 130),
    st.sampled_from([[], [0, 7_000], [0, 0, 0, 20 * SECOND]]),
    st.lists(ANSWERS, min_size=1, max_size=40),
)
@example(7, [], [LATE, AT_ONCE])
@example(50, [], [LATE] + 39 * [AT_ONCE])
@example(50, [], 3 * [LATE] + 90 * [AT_ONCE])
def test_nor_does_the_server_see_more_whenever_it_counts_between_our_taking_and_its_answer(
    count: int, pauses: list[Span], answers: list[tuple[float, Span]]
) -> None:
    throttle = limited(count)
    seen: list[Moment] = []
    under_way: list[tuple[Moment, Moment]] = []
    now, turn = START, 0
    while now < START + 4 * MINUTE:
        now += pauses[turn % len(pauses)] if pauses else 0
        may = throttle.when(KEY, now)
        if under_way and under_way[0][0] <= may:
            answered_at, took_at = heapq.heappop(under_way)
            now = max(now, answered_at)
            throttle.answered(KEY, took_at, answered_at)
            continue
        now = may
        throttle.took(KEY, now)
        part, wait = answers[turn % len(answers)]
        seen.append(now + int(part * wait))
        heapq.heappush(under_way, (now + wait, now))
        turn += 1
    assert most_within(seen, MINUTE) <= count


def test_what_took_long_slows_the_pace_by_a_tenth_at_most_and_not_for_ever() -> None:
    throttle = limited(600)
    counts = []
    for minute in range(6):
        begin = START + minute * MINUTE
        counts.append(len(busy(throttle, begin, begin + MINUTE, [])))
        took_long = HOUR if minute == 0 else SECOND // 10
        throttle.answered(KEY, begin + MINUTE - took_long, begin + MINUTE)
    assert counts[0] >= 594
    # What was too close together before the answer came is made up for first.
    assert 480 <= counts[1] < 500
    assert 540 <= counts[2] < 550
    assert counts[5] >= 594


@FEW
@given(st.integers(1, 400), PAUSES, st.lists(st.integers(0, 100 * SECOND), min_size=1, max_size=4))
def test_nor_does_it_across_restarts(count: int, pauses: list[Span], lives: list[Span]) -> None:
    took: list[Moment] = []
    now = START
    for life in lives:
        took += busy(limited(count, at=now), now, now + life, pauses)
        now += life
    assert most_within(took, MINUTE) <= count


@FEW
@given(st.integers(1, 200), st.integers(1, 7), PAUSES)
def test_the_senders_shares_together_are_the_rate(count: int, of: int, pauses: list[Span]) -> None:
    took: list[Moment] = []
    for rank in range(of):
        throttle = limited(count)
        throttle.set_share(rank, of)
        took += busy(throttle, START, START + 3 * MINUTE, pauses)
    assert most_within(took, MINUTE) <= count
    assert sum(share_of(count, rank, of) for rank in range(of)) == count


@FEW
@given(st.integers(2, 200), st.integers(1, 5), st.integers(1, 5), PAUSES, st.integers(0, 100 * SECOND))
def test_senders_that_come_and_go_do_not_add_up_to_more(
    count: int, before: int, after: int, pauses: list[Span], change: Span
) -> None:
    took: list[Moment] = []
    changed_at = START + MINUTE + change
    for rank in range(max(before, after)):
        throttle = limited(count, at=START if rank < before else changed_at)
        if rank < before:
            throttle.set_share(rank, before)
            took += busy(throttle, START, changed_at, pauses)
        if rank < after:
            throttle.set_share(rank, after)
            took += busy(throttle, changed_at, changed_at + 2 * MINUTE, pauses)
    assert most_within(took, MINUTE) <= count


@FEW
@given(st.integers(0, 600), st.integers(1, 100), PAUSES, st.integers(0, 100 * SECOND))
def test_from_a_slow_on_no_minute_holds_more_than_it_says(
    count: int, per_minute: int, pauses: list[Span], after: Span
) -> None:
    throttle = limited(count)
    told_at = START + after
    pauses = pauses if count else [SECOND // 10]
    before = busy(throttle, START, told_at, pauses)
    throttle.apply(KEY, Slow(span=5 * MINUTE, per_minute=per_minute), told_at, "421")
    slowed = busy(throttle, told_at, told_at + 5 * MINUTE, pauses)
    assert most_within(slowed, MINUTE) <= min(per_minute, count or per_minute)
    later = busy(throttle, told_at + 5 * MINUTE, told_at + 8 * MINUTE, pauses)
    if count:
        assert most_within(before + slowed + later, MINUTE) <= max(count, per_minute)


def test_a_sender_that_starts_again_each_second_does_not_add_up_to_more() -> None:
    took: list[Moment] = []
    for second in range(61):
        now = START + second * SECOND
        took += busy(limited(3000, at=now), now, now + SECOND, [300_000, 0, 0, 0, 0, 0, 0, 0])
    assert 1000 < most_within(took, MINUTE) <= 3000


@pytest.mark.parametrize("first", ["asks", "learns"])
def test_nor_where_a_sender_that_was_told_to_slow_down_starts_again(first: str) -> None:
    known = {KEY: Health(slow_until=START + HOUR, slow_per_minute=10, at=START)}
    took: list[Moment] = []
    for turn in range(1, 12):
        now = START + turn * 20 * SECOND
        throttle = limited(None, at=now)
        if first == "asks":
            assert throttle.when(KEY, now) == now
        throttle.learn(known)
        took += busy(throttle, now, now + 20 * SECOND, [])
    assert most_within(took, MINUTE) in range(5, 11)


def test_nor_where_a_second_sender_comes_and_goes_all_the_time() -> None:
    one, other = limited(600), limited(600)
    took: list[Moment] = []
    for turn in range(60):
        now, both = START + turn * 2 * SECOND, turn % 2
        for rank, throttle in enumerate((one, other)[: 1 + both]):
            throttle.set_share(rank, 1 + both)
            took += busy(throttle, now, now + 2 * SECOND, [])
    assert 300 < most_within(took, MINUTE) <= 600


def test_a_limit_is_used_up_to_a_hundredth() -> None:
    took = busy(limited(600), START, START + 10 * MINUTE, [0, 7_000, 0, 250_000])
    assert 0.99 * 6000 - 1 <= len(took) <= 6000


def test_messages_are_evenly_spaced() -> None:
    took = busy(limited(60), START, START + 5 * MINUTE, [])
    gaps = {later - earlier for earlier, later in pairwise(took)}
    assert all(SECOND <= gap <= 1.011 * SECOND for gap in gaps)


def test_after_a_long_silence_there_is_no_burst() -> None:
    throttle = limited(600)
    for _ in range(3):
        assert throttle.when(KEY, START + HOUR) == START + HOUR
    took = busy(throttle, START + HOUR, START + HOUR + SECOND, [])
    assert len(took) <= 10 + 7


@given(st.integers(1, 1000), st.lists(st.integers(0, HOUR), min_size=2, max_size=6))
def test_the_later_one_asks_the_later_the_answer(count: int, waits: list[Span]) -> None:
    throttle = limited(count)
    for _ in range(20):
        throttle.took(KEY, START)
    throttle.apply(KEY, Slow(span=10 * MINUTE), START, "421")
    throttle.apply(KEY, Pause(span=5 * MINUTE), START, "451")
    moments = sorted(START + it for it in waits)
    answers = [throttle.when(KEY, at) for at in moments]
    assert answers == sorted(answers)
    assert all(answer >= at for answer, at in zip(answers, moments, strict=True))


def test_without_a_limit_everything_may_go_at_once() -> None:
    throttle = limited(None)
    for _ in range(1000):
        assert throttle.when(KEY, START) == START
        throttle.took(KEY, START)
    assert throttle.room(KEY, START, SECOND) == NO_LIMIT


@given(st.integers(1, 600), st.integers(0, 30), st.integers(0, 3 * MINUTE))
def test_room_is_what_may_go_until_then(count: int, gone: int, span: Span) -> None:
    throttle = limited(count)
    start = START + HOUR
    for _ in range(gone):
        throttle.took(KEY, throttle.when(KEY, start))
    room = throttle.room(KEY, start, span)
    assert len(busy(throttle, start, start + span + 1, [])) == room


def test_a_pause_holds_everything_and_ends_by_itself() -> None:
    throttle = limited(None)
    throttle.took(KEY, START)
    health = throttle.apply(KEY, Pause(span=2 * HOUR), START, "421 4.7.0 [TSS04]")
    assert (health.paused_until, health.reply, health.at) == (START + 2 * HOUR, "421 4.7.0 [TSS04]", START)
    assert throttle.when(KEY, START + 1) == START + 2 * HOUR
    assert throttle.room(KEY, START, 2 * HOUR - 1) == 0
    assert throttle.room(KEY, START, 3 * HOUR) == NO_LIMIT
    assert throttle.when("apple", START) == START
    throttle.apply(KEY, Pause(span=HOUR), START, "again")
    assert throttle.when(KEY, START + 1) == START + 2 * HOUR
    assert throttle.when(KEY, START + 2 * HOUR) == START + 2 * HOUR


def test_a_stop_lasts_until_a_person_resumes_it() -> None:
    throttle = limited(None)
    stopped = throttle.apply(KEY, Stop(reason="no more"), START, "553 [TSS09]")
    assert throttle.when(KEY, START + 1000 * DAY) == NEVER
    assert throttle.room(KEY, START, DAY) == 0
    throttle.learn({KEY: stopped})
    assert throttle.when(KEY, START + DAY) == NEVER
    throttle.learn({KEY: Health(resumed_at=START + DAY)})
    assert throttle.when(KEY, START + DAY) == START + DAY


def test_a_slow_halves_the_limit_and_again_a_minute_later() -> None:
    throttle = limited(10_000, HOUR)
    slow = Slow(span=10 * MINUTE)
    assert throttle.apply(KEY, slow, START, "421").slow_per_minute == 83
    # Ten connections are told the same at the same time.
    for second in range(10):
        assert throttle.apply(KEY, slow, START + second * SECOND, "421").slow_per_minute == 83
    again = throttle.apply(KEY, slow, START + 2 * MINUTE, "421")
    assert (again.slow_per_minute, again.slow_until) == (41, START + 12 * MINUTE)
    for minute in range(4, 40, 2):
        again = throttle.apply(KEY, slow, START + minute * MINUTE, "421")
    assert again.slow_per_minute == 1


def test_without_a_limit_it_halves_what_went() -> None:
    throttle = limited(None)
    for number in range(3000):
        throttle.took(KEY, START + number * SECOND // 50)
    health = throttle.apply(KEY, Slow(span=10 * MINUTE), START + MINUTE, "421")
    assert health.slow_per_minute == 1500
    assert limited(None).apply(KEY, Slow(span=MINUTE), START, "421").slow_per_minute == 30


def test_a_lower_rate_in_force_stays() -> None:
    throttle = limited(None)
    throttle.apply(KEY, Slow(span=HOUR, per_minute=5), START, "")
    health = throttle.apply(KEY, Slow(span=30 * MINUTE, per_minute=10), START, "")
    assert (health.slow_per_minute, health.slow_until) == (5, START + HOUR)


def test_after_a_slow_the_limit_is_what_it_was() -> None:
    throttle = limited(600)
    throttle.apply(KEY, Slow(span=MINUTE, per_minute=10), START, "421")
    took = busy(throttle, START + 2 * MINUTE, START + 4 * MINUTE, [])
    assert 1180 <= len(took) <= 1200


def test_what_another_sender_was_told_holds_here_too() -> None:
    throttle = limited(None)
    throttle.took(KEY, START)
    throttle.learn({KEY: Health(slow_until=START + HOUR, slow_per_minute=10, at=START)})
    took = busy(throttle, START, START + 10 * MINUTE, [])
    assert most_within(took, MINUTE) <= 10 and len(took) >= 98
    throttle.learn({KEY: Health(paused_until=START + HOUR, at=START)})
    assert throttle.when(KEY, START) >= START + HOUR
    assert throttle.health(KEY).slow_per_minute == 10


def test_a_share_of_nothing_leaves_it_to_others_until_shares_change() -> None:
    throttle = limited(3)
    throttle.set_share(3, 4)
    assert throttle.when(KEY, START) == NEVER
    assert throttle.room(KEY, START, DAY) == 0
    throttle.set_share(1, 2)
    assert throttle.when(KEY, START + HOUR) < START + 2 * HOUR


def test_each_sender_opens_its_share_of_connections_and_one_at_least() -> None:
    throttle = limited(None)
    assert (throttle.connections(KEY), throttle.per_connection(KEY)) == (5, 50)
    shares = []
    for rank in range(4):
        throttle.set_share(rank, 4)
        shares.append(throttle.connections(KEY))
    assert shares == [2, 1, 1, 1]
    throttle.set_share(7, 8)
    assert throttle.connections(KEY) == 1


def test_campaigns_and_relays_have_rates_of_their_own() -> None:
    shaping = Shaping(rates={"campaign news": Rate(count=60, span=MINUTE)}).with_rates(
        {"relay a": Rate(count=6, span=MINUTE)}
    )
    throttle = Throttle(shaping, START)
    assert throttle.room("campaign news", START + HOUR, MINUTE) == 60
    assert throttle.room("relay a", START + HOUR, MINUTE) == 6
    assert throttle.room("campaign welcome", START, MINUTE) == NO_LIMIT
    assert throttle.connections("mx1.shop.example") == OTHERS.connections


RAMP = Ramp(first_day=day_of(START), steps=(50, 100))


def test_a_day_of_warming_up_lets_its_quota_through_and_no_more() -> None:
    throttle = limited(None, ramp=RAMP)
    taken = {day_of(START): 10}
    now, sent = START, 0
    while now < (day_of(START) + 1) * DAY - 1:
        for key, wanted in throttle.wants(now).items():
            day = day_of(now)
            granted = min(wanted.wanted, wanted.quota - taken.get(day, 0))
            taken[day] = taken.get(day, 0) + granted
            throttle.grant({key: granted}, now)
        at = throttle.when(KEY, now)
        if at == now:
            throttle.took(KEY, now)
            sent += 1
        now = at
    assert sent == 40
    assert now == (day_of(START) + 1) * DAY
    assert throttle.wants(now) == {} or throttle.wants(now)[KEY].quota == 100
    assert throttle.when(KEY, now) > now
    assert throttle.wants(now)[KEY].quota == 100
    after = now + DAY
    assert throttle.when(KEY, after) == after
    assert throttle.wants(after) == {}


def test_relays_campaigns_and_domains_not_looked_up_are_not_warmed_up() -> None:
    throttle = limited(None, ramp=RAMP)
    for key in ("relay a", "campaign b", "?shop.example"):
        assert throttle.when(key, START) == START
    assert throttle.wants(START) == {}
    assert throttle.when("", START) > START
    assert set(throttle.wants(START)) == {""}


def test_what_was_drawn_and_not_sent_can_be_given_back() -> None:
    throttle = limited(None, ramp=RAMP)
    assert throttle.when(KEY, START) > START
    throttle.grant({KEY: 2}, START)
    throttle.took(KEY, START)
    assert throttle.unused(START) == {KEY: 1}
    assert throttle.unused(START + DAY) == {}


@pytest.mark.parametrize(("count", "most"), [(None, 0.5), (600_000_000, 2.0)])
def test_asking_and_taking_costs_next_to_nothing(count: int | None, most: float) -> None:
    throttle = limited(count)
    when, took = throttle.when, throttle.took

    def once() -> None:
        when(KEY, START + HOUR)
        took(KEY, START + HOUR)

    best = min(timeit.repeat(once, number=5_000, repeat=9)) / 5_000 * 1e6
    # Twice what it may be: tests share two cores with others.
    assert best < 2 * most
