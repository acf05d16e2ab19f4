"""What offers cost, could cost, and when they run out."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nurture.clock import DAY
from nurture.offers.discount import Amount, Discount, FreeDelivery, Percent
from nurture.reports.offers import Counts, liability, runs_out

NOW = 1_000 * DAY


@pytest.mark.parametrize(
    ("worth", "counts", "usual", "wanted"),
    [
        (Amount(minor=1_000, currency="USD"), Counts(out=7), 0.0, 7_000),
        (Percent(share=Decimal("0.2")), Counts(out=10, mean_paid=8_000), 0.0, 20_000),
        (Percent(share=Decimal("0.2")), Counts(out=10), 4_000.0, 10_000),
        (Percent(share=Decimal("0.2")), Counts(out=10), 0.0, None),
        (Percent(share=Decimal(1)), Counts(out=10, mean_paid=8_000), 0.0, None),
        (FreeDelivery(), Counts(out=3), 4_000.0, None),
        (FreeDelivery(), Counts(), 4_000.0, 0),
        (None, Counts(), 0.0, 0),
    ],
)
def test_what_is_still_out_costs_as_much_as_all_of_it_used(
    worth: Discount | None, counts: Counts, usual: float, wanted: int | None
) -> None:
    assert liability(worth, counts, usual) == wanted


def test_what_runs_out_first_is_told_at_the_rate_of_the_last_month() -> None:
    counts = Counts(
        ready=300,
        issued=900,
        issued_lately=300,
        first_issued_at=NOW - 90 * DAY,
        discount=1_000,
        discount_lately=0,
    )
    found = runs_out(counts, draws_from_ready=True, most_codes=1_000, most_discount=5_000, now=NOW)
    assert found is not None
    assert (found.what, found.left, found.per_day) == ("limit on codes", 100, 10)
    assert found.at == NOW + 10 * DAY


def test_an_offer_that_began_a_few_days_ago_has_the_rate_of_those_days() -> None:
    counts = Counts(ready=60, issued_lately=40, first_issued_at=NOW - 4 * DAY)
    found = runs_out(counts, draws_from_ready=True, most_codes=None, most_discount=None, now=NOW)
    assert found is not None
    assert (found.per_day, found.at) == (10, NOW + 6 * DAY)


def test_what_is_out_is_out_now_and_what_nobody_uses_has_no_end() -> None:
    empty = runs_out(Counts(), draws_from_ready=True, most_codes=5, most_discount=None, now=NOW)
    assert empty is not None
    assert (empty.what, empty.at) == ("free codes", NOW)
    idle = runs_out(Counts(ready=5), draws_from_ready=True, most_codes=None, most_discount=None, now=NOW)
    assert idle is not None
    assert (idle.left, idle.at) == (5, None)
    assert runs_out(Counts(), draws_from_ready=False, most_codes=None, most_discount=None, now=NOW) is None


def test_a_limit_that_was_lowered_below_what_is_given_is_reached() -> None:
    counts = Counts(issued=10, discount=99)
    found = runs_out(counts, draws_from_ready=False, most_codes=5, most_discount=50, now=NOW)
    assert found is not None
    assert (found.left, found.at) == (0, NOW)
