"""The cap on how much one contact gets, over all campaigns, run by the real runner."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.clock import DAY, HOUR
from nurture.store.engine import Store
from support.corner import START, Corner, files, opened

EACH = "reentry: {per: visit}"


def campaign(template: str, *, event: str = "visited", extra: str = "") -> str:
    return f"topic: offers\nenter: {{on: {event}}}\n{extra}\nsequence:\n  - send: {template}\n"


def visit(corner: Corner, *hours: float) -> None:
    for at in hours:
        corner.event("ann@x.example", "visited", START + round(at * HOUR), properties={"visit": str(at)})


def sent(corner: Corner) -> list[tuple[str, float]]:
    return [(subject, hours) for _, subject, hours in corner.inbox()]


def test_no_more_than_the_cap_goes_in_any_stretch_of_its_length(store: Store, tmp_path: Path) -> None:
    limits = {"per_contact": "2 per 7 days"}
    with opened(store, tmp_path, files({"it": campaign("one", extra=EACH)}), limits=limits) as corner:
        corner.contact("ann@x.example")
        visit(corner, 1, 25, 49, 73)
        corner.until(START + 30 * DAY)
        assert [hours for _, hours in sent(corner)] == [1, 25, 169, 193]


def test_several_caps_hold_together(store: Store, tmp_path: Path) -> None:
    limits = {"per_contact": ["1 per day", "2 per 7 days"]}
    with opened(store, tmp_path, files({"it": campaign("one", extra=EACH)}), limits=limits) as corner:
        corner.contact("ann@x.example")
        visit(corner, 1, 2, 3)
        corner.until(START + 30 * DAY)
        assert [hours for _, hours in sent(corner)] == [1, 25, 169]


def test_of_those_that_wait_the_higher_priority_goes_first(store: Store, tmp_path: Path) -> None:
    given = {
        "first": campaign("one"),
        "low": campaign("two", event="low", extra="priority: 2"),
        "high": campaign("three", event="high", extra="priority: 8"),
    }
    with opened(store, tmp_path, files(given), limits={"per_contact": "1 per 2 days"}) as corner:
        corner.contact("ann@x.example")
        visit(corner, 1)
        corner.event("ann@x.example", "low", START + 2 * HOUR)
        corner.event("ann@x.example", "high", START + 3 * HOUR)
        corner.until(START + 10 * DAY)
        assert sent(corner) == [("one", 1), ("three", 49), ("two", 97)]


def test_a_message_may_rather_be_left_out_than_wait(store: Store, tmp_path: Path) -> None:
    given = {"first": campaign("one"), "then": campaign("two", event="low", extra="on cap: skip")}
    with opened(store, tmp_path, files(given), limits={"per_contact": "1 per 2 days"}) as corner:
        corner.contact("ann@x.example")
        visit(corner, 1)
        corner.event("ann@x.example", "low", START + 2 * HOUR)
        corner.until(START + 10 * DAY)
        assert sent(corner) == [("one", 1)]
        assert corner.skipped() == {"two": "cap"}


@pytest.mark.parametrize(("mine", "theirs", "goes"), [(8, 2, "two"), (2, 8, "three"), (5, 5, "two")])
def test_a_message_that_replaces_leaves_one_of_those_that_wait(
    store: Store, tmp_path: Path, mine: int, theirs: int, goes: str
) -> None:
    given = {
        "first": campaign("one"),
        "there": campaign("three", event="low", extra=f"priority: {theirs}"),
        "mine": campaign("two", event="high", extra=f"priority: {mine}\non cap: replace"),
    }
    with opened(store, tmp_path, files(given), limits={"per_contact": "1 per 2 days"}) as corner:
        corner.contact("ann@x.example")
        visit(corner, 1)
        corner.event("ann@x.example", "low", START + 2 * HOUR)
        corner.event("ann@x.example", "high", START + 3 * HOUR)
        corner.until(START + 10 * DAY)
        assert sent(corner) == [("one", 1), (goes, 49)]
        assert list(corner.skipped().values()) == ["replaced"]


def test_what_is_urgent_is_neither_held_nor_counted(store: Store, tmp_path: Path) -> None:
    given = {
        "first": campaign("one"),
        "hot": campaign("two", event="hot", extra="urgent: yes"),
    }
    with opened(store, tmp_path, files(given), limits={"per_contact": "1 per 2 days"}) as corner:
        corner.contact("ann@x.example")
        corner.event("ann@x.example", "hot", START + HOUR)
        visit(corner, 2)
        corner.event("ann@x.example", "hot", START + 3 * HOUR)
        corner.until(START + 10 * DAY)
        assert sent(corner) == [("two", 1), ("one", 2), ("two", 3)]


def test_who_waits_too_long_for_the_cap_is_told_so(store: Store, tmp_path: Path) -> None:
    given = {"it": campaign("one", extra=f"{EACH}\nstale after: 2 days")}
    with opened(store, tmp_path, files(given), limits={"per_contact": "1 per 7 days"}) as corner:
        corner.contact("ann@x.example")
        visit(corner, 1, 2)
        corner.until(START + 10 * DAY)
        assert sent(corner) == [("one", 1)]
        assert corner.skipped() == {"one": "cap"}


def test_the_room_that_a_cap_leaves_may_lie_outside_of_the_window(store: Store, tmp_path: Path) -> None:
    limits = {"per_contact": "1 per 30 hours", "window": "08:00-20:00"}
    with opened(store, tmp_path, files({"it": campaign("one", extra=EACH)}), limits=limits) as corner:
        corner.contact("ann@x.example")
        visit(corner, 19, 19.5)
        corner.until(START + 10 * DAY)
        assert [hours for _, hours in sent(corner)] == [19, 56]


def test_what_is_urgent_goes_outside_of_the_window(store: Store, tmp_path: Path) -> None:
    given = {"it": campaign("one"), "hot": campaign("two", event="hot", extra="urgent: yes")}
    with opened(store, tmp_path, files(given), limits={"window": "09:00-10:00"}) as corner:
        corner.contact("ann@x.example")
        visit(corner, 1)
        corner.event("ann@x.example", "hot", START + 2 * HOUR)
        corner.until(START + DAY)
        assert sent(corner) == [("two", 2), ("one", 9)]
