"""What time alone brings about, and what one campaign means for another, run by the real runner."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.clock import DAY, HOUR
from nurture.store.engine import Store
from support.corner import START, Corner, files, letter, opened

CODE = letter("it", "Your code is {{ offer.code }}.")


def sent(corner: Corner) -> list[tuple[str, float]]:
    return [(subject, hours) for _, subject, hours in corner.inbox()]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("exit: days_since(contact.created_at) > 3", "exit"),
        ("goal: days_since(contact.created_at) > 3", "goal"),
        ("when: days_since(contact.created_at) <= 3", "when"),
    ],
)
def test_who_is_led_out_by_time_alone_is_out_at_that_moment(
    store: Store, tmp_path: Path, key: str, reason: str
) -> None:
    campaign = (
        f"topic: offers\nstage: prospect\n{key}\nsequence:\n  - send: one\n  - wait: 20 days\n  - send: two\n"
    )
    with opened(store, tmp_path, files({"it": campaign})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + 10 * DAY)
        assert corner.entries() == [("it", reason)]
        ((closed,),) = corner.rows("SELECT closed_at FROM enrollments")
        assert closed - START <= 3 * DAY + HOUR


def test_who_was_there_already_enters_when_time_makes_them_fit(store: Store, tmp_path: Path) -> None:
    campaign = (
        "topic: offers\nstage: prospect\nenter: {existing: yes}\nwhen: days_since(contact.created_at) > 5\n"
        "sequence:\n  - send: one\n"
    )
    with opened(store, tmp_path, files({"other": campaign.replace("existing: yes", "on: never")})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + DAY)
        corner.apply(files({"it": campaign}))
        corner.world.look()
        corner.retake()
        corner.until(START + 20 * DAY)
        assert [round(hours) for _, hours in sent(corner)] == [120]


def test_two_weekdays_in_a_row_are_two_weeks(store: Store, tmp_path: Path) -> None:
    campaign = (
        "topic: offers\nstage: prospect\nsequence:\n  - wait until: tuesday 10:00\n  - send: one\n"
        "  - wait until: tuesday 10:00\n  - send: two\n"
    )
    with opened(store, tmp_path, files({"it": campaign})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + 20 * DAY)
        assert sent(corner) == [("one", 58), ("two", 226)]


def test_whoever_waits_for_being_out_of_another_campaign_goes_on_when_they_are(
    store: Store, tmp_path: Path
) -> None:
    long = "topic: offers\nstage: prospect\nsequence:\n  - send: one\n  - wait: 4 days\n"
    waits = (
        "topic: news\nstage: prospect\nsequence:\n  - wait: 1 hour\n"
        '  - wait for: not in_campaign("long")\n    up to: 20 days\n  - send: two\n'
    )
    with opened(store, tmp_path, files({"long": long, "waits": waits})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + 20 * DAY)
        assert sent(corner) == [("one", 0), ("two", 96)]


def test_an_offer_that_only_a_step_names_is_the_one_its_steps_behind_ask_about(
    store: Store, tmp_path: Path
) -> None:
    campaign = (
        "topic: offers\nstage: prospect\nsequence:\n  - send: it\n    offer: first-order\n"
        "  - wait until: 4 days before offer.expires_at\n  - send: two\n    when: offer.code != none\n"
    )
    with opened(store, tmp_path, files({"it": campaign}, {"it": CODE})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + 20 * DAY)
        assert sent(corner) == [("it", 0), ("two", 240)]


@pytest.mark.parametrize(("key", "reason"), [("goal: {on: bought}", "goal"), ("exit: {on: bought}", "exit")])
def test_what_happened_since_an_entry_that_is_made_late_counts(
    store: Store, tmp_path: Path, key: str, reason: str
) -> None:
    campaign = f"topic: offers\nenter: {{on: visited}}\n{key}\nsequence:\n  - send: one\n"
    with opened(store, tmp_path, files({"it": campaign})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + HOUR)
        corner.event("ann@x.example", "visited", START + 2 * HOUR)
        corner.event("ann@x.example", "bought", START + 3 * HOUR)
        corner.clock.move_to(START + 4 * HOUR)
        corner.until(START + DAY)
        assert corner.entries() == [("it", reason)]
        assert sent(corner) == []


def test_the_event_that_lets_somebody_in_is_not_their_goal(store: Store, tmp_path: Path) -> None:
    campaign = "topic: offers\nenter: {on: bought}\ngoal: {on: bought}\nsequence:\n  - send: one\n"
    with opened(store, tmp_path, files({"it": campaign})) as corner:
        corner.contact("ann@x.example")
        corner.event("ann@x.example", "bought", START + 3 * HOUR)
        corner.until(START + DAY)
        assert corner.entries() == [("it", "finished")]
