"""What an open entry waits for, and the facts that are kept where a message is not sent or an entry ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nurture.clock import DAY, HOUR, MINUTE
from nurture.reports.waiting import Waiting
from nurture.runner.account import Account, account
from nurture.runner.explaining import waiting_for
from nurture.runner.pausing import pause
from nurture.store import journeys, people
from nurture.store.engine import Store
from support.corner import START, Corner, files, opened

ANN = "ann@x.example"


def visited(steps: str, *more: str) -> str:
    return "\n".join(["topic: offers", "enter: {on: visited}", *more, "sequence:", steps, ""])


def waiting(corner: Corner) -> list[Waiting]:
    """What each open entry waits for, those that entered first first."""
    with corner.store.read() as tx:
        contacts = [id_ for (id_,) in tx.exec_driver_sql("SELECT id FROM contacts").all()]
        entries = journeys.of_contacts(tx, contacts)
        found = waiting_for(tx, corner.world(), entries, corner.now)
    return [found[it] for it in sorted(found)]


def about(corner: Corner, email: str = ANN) -> Account:
    with corner.store.read() as tx:
        contact = people.by_email(tx, email)
        assert contact is not None
        found = account(tx, corner.world(), contact.id, corner.app.address_key, corner.now)
    assert found is not None
    return found


def saw(corner: Corner, table: str = "messages") -> dict[str, str]:
    """The facts kept with the one row that has some."""
    rows = corner.rows(f"SELECT saw FROM {table} WHERE saw <> '{{}}'")
    assert len(rows) == 1
    found: dict[str, str] = json.loads(rows[0][0])
    return found


def come(corner: Corner, *events: str, **more: str) -> None:
    """Ann signs up and does this."""
    corner.contact(ANN, **more)
    for hours, name in enumerate(events, 1):
        corner.event(ANN, name, START + hours * HOUR)


def test_a_wait_tells_when_it_is_over(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"it": visited("  - wait: 2 days\n  - send: one")})) as corner:
        come(corner, "visited")
        corner.until(START + DAY)
        (it,) = waiting(corner)
    assert (it.kind, it.until, it.step) == ("time", START + 49 * HOUR, "start+1")
    assert it.says == "wait 2 days, then they go on"


def test_a_condition_tells_what_it_sees(store: Store, tmp_path: Path) -> None:
    steps = '  - wait for: clicked("one") or orders.count >= 1\n    up to: 3 days\n  - send: one'
    with opened(store, tmp_path, files({"it": visited(steps)})) as corner:
        come(corner, "visited")
        corner.until(START + DAY)
        (it,) = waiting(corner)
    assert (it.kind, it.until) == ("condition", START + 73 * HOUR)
    assert it.saw == {'clicked("one")': "no", "orders.count": "0"}


def test_who_waits_for_the_winner_is_told_so(store: Store, tmp_path: Path) -> None:
    steps = (
        "  - send: one\n    variants: [one, two]\n    winner: clicks\n    test: 1%\n    decide after: 4 hours"
    )
    with opened(store, tmp_path, files({"it": visited(steps)})) as corner:
        come(corner, "visited")
        corner.until(START + 2 * HOUR)
        (it,) = waiting(corner)
    assert (it.kind, it.until) == ("winner", START + 5 * HOUR)


def test_a_message_that_the_cap_holds_says_so_and_when_it_is_tried(store: Store, tmp_path: Path) -> None:
    given = {"it": visited("  - send: one\n  - send: two")}
    with opened(store, tmp_path, files(given), limits={"per_contact": "1 per 2 days"}) as corner:
        come(corner, "visited")
        corner.until(START + DAY)
        (it,) = waiting(corner)
    assert (it.kind, it.until, it.step) == ("message", START + 49 * HOUR, "two")
    assert it.says == "their message two is held by the cap (1 per 2 days) and tried again"


def test_a_message_that_waits_for_its_window_names_the_window(store: Store, tmp_path: Path) -> None:
    given = {"it": visited("  - send: one", "window: mon-sun 09:00-17:00")}
    with opened(store, tmp_path, files(given)) as corner:
        come(corner, "visited", timezone="America/New_York")
        corner.until(START + 2 * HOUR)
        (it,) = waiting(corner)
    assert (it.kind, it.until) == ("message", START + 14 * HOUR)


def test_a_pause_is_what_everybody_waits_for(store: Store, tmp_path: Path) -> None:
    steps = "  - wait: 1 hour\n  - send: one"
    given = {"it": visited(steps), "that": visited("  - send: two", "window: mon-sun 09:00-17:00")}
    with opened(store, tmp_path, files(given)) as corner:
        come(corner, "visited")
        corner.until(START + HOUR + MINUTE)
        pause(store, "it", corner.now)
        pause(store, "that", corner.now)
        assert [it.kind for it in waiting(corner)] == ["paused", "paused"]
        corner.until(START + 5 * DAY)
        assert [it.kind for it in waiting(corner)] == ["paused", "paused"]


def test_what_is_due_is_decided_by_the_next_tick(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"it": visited("  - wait: 2 days\n  - send: one")})) as corner:
        come(corner, "visited")
        corner.until(START + DAY)
        corner.clock.move_to(START + 5 * DAY)
        (it,) = waiting(corner)
    assert it.kind == "due"


def test_what_nothing_will_move_is_told_apart(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"it": visited("  - send: one\n  - wait: 2 days")})) as corner:
        come(corner, "visited")
        corner.until(START + DAY)
        with store.write() as tx:
            tx.exec_driver_sql("UPDATE enrollments SET due_at = 4611686018427387904")
        (it,) = waiting(corner)
    assert it.kind == "stuck"


STOPPED = [
    ("  - wait: 1 day\n  - send: one\n    when: orders.count >= 1", "", "step-when", {"orders.count": "0"}),
    (
        "  - send: one\n  - send: two",
        "on cap: skip",
        "cap",
        {"cap": "1 per 2 days", "sent": "2017-01-01 01:00 UTC", "stale after": "7 days"},
    ),
]


@pytest.mark.parametrize(("steps", "more", "reason", "facts"), STOPPED)
def test_a_message_that_a_gate_stops_keeps_what_the_gate_saw(
    store: Store, tmp_path: Path, steps: str, more: str, reason: str, facts: dict[str, str]
) -> None:
    given = {"it": visited(steps, more)}
    with opened(store, tmp_path, files(given), limits={"per_contact": "1 per 2 days"}) as corner:
        come(corner, "visited")
        corner.until(START + 3 * DAY)
        assert saw(corner) == facts
        (entry,) = about(corner).told.entries
        stopped = [(it.reason, it.saw) for it in entry.messages if it.state == "skipped"]
    assert stopped == [(reason, facts)]


def test_a_message_stopped_by_when_at_the_last_moment_keeps_the_facts(store: Store, tmp_path: Path) -> None:
    step = "  - send: one\n    when: days_since(contact.created_at) < 0.05"
    with opened(store, tmp_path, files({"it": visited(step, "window: mon-sun 03:00-04:00")})) as corner:
        come(corner, "visited")
        corner.until(START + DAY)
        assert corner.skipped() == {"one": "step-when"}
        facts = saw(corner)
    assert facts == {"contact.created_at": "2017-01-01T00:00:00Z"}


def test_an_entry_that_ends_keeps_what_ended_it(store: Store, tmp_path: Path) -> None:
    given = {
        "goal": visited("  - wait: 2 days\n  - send: one", "goal: {on: visited_again}"),
        "exit": visited("  - wait: 2 days\n  - send: one", "exit: orders.count >= 1"),
        "leaves": visited("  - wait: 2 days\n  - send: one", "stage: prospect"),
    }
    with opened(store, tmp_path, files(given)) as corner:
        corner.products({"R-12": "FLORAL"})
        come(corner, "visited", "visited_again")
        corner.order(ANN, START + 5 * HOUR, "o1")
        corner.until(START + DAY)
        left = {it.campaign: (it.reason, it.saw) for it in about(corner).told.entries}
    assert left == {
        "goal": ("goal", {"event": "visited_again", "at": "2017-01-01 02:00 UTC"}),
        "exit": ("exit", {"orders.count": "1"}),
        "leaves": ("stage", {"stage": "customer"}),
    }


def test_a_message_skipped_by_the_end_of_its_entry_shows_what_ended_it(store: Store, tmp_path: Path) -> None:
    more = ("stage: prospect", "window: mon-sun 12:00-13:00")
    with opened(store, tmp_path, files({"it": visited("  - send: one", *more)})) as corner:
        corner.products({"R-12": "FLORAL"})
        come(corner, "visited")
        corner.order(ANN, START + 5 * HOUR, "o1")
        corner.until(START + DAY)
        (entry,) = about(corner).told.entries
    assert [(it.state, it.reason, it.saw) for it in entry.messages] == [
        ("skipped", "stage", {"stage": "customer"})
    ]


def test_what_a_segment_saw_is_kept_with_it(store: Store, tmp_path: Path) -> None:
    given = files({"it": visited("  - wait: 2 days\n  - send: one", 'exit: segment("buyer")')})
    given["campaigns/lifecycle.yaml"] += "segments:\n  buyer: orders.count >= 1\n"
    with opened(store, tmp_path, given) as corner:
        corner.products({"R-12": "FLORAL"})
        come(corner, "visited")
        corner.order(ANN, START + 5 * HOUR, "o1")
        corner.until(START + DAY)
        assert saw(corner, "enrollments") == {'segment("buyer")': "yes", "orders.count": "1"}


def test_who_is_replaced_by_a_higher_priority_is_told_by_which(store: Store, tmp_path: Path) -> None:
    given = {
        "first": visited("  - send: one"),
        "low": visited("  - wait: 1 hour\n  - send: two", "priority: 2"),
        "high": visited("  - wait: 2 hours\n  - send: three", "priority: 8\non cap: replace"),
    }
    with opened(store, tmp_path, files(given), limits={"per_contact": "1 per 2 days"}) as corner:
        come(corner, "visited")
        corner.until(START + 5 * DAY)
        assert corner.skipped() == {"two": "replaced"}
        assert saw(corner) == {"replaced by": "high/three"}


OUTSIDE = {
    "dated": "enter: {at: 2 days before contact.renews_at}",
    "undated": "enter: {at: contact.trial_ends_at}",
    "letter": "enter: {every: monday 10:00}",
    "event": "enter: {on: asked}\nholdout: 99.9999%",
    "again": "enter: {on: visited}\nreentry: {after: 30 days}\nexit: {on: left}",
    "never": "enter: {on: visited}\nreentry: never\nexit: {on: left}",
    "line": "lines: each\nline stage: customer\nenter: {on: asked}",
}


def test_each_campaign_says_why_they_are_not_in_it_and_when_they_would_be(
    store: Store, tmp_path: Path
) -> None:
    given = {
        key: f"topic: offers\n{more}\nsequence:\n  - wait: 9 days\n  - send: one\n"
        for key, more in OUTSIDE.items()
    }
    with opened(store, tmp_path, files(given)) as corner:
        corner.products({"R-12": "FLORAL"})
        corner.contact(ANN, timezone="Asia/Tokyo", attributes={"renews_at": "2017-03-01"})
        corner.event(ANN, "visited", START + HOUR)
        corner.event(ANN, "left", START + 2 * HOUR)
        corner.until(START + 3 * HOUR)
        found = about(corner)
        outside = {it.campaign: it for it in found.outside}
    assert (found.zone.key, found.zone_by) == ("Asia/Tokyo", "their own")
    assert {key: (it.reason, it.enters_at) for key, it in outside.items()} == {
        "again": ("before", START + 30 * DAY + 2 * HOUR),
        "dated": ("", START + 57 * DAY - 9 * HOUR),
        "event": ("", None),
        "letter": ("", START + 25 * HOUR),
        "line": ("line-stage", None),
        "never": ("before", None),
        "undated": ("", None),
    }
    assert outside["event"].held_out
    assert outside["line"].saw == {'lines["FLORAL"].stage': "prospect/awareness"}
    assert outside["undated"].says == "the date that lets them in is not known"
    assert outside["never"].saw == {"left": "2017-01-01 11:00 Asia/Tokyo"}
