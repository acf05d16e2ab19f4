"""Who comes into a campaign, and who leaves it, by what happens to them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from nurture.clock import DAY, HOUR, NEVER
from nurture.runner.tick import decide
from support.corner import START, Corner

Open = Callable[..., Corner]
HELLO = "topic: offers\nstage: prospect\nsequence:\n  - send: one\n  - wait: 2 days\n  - send: two\n"
ASKED = "topic: service\nenter: {on: asked}\nsequence:\n  - send: one\n  - wait: 2 days\n  - send: two\n"


def test_whoever_comes_into_the_stage_enters_once(shop: Open) -> None:
    corner = shop({"hello": HELLO})
    corner.contact("ann@example.test")
    corner.until(START + 5 * DAY)
    assert corner.inbox() == [("ann@example.test", "one", 0), ("ann@example.test", "two", 48)]
    assert corner.entries() == [("hello", "finished")]


def test_nobody_enters_who_did_not_agree_to_the_topic(shop: Open) -> None:
    corner = shop({"hello": HELLO})
    corner.contact("ann@example.test", "news")
    corner.until(START + 5 * DAY)
    assert corner.entries() == []


def test_mail_about_ones_own_orders_needs_no_consent(shop: Open) -> None:
    corner = shop({"hello": HELLO.replace("offers", "service")})
    corner.contact("ann@example.test", "news")
    corner.until(START + DAY)
    assert corner.entries() == [("hello", "")]


def test_an_import_of_a_year_of_history_mails_nobody(shop: Open) -> None:
    campaign = "topic: offers\nstage: {}\nsequence:\n  - send: {}\n"
    corner = shop(
        {
            "hello": HELLO,
            "first": campaign.format("customer", "one"),
            "gone": campaign.format("lapsed", "two"),
            "ordered": "topic: offers\nenter: {on: ordered}\nsequence:\n  - send: three\n",
            "asked": ASKED,
        }
    )
    corner.clock.move_to(START + 400 * DAY)
    for number in range(20):
        who = f"c{number}@example.test"
        corner.contact(who, at=START)
        corner.order(who, START + 300 * DAY, f"o{number}")
        corner.event(who, "asked", START + 301 * DAY)
    corner.until(START + 401 * DAY)
    assert [change[1] for change in corner.stages()] == ["customer"] * 20 + ["lapsed"] * 20
    assert corner.entries() == []


def test_an_event_lets_in_each_time_but_the_same_event_only_once(shop: Open) -> None:
    corner = shop({"asked": ASKED})
    corner.contact("ann@example.test")
    corner.event("ann@example.test", "asked", START + HOUR, key="a")
    corner.until(START + 4 * DAY)
    corner.event("ann@example.test", "asked", START + HOUR, key="a")
    # Looked at again from before the event, as a late order would have it.
    corner.order("ann@example.test", START + HOUR // 2, "1")
    corner.until(START + 5 * DAY)
    assert corner.entries() == [("asked", "finished")]

    corner.event("ann@example.test", "asked", START + 5 * DAY, key="b")
    corner.until(START + 9 * DAY)
    assert corner.entries() == [("asked", "finished")] * 2
    assert [at for _, _, at in corner.inbox()] == [1, 49, 120, 168]


def test_nobody_is_in_a_campaign_twice_at_once(shop: Open) -> None:
    corner = shop({"asked": ASKED})
    corner.contact("ann@example.test")
    corner.event("ann@example.test", "asked", START + HOUR)
    corner.event("ann@example.test", "asked", START + 2 * HOUR)
    corner.until(START + 9 * DAY)
    assert [at for _, _, at in corner.inbox()] == [1, 49]


def test_the_goal_ends_the_entry_and_takes_back_what_waits(shop: Open) -> None:
    goal = (
        "topic: offers\nenter: {on: asked}\ngoal: {on: ordered, within: 3 days}\nsequence:\n  - send: one\n"
    )
    corner = shop({"asked": goal})
    corner.contact("ann@example.test")
    corner.event("ann@example.test", "asked", START + HOUR)
    corner.clock.move_to(START + HOUR)
    decide(corner.store, corner.world(), corner.now)
    assert corner.rows("SELECT count(*) FROM outbox")[0][0] == 1

    corner.order("ann@example.test", START + 2 * HOUR, "1")
    corner.clock.move_to(START + 2 * HOUR)
    corner.tick.run(corner.now)

    assert corner.inbox() == []
    assert corner.skipped() == {"one": "goal"}
    assert corner.entries() == [("asked", "goal")]
    (entry,) = corner.rows("SELECT goal_at, closed_at, due_at FROM enrollments")
    assert tuple(entry) == (START + 2 * HOUR, START + 2 * HOUR, NEVER)


def test_an_order_later_than_the_goal_allows_does_not_reach_it(shop: Open) -> None:
    goal = "topic: offers\nenter: {on: asked}\ngoal: {on: ordered, within: 3 days}\nsequence:\n"
    corner = shop({"asked": goal + "  - wait: 9 days\n  - send: one\n"})
    for who, hours in (("in@example.test", 73), ("out@example.test", 74)):
        corner.contact(who)
        corner.event(who, "asked", START + HOUR)
        corner.order(who, START + hours * HOUR, who)
    corner.until(START + 10 * DAY)
    assert corner.inbox() == [("out@example.test", "one", 9 * 24 + 1)]
    assert sorted(corner.entries()) == [("asked", "finished"), ("asked", "goal")]


def test_a_goal_is_reached_even_after_the_sequence_is_over(shop: Open) -> None:
    goal = "topic: offers\nstage: prospect\ngoal: {on: ordered, within: 3 days}\nsequence:\n  - send: one\n"
    corner = shop({"hello": goal})
    corner.contact("ann@example.test")
    corner.until(START + DAY)
    corner.order("ann@example.test", START + 2 * DAY, "1")
    corner.until(START + 3 * DAY)
    assert corner.entries() == [("hello", "finished")]
    assert corner.rows("SELECT goal_at FROM enrollments")[0][0] == START + 2 * DAY


def test_an_exit_ends_the_entry(shop: Open) -> None:
    corner = shop({"asked": ASKED + "exit: {on: answered}\n"})
    corner.contact("ann@example.test")
    corner.event("ann@example.test", "asked", START + HOUR)
    corner.event("ann@example.test", "answered", START + 30 * HOUR)
    corner.until(START + 9 * DAY)
    assert corner.inbox() == [("ann@example.test", "one", 1)]
    assert corner.entries() == [("asked", "exit")]


def test_what_happened_before_the_entry_does_not_end_it(shop: Open) -> None:
    corner = shop({"asked": ASKED + "exit: {on: answered}\n"})
    corner.contact("ann@example.test")
    corner.event("ann@example.test", "answered", START + HOUR)
    corner.event("ann@example.test", "asked", START + 2 * HOUR)
    corner.until(START + 9 * DAY)
    assert corner.entries() == [("asked", "finished")]


def test_whoever_leaves_the_stage_leaves_its_campaign(shop: Open) -> None:
    corner = shop({"hello": HELLO})
    corner.contact("ann@example.test")
    corner.contact("bob@example.test")
    corner.order("ann@example.test", START + DAY, "1")
    corner.until(START + 5 * DAY)
    assert corner.entries() == [("hello", "stage"), ("hello", "finished")]
    assert [(who, subject) for who, subject, _ in corner.inbox()] == [
        ("ann@example.test", "one"),
        ("bob@example.test", "one"),
        ("bob@example.test", "two"),
    ]


def test_with_finish_the_sequence_goes_on_outside_of_the_stage(shop: Open) -> None:
    corner = shop({"hello": HELLO + "on leaving: finish\n"})
    corner.contact("ann@example.test")
    corner.order("ann@example.test", START + DAY, "1")
    corner.until(START + 5 * DAY)
    assert corner.entries() == [("hello", "finished")]
    assert len(corner.inbox()) == 2


def test_a_campaign_of_lines_takes_one_line_after_the_other(shop: Open) -> None:
    lines = "topic: offers\nlines: each\nstage: [customer, regular]\ngoal: {on: ordered, within: 30 days}\n"
    corner = shop({"more": lines + "sequence:\n  - wait: 1 day\n  - send: one\n  - wait: 1 day\n"})
    corner.products({"rose": "FLORAL", "bread": "BAKERY", "cod": "SEAFOOD", "bean": "PRODUCE"})
    corner.contact("ann@example.test")
    corner.order("ann@example.test", START + HOUR, "1", "bread")
    corner.order("ann@example.test", START + 25 * HOUR + HOUR // 2, "2", "bean")
    corner.until(START + 20 * DAY)

    rows = corner.rows(
        "SELECT l.name, e.entered_at, e.closed_at, e.reason FROM enrollments e JOIN lines l ON l.id = e.line_id"
        " ORDER BY e.entered_at"
    )
    assert "BAKERY" not in {row[0] for row in rows}
    assert len({row[0] for row in rows}) == len(rows) >= 2
    for before, after in pairwise(rows):
        assert 0 < before[2] <= after[1]
    reasons = {row[0]: row[3] for row in rows}
    assert reasons["FLORAL"] == reasons["SEAFOOD"] == "finished"
    assert reasons.get("PRODUCE", "goal") == "goal", "an order there ends it, or it never begins"
