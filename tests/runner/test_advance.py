"""Sequences through real ticks: waiting, waiting for something, branches, ends."""

from __future__ import annotations

from collections.abc import Callable

from nurture.clock import DAY, HOUR
from support.corner import START, Corner, files

Open = Callable[..., Corner]
HEAD = "topic: offers\nstage: prospect\nsequence:\n"


def subjects(corner: Corner) -> list[tuple[str, float]]:
    return [(subject, at) for _, subject, at in corner.inbox()]


def test_waits_count_from_when_the_step_before_was_done(shop: Open) -> None:
    corner = shop(
        {
            "hello": HEAD
            + "  - wait: 3 hours\n  - send: one\n  - wait: 1 day\n  - wait: 6 hours\n  - send: two\n"
        }
    )
    corner.contact("ann@example.test", at=START + HOUR)
    corner.until(START + 3 * DAY)
    assert subjects(corner) == [("one", 4), ("two", 34)]


def test_a_wait_for_is_over_when_what_it_waits_for_happens(shop: Open) -> None:
    steps = '  - send: one\n  - wait for: did("visited")\n    up to: 5 days\n  - send: two\n'
    corner = shop({"hello": HEAD + steps})
    for who in ("ann@example.test", "bob@example.test"):
        corner.contact(who)
    corner.event("ann@example.test", "visited", START + 7 * HOUR)
    corner.until(START + 9 * DAY)
    assert corner.inbox() == [
        ("ann@example.test", "one", 0),
        ("bob@example.test", "one", 0),
        ("ann@example.test", "two", 7),
        ("bob@example.test", "two", 120),
    ]


def test_branches_go_their_own_way_and_join_again(shop: Open) -> None:
    steps = (
        '  - wait: 1 day\n  - if: did("visited")\n    then:\n      - send: one\n'
        "    else:\n      - wait: 2 days\n      - send: two\n  - wait: 1 day\n  - send: three\n"
    )
    corner = shop({"hello": HEAD + steps})
    for who in ("ann@example.test", "bob@example.test"):
        corner.contact(who)
    corner.event("ann@example.test", "visited", START + HOUR)
    corner.until(START + 9 * DAY)
    assert sorted(corner.inbox()) == [
        ("ann@example.test", "one", 24),
        ("ann@example.test", "three", 48),
        ("bob@example.test", "three", 96),
        ("bob@example.test", "two", 72),
    ]


def test_a_step_whose_when_does_not_hold_is_passed_over(shop: Open) -> None:
    steps = '  - send: one\n    when: did("visited")\n  - send: two\n'
    corner = shop({"hello": HEAD + steps})
    corner.contact("ann@example.test")
    corner.until(START + DAY)
    assert subjects(corner) == [("two", 0)]


def test_an_end_says_why_in_the_marketers_words(shop: Open) -> None:
    corner = shop({"hello": HEAD + "  - send: one\n  - end: all is said\n"})
    corner.contact("ann@example.test")
    corner.until(START + DAY)
    assert corner.entries() == [("hello", "all is said")]


def test_a_day_in_which_nothing_ran_is_made_up_for_without_haste(shop: Open) -> None:
    """The daemon was off for three days: what was due goes now, and the next wait counts from then."""
    corner = shop({"hello": HEAD + "  - wait: 1 day\n  - send: one\n  - wait: 1 day\n  - send: two\n"})
    corner.contact("ann@example.test")
    corner.until(START)
    corner.clock.move_to(START + 4 * DAY)
    corner.until(START + 9 * DAY)
    assert subjects(corner) == [("one", 96), ("two", 120)]


def test_a_message_that_would_come_too_late_is_skipped_and_says_so(shop: Open) -> None:
    steps = "  - wait: 1 day\n  - send: one\n    stale after: 2 days\n  - wait: 1 day\n  - send: two\n"
    corner = shop({"hello": HEAD + steps})
    corner.contact("ann@example.test")
    corner.until(START)
    corner.clock.move_to(START + 4 * DAY)
    corner.until(START + 9 * DAY)
    assert subjects(corner) == [("two", 120)]
    assert corner.skipped() == {"one": "stale"}


def test_a_campaign_that_is_taken_out_lets_everybody_go(shop: Open) -> None:
    corner = shop({"hello": HEAD + "  - send: one\n  - wait: 1 day\n  - send: two\n"})
    corner.contact("ann@example.test")
    corner.until(START + HOUR)
    corner.apply(files({}))
    assert corner.world.look()
    corner.retake()
    corner.until(START + 3 * DAY)
    assert subjects(corner) == [("one", 0)]
    assert corner.entries() == [("hello", "campaign-gone")]


def test_a_new_step_is_met_by_those_who_have_not_come_so_far(shop: Open) -> None:
    before = HEAD + "  - send: one\n  - wait: 2 days\n  - send: three\n"
    corner = shop({"hello": before})
    corner.contact("ann@example.test")
    corner.until(START + HOUR)
    corner.apply(files({"hello": HEAD + "  - send: one\n  - wait: 2 days\n  - send: two\n  - send: three\n"}))
    assert corner.world.look()
    corner.retake()
    corner.until(START + 9 * DAY)
    assert subjects(corner) == [("one", 0), ("two", 48), ("three", 48)]


def test_the_same_step_is_planned_once_however_often_it_is_decided(shop: Open) -> None:
    corner = shop({"hello": HEAD + "  - send: one\n"})
    corner.contact("ann@example.test")
    corner.until(START + HOUR)
    with corner.store.write() as tx:
        tx.exec_driver_sql(f"UPDATE enrollments SET closed_at = 0, step_no = 1, due_at = {START}")
    corner.until(START + 2 * HOUR)
    assert subjects(corner) == [("one", 0)]
