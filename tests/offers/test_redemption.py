"""What orders that bear codes come to."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.clock import DAY, HOUR
from nurture.offers.discount import Amount, FreeDelivery, Percent
from nurture.offers.redemption import (
    MOST_COST,
    SLACK,
    Given,
    Judgement,
    Use,
    given_away,
    judge_for_all,
    judge_own,
    names,
    standing,
)

ISSUED = 400 * DAY
OVER = 414 * DAY
ANN, BOB = 1, 2


def code(**more: int | str | bool) -> Given:
    values = {
        "code_id": 7,
        "own": True,
        "contact_id": ANN,
        "issued_at": ISSUED,
        "expires_at": OVER,
        "discount": "15%",
    }
    return Given(**{**values, **more})  # type: ignore[arg-type]  # as the tests say


def use(order: int, at: int, contact: int = ANN, paid: int = 8_500) -> Use:
    return Use(order_id=order, contact_id=contact, at=at, paid=paid)


def verdicts(it: Judgement) -> list[tuple[int, str]]:
    return [(one.use.order_id, one.verdict) for one in it.uses]


def test_the_first_order_of_its_contact_in_time_redeems_a_code() -> None:
    found = judge_own(code(), [use(1, ISSUED + DAY)])
    assert verdicts(found) == [(1, "redeemed")]
    assert found.uses[0].discount == 1_500
    assert found.redeemed == {7: ISSUED + DAY}


def test_a_second_order_uses_it_again_whichever_came_in_first() -> None:
    orders = [use(2, ISSUED + 2 * DAY), use(1, ISSUED + DAY)]
    assert verdicts(judge_own(code(), orders)) == [(1, "redeemed"), (2, "again")]


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        (OVER - 1, "redeemed"),
        (OVER, "expired"),
        (ISSUED, "redeemed"),
        (ISSUED - SLACK, "redeemed"),
        (ISSUED - SLACK - 1, "early"),
    ],
)
def test_a_code_holds_from_the_day_it_was_given_until_the_moment_it_is_over(at: int, verdict: str) -> None:
    assert verdicts(judge_own(code(), [use(1, at)])) == [(1, verdict)]


def test_a_code_without_an_end_is_never_over() -> None:
    assert verdicts(judge_own(code(expires_at=0), [use(1, OVER + 999 * DAY)])) == [(1, "redeemed")]


def test_a_code_that_another_used_is_used_up() -> None:
    found = judge_own(code(), [use(1, ISSUED + DAY, BOB), use(2, ISSUED + 2 * DAY)])
    assert verdicts(found) == [(1, "somebody else"), (2, "again")]
    assert found.redeemed == {7: ISSUED + DAY}


def test_a_code_that_nobody_was_given_is_told_and_used_up() -> None:
    found = judge_own(code(contact_id=0, issued_at=0, expires_at=0), [use(1, ISSUED)])
    assert (verdicts(found), found.redeemed) == ([(1, "not given")], {7: ISSUED})


def test_nobody_is_blamed_for_the_code_of_one_who_was_erased() -> None:
    assert verdicts(judge_own(code(contact_id=-1), [use(1, ISSUED + DAY, BOB)])) == [(1, "redeemed")]


def test_a_code_for_all_counts_once_for_each_time_it_was_given() -> None:
    first = code(own=False, code_id=1)
    second = code(own=False, code_id=2, issued_at=ISSUED + 100 * DAY, expires_at=OVER + 100 * DAY)
    days = (-30, 1, 2, 20, 101, 102)
    found = judge_for_all([first, second], "15%", [use(day, ISSUED + day * DAY) for day in days])
    assert verdicts(found) == [
        *((-30, "early"), (1, "redeemed"), (2, "again")),
        *((20, "again"), (101, "redeemed"), (102, "again")),
    ]
    assert found.redeemed == {1: ISSUED + DAY, 2: ISSUED + 101 * DAY}
    assert found.uses[0].discount == 0


def test_a_code_for_all_used_by_one_who_was_never_given_it_is_told_with_its_cost() -> None:
    found = judge_for_all([], "10 USD", [use(1, ISSUED, BOB)])
    assert verdicts(found) == [(1, "somebody else")]
    assert (found.uses[0].discount, found.uses[0].code_id, found.redeemed) == (1_000, 0, {})


def test_what_is_free_has_a_cost_that_is_not_known() -> None:
    assert given_away(FreeDelivery(), 5_000) is None
    assert given_away(None, 5_000) is None
    assert given_away(Amount(minor=1_000, currency="USD"), 1) == 1_000
    assert given_away(Percent(share=Decimal(1)), 0) is None


def test_what_nobody_can_have_paid_costs_no_more_than_a_database_can_add_up() -> None:
    almost_all = Percent(share=Decimal("0.999999"))
    assert given_away(almost_all, 99_999_999_999_999) == MOST_COST
    assert given_away(almost_all, -99_999_999_999_999) == -MOST_COST
    assert given_away(Amount(minor=10**17, currency="USD"), 1) == MOST_COST


@settings(max_examples=100)
@given(st.integers(1, 99), st.integers(0, 10**9))
def test_what_a_share_came_to_and_what_was_paid_make_the_whole(percent: int, whole: int) -> None:
    paid = round(Decimal(whole) * (100 - percent) / 100)
    found = given_away(Percent(share=Decimal(percent) / 100), paid)
    assert found is not None
    # What was paid is rounded to a unit, which is worth so much of the discount.
    assert abs(found - (whole - paid)) <= Decimal(percent) / (100 - percent) / 2 + 1


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(-3, 30), st.sampled_from((ANN, BOB))), max_size=8),
    st.integers(0, 7),
    st.randoms(use_true_random=False),
)
def test_the_verdicts_do_not_hang_on_the_order_in_which_orders_come_in(
    days: list[tuple[int, int]], _: int, chance: st.DataObject
) -> None:
    orders = [use(no, ISSUED + day * DAY + no * HOUR, who) for no, (day, who) in enumerate(days)]
    shuffled = list(orders)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    found = judge_own(code(), shuffled)
    assert found == judge_own(code(), orders)
    assert sum(1 for it in found.uses if it.verdict == "redeemed") <= 1
    assert bool(found.redeemed) == bool(orders)


def test_codes_are_found_however_they_are_typed() -> None:
    assert names("first-7kx9m 2mpqa") == ("FIRST7KX9M2MPQA",)
    assert names("WELCOME, spring-2; welcome,,--") == ("WELCOME", "SPRING2")
    assert names(" ") == ()
    assert len(names(",".join(f"A{no}" for no in range(99)))) == 10


def test_a_code_to_be_passed_on_is_redeemed_by_whoever_orders_with_it_first() -> None:
    friend = [use(1, ISSUED + DAY, BOB), use(2, ISSUED + 2 * DAY, 3), use(3, ISSUED + 3 * DAY)]
    found = judge_own(code(for_others=True), friend)
    assert verdicts(found) == [(1, "redeemed"), (2, "again"), (3, "again")]
    assert verdicts(judge_own(code(for_others=True), [use(1, OVER, BOB)])) == [(1, "expired")]
    twice = [use(1, ISSUED, BOB), use(2, ISSUED + DAY, BOB)]
    assert verdicts(judge_for_all([], "10 USD", twice, for_others=True)) == [(1, "redeemed"), (2, "again")]


def test_a_code_to_be_passed_on_is_good_for_whoever_asks() -> None:
    def asked(for_others: bool) -> str:
        return standing(
            own=True,
            contact_id=ANN,
            expires_at=OVER,
            redeemed_at=0,
            for_others=for_others,
            asked_for=BOB,
            now=ISSUED,
        )

    assert (asked(True), asked(False)) == ("good", "somebody else")
