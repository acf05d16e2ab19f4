"""Which messages an order is credited to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import DAY, HOUR, SECOND
from nurture.delivery.outcome import MessageKey
from nurture.engagement.attribution import Bought, Credit, Model, Touch, Way, credit

A, B, C = MessageKey(1, 1), MessageKey(1, 2), MessageKey(2, 1)
AT = 100 * DAY
ORDER = Bought(id=9, at=AT, amount=1_000)
TOUCHES = (
    Touch(key=A, at=AT - 6 * DAY),
    Touch(key=B, at=AT - 4 * DAY),
    Touch(key=C, at=AT - 2 * DAY),
    Touch(key=B, at=AT - 1 * HOUR),
    Touch(key=A, at=AT + SECOND),
)


def shares(
    model: Model, order: Bought = ORDER, touches: tuple[Touch, ...] = TOUCHES, within: int = 5 * DAY
) -> dict[MessageKey, int]:
    return {it.key: it.amount for it in credit([order], touches, Way(model=model, within=within))}


def test_the_last_click_before_the_order_has_all_of_it() -> None:
    assert shares("last-click") == {B: 1_000}


def test_the_first_click_within_the_time_has_all_of_it() -> None:
    assert shares("first-click") == {B: 1_000}
    assert shares("first-click", within=7 * DAY) == {A: 1_000}


def test_linear_gives_each_message_the_same_however_often_it_was_clicked() -> None:
    assert shares("linear") == {B: 500, C: 500}
    assert shares("linear", within=7 * DAY) == {A: 334, B: 333, C: 333}


@pytest.mark.parametrize("model", ["last-click", "first-click", "linear"])
def test_the_time_counts_to_the_last_moment(model: Model) -> None:
    on_time, too_late = (Touch(key=A, at=AT - 5 * DAY),), (Touch(key=A, at=AT - 5 * DAY - 1),)
    assert shares(model, touches=on_time) == {A: 1_000}
    assert shares(model, touches=too_late) == {}
    assert shares(model, touches=(Touch(key=A, at=AT),)) == {A: 1_000}


def test_what_was_undone_says_so() -> None:
    undone = Bought(id=9, at=AT, amount=70, undone=True)
    assert credit([undone], TOUCHES, Way(within=DAY)) == (Credit(key=B, order=9, amount=70, undone=True),)


moments = st.integers(0, 20).map(lambda n: n * DAY // 2)
touches = st.lists(
    st.builds(Touch, key=st.builds(MessageKey, st.integers(1, 3), st.integers(1, 2)), at=moments), max_size=9
)
orders = st.lists(
    st.builds(
        Bought, id=st.integers(1, 9), at=moments, amount=st.integers(-50, 10**12), undone=st.booleans()
    ),
    max_size=4,
    unique_by=lambda it: it.id,
)


@given(orders, touches, st.sampled_from(["last-click", "first-click", "linear"]), st.integers(1, 20))
def test_the_shares_of_an_order_add_up_to_it(
    given_orders: list[Bought], given_touches: list[Touch], model: Model, half_days: int
) -> None:
    way = Way(model=model, within=half_days * DAY // 2)
    credits = credit(given_orders, given_touches, way)
    for order in given_orders:
        mine = [it.amount for it in credits if it.order == order.id]
        near = any(order.at - way.within <= it.at <= order.at for it in given_touches)
        assert bool(mine) == near
        if mine:
            assert sum(mine) == order.amount
            assert max(mine) - min(mine) <= 1
