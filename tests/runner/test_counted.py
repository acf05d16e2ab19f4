"""What a review remembers of the orders it counted, and when it must not go by it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nurture.audience.expressions import Needs
from nurture.clock import DAY, HOUR
from nurture.lifecycle.tally import OrderTally
from nurture.runner.counted import Counted
from nurture.runner.in_force import load
from nurture.runner.review import review
from support.corner import START, Corner

Open = Callable[..., Corner]
TALLY = OrderTally(Needs(), 30.0)


def facts(corner: Corner) -> list[tuple[int, int]]:
    """(orders, day of the last) in the business and on each line, by its name."""
    rows = corner.rows(
        "SELECT f.count, f.last_at FROM order_facts f LEFT JOIN lines l ON l.id = f.line_id"
        " ORDER BY coalesce(l.name, '')"
    )
    return [(count, round((at - START) / DAY)) for count, at in rows]


def test_a_walk_that_starts_later_goes_on_from_what_was_counted() -> None:
    counted = Counted()
    counted.keep((1, 0), TALLY, 100)

    assert counted.recall({(1, 0): 100, (1, 3): 100, (2, 0): 100}, {1: 100, 2: 0}) == {(1, 0): (100, TALLY)}


def test_a_line_that_was_not_looked_at_meanwhile_goes_on_too() -> None:
    counted = Counted()
    counted.keep((1, 3), TALLY, 100)
    counted.keep((1, 0), TALLY, 200)

    assert counted.recall({(1, 3): 200}, {1: 200}) == {(1, 3): (100, TALLY)}


def test_what_came_in_late_is_counted_from_the_beginning() -> None:
    counted = Counted()
    counted.keep((1, 0), TALLY, 100)

    assert counted.recall({(1, 0): 99}, {1: 100}) == {}


def test_whom_another_process_reviewed_is_counted_from_the_beginning() -> None:
    counted = Counted()
    counted.keep((1, 0), TALLY, 100)

    assert counted.recall({(1, 0): 150}, {1: 150}) == {}
    assert counted.recall({(1, 0): 150}, {1: 100}) == {}


def test_those_who_were_not_reviewed_for_longest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nurture.runner.counted.MOST", 2)
    counted = Counted()
    for contact in (1, 2, 1, 3):
        counted.keep((contact, 0), TALLY, 100)

    starts = {(contact, 0): 100 for contact in (1, 2, 3)}
    assert counted.recall(starts, {1: 100, 2: 100, 3: 100}).keys() == {(1, 0), (3, 0)}


def test_two_processes_that_take_turns_find_what_one_finds(shop: Open) -> None:
    """Orders in time, late ones and refunds, each taken in by whoever is next."""
    corner = shop({})
    corner.products({"rose": "FLORAL", "bread": "BAKERY"})
    corner.contact("ann@example.test")
    mine, theirs = corner.world(), load(corner.store, corner.app.settings)

    def looked_at(day: int) -> list[tuple[int, int]]:
        corner.clock.move_to(START + day * DAY + HOUR)
        review(corner.store, (mine, theirs)[day % 2], corner.now)
        return facts(corner)

    corner.order("ann@example.test", START + 2 * DAY, "1", "bread")
    assert looked_at(2) == [(1, 2), (1, 2)]
    corner.order("ann@example.test", START + 4 * DAY, "2", "bread")
    assert looked_at(4) == [(2, 4), (2, 4)]
    corner.order("ann@example.test", START + 3 * DAY, "3", "rose")
    assert looked_at(5) == [(3, 4), (2, 4), (1, 3)]
    corner.order("ann@example.test", START + 6 * DAY, "4", "rose")
    assert looked_at(6) == [(4, 6), (2, 4), (2, 6)]
    corner.order(
        "ann@example.test", START + 4 * DAY, "2", "bread", status="refunded", undone_at=START + 7 * DAY
    )
    assert looked_at(8) == [(3, 6), (1, 2), (2, 6)]
    corner.order("ann@example.test", START + 10 * DAY, "5", "bread")
    assert looked_at(10) == [(4, 10), (2, 10), (2, 6)]


def test_an_order_that_is_known_to_be_refunded_later_is_taken_out_when_that_comes(shop: Open) -> None:
    corner = shop({})
    corner.contact("ann@example.test")
    corner.order("ann@example.test", START + DAY, "1")
    corner.order("ann@example.test", START + 2 * DAY, "2", status="refunded", undone_at=START + 5 * DAY)
    corner.order("ann@example.test", START + 3 * DAY, "3")

    corner.until(START + 4 * DAY)
    assert facts(corner)[0] == (3, 3)
    corner.until(START + 6 * DAY)
    assert facts(corner)[0] == (2, 3)
