"""Stages as the real tick keeps them: dated by what happened, worked in where it came late."""

from __future__ import annotations

from collections.abc import Callable

from nurture.clock import DAY, HOUR
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit
from nurture.runner.review import BATCH, TURN, review
from nurture.store import hits
from nurture.store.statements import table
from nurture.store.tables import AgendaRow, ContactRow
from support.corner import START, Corner

Open = Callable[..., Corner]
HELLO = "topic: offers\nstage: prospect\nsequence:\n  - send: one\n"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0 Safari/537.36"


def click(corner: Corner, at: int) -> None:
    """A person follows the link of every message there is."""
    keys = [MessageKey(*row) for row in corner.rows("SELECT enrollment_id, step_no FROM inbox")]
    with corner.store.write() as tx:
        hits.record(
            tx,
            [Hit(key=key, kind="click", link_no=1, at=at, agent=BROWSER) for key in keys],
            corner.store.ids,
            at,
        )


def test_changes_are_dated_by_what_brought_them_and_not_by_the_tick(shop: Open) -> None:
    corner = shop({})
    corner.contact("ann@example.test")
    corner.order("ann@example.test", START + 5 * HOUR, "1")
    corner.order("ann@example.test", START + 29 * HOUR, "2")

    corner.clock.move_to(START + 70 * DAY)
    corner.tick.run(corner.now)

    lapsed = 29 + 30 * 24
    assert corner.stages() == [
        ("prospect/awareness", "customer", 5),
        ("customer", "regular", 29),
        ("regular", "lapsed", lapsed),
    ]


def test_reviews_that_give_way_rest_between_batches_and_end_after_some(shop: Open) -> None:
    corner = shop({})
    people = range(BATCH * TURN + 1)
    with corner.store.write() as tx:
        tx.execute(
            table(ContactRow).insert(),
            [{"id": no, "email": f"{no}@example.test", "created_at": START} for no in people],
        )
        tx.execute(
            table(AgendaRow).insert(), [{"contact_id": no, "line_id": 0, "due_at": START} for no in people]
        )
    took: list[float] = []
    assert review(corner.store, corner.world(), corner.now, took.append) == BATCH * TURN
    assert len(took) == TURN
    assert min(took) > 0
    assert review(corner.store, corner.world(), corner.now, took.append) == 1
    assert len(took) == TURN


def test_an_order_that_is_yet_to_come_changes_nothing_before_its_time(shop: Open) -> None:
    corner = shop({})
    corner.contact("ann@example.test")
    corner.order("ann@example.test", START + 10 * DAY, "1")

    corner.until(START + 9 * DAY)
    assert corner.stages() == []
    corner.until(START + 11 * DAY)
    assert corner.stages() == [("prospect/awareness", "customer", 240)]


def test_a_refund_that_leaves_no_purchase_makes_a_prospect_again(shop: Open) -> None:
    corner = shop({})
    corner.contact("ann@example.test")
    corner.order("ann@example.test", START + HOUR, "1")
    corner.until(START + DAY)
    corner.order("ann@example.test", START + HOUR, "1", status="refunded", undone_at=START + 30 * HOUR)
    corner.until(START + 2 * DAY)

    assert corner.stages() == [("prospect/awareness", "customer", 1), ("customer", "prospect/awareness", 30)]


def test_a_refund_that_comes_late_supersedes_what_it_undoes(shop: Open) -> None:
    """The second order was refunded on day 3, which we hear of on day 50, when they had long lapsed."""
    corner = shop({})
    corner.contact("ann@example.test")
    corner.order("ann@example.test", START + DAY, "1")
    corner.order("ann@example.test", START + 2 * DAY, "2")
    corner.until(START + 50 * DAY)
    assert corner.stages()[-2:] == [("customer", "regular", 48), ("regular", "lapsed", 32 * 24)]

    corner.order("ann@example.test", START + 2 * DAY, "2", status="refunded", undone_at=START + 3 * DAY)
    corner.until(START + 51 * DAY)

    assert corner.stages() == [
        ("prospect/awareness", "customer", 24),
        ("customer", "regular", 48),
        ("regular", "customer", 72),
        ("customer", "lapsed", 31 * 24),
    ]
    superseded = corner.rows("SELECT from_stage, to_stage FROM transitions WHERE superseded_at > 0")
    assert [tuple(row) for row in superseded] == [("regular", "lapsed")]


def test_an_order_that_comes_late_is_worked_in(shop: Open) -> None:
    corner = shop({})
    corner.contact("ann@example.test")
    corner.order("ann@example.test", START + 2 * DAY, "2")
    corner.until(START + 10 * DAY)
    assert corner.stages() == [("prospect/awareness", "customer", 48)]

    corner.order("ann@example.test", START + DAY, "1")
    corner.until(START + 10 * DAY + HOUR)

    assert corner.stages() == [("prospect/awareness", "customer", 24), ("customer", "regular", 48)]
    (facts,) = corner.rows("SELECT count, first_at, last_at FROM order_facts WHERE line_id = 0")
    assert tuple(facts) == (2, START + DAY, START + 2 * DAY)


def test_the_same_again_changes_nothing(shop: Open) -> None:
    corner = shop({})
    corner.contact("ann@example.test")
    corner.order("ann@example.test", START + DAY, "1")
    corner.until(START + 3 * DAY)
    before = corner.rows("SELECT * FROM transitions")

    corner.order("ann@example.test", START + DAY, "1")
    corner.until(START + 4 * DAY)
    with corner.store.write() as tx:
        tx.exec_driver_sql(f"UPDATE agenda SET due_at = {START + DAY}")
    corner.until(START + 5 * DAY)

    assert corner.rows("SELECT * FROM transitions") == before


def test_each_line_has_stages_of_its_own(shop: Open) -> None:
    corner = shop({})
    corner.products({"rose": "FLORAL", "bread": "BAKERY"})
    corner.contact("ann@example.test")
    corner.order("ann@example.test", START + DAY, "1", "bread")
    corner.order("ann@example.test", START + 2 * DAY, "2", "bread")
    corner.order("ann@example.test", START + 3 * DAY, "3", "rose")
    corner.until(START + 4 * DAY)

    assert [change[1:] for change in corner.stages("BAKERY")] == [("customer", 24), ("regular", 48)]
    assert [change[1:] for change in corner.stages("FLORAL")] == [("customer", 72)]
    assert corner.stages() == [("prospect/awareness", "customer", 24), ("customer", "regular", 48)]


def test_on_a_line_that_nobody_looked_at_before_a_click_counts_from_when_it_was_made(shop: Open) -> None:
    corner = shop({"hello": HELLO})
    corner.products({"rose": "FLORAL"})
    corner.contact("ann@example.test")
    corner.until(START + HOUR)
    click(corner, START + HOUR)
    corner.until(START + 5 * DAY)
    corner.order("ann@example.test", START + 5 * DAY, "1", "rose")
    corner.until(START + 6 * DAY)

    expected = [("prospect/awareness", "prospect/curious", 1), ("prospect/curious", "customer", 120)]
    assert corner.stages() == corner.stages("FLORAL") == expected
