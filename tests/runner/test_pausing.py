"""Pausing a campaign and the three ways to let it go on, run by the real runner."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.clock import DAY, HOUR
from nurture.errors import UsageError
from nurture.runner.pausing import How, pause, resume
from nurture.store.engine import Store
from support.corner import START, Corner, files, opened

SEQUENCE = """\
topic: offers
stage: prospect
goal: {on: ordered}
sequence:
  - send: one
  - wait: 2 days
  - send: two
  - wait: 2 days
  - send: three
"""


def sent(corner: Corner, who: str = "ann@x.example") -> list[tuple[str, float]]:
    return [(subject, hours) for to, subject, hours in corner.inbox() if to == who]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("catch-up", [("one", 0), ("two", 96), ("three", 144)]),
        ("shift", [("one", 0), ("two", 120), ("three", 168)]),
        ("skip", [("one", 0), ("three", 96)]),
    ],
)
def test_resuming_makes_of_the_pause_what_it_is_told(
    store: Store, tmp_path: Path, how: How, expected: list[tuple[str, float]]
) -> None:
    with opened(store, tmp_path, files({"it": SEQUENCE})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + DAY)
        assert pause(store, "it", corner.now)
        assert not pause(store, "it", corner.now)
        corner.until(START + 4 * DAY)
        assert sent(corner) == [("one", 0)]
        assert resume(store, "it", corner.now, how)
        assert not resume(store, "it", corner.now, how)
        corner.until(START + 30 * DAY)
        assert sent(corner) == expected


@pytest.mark.parametrize(("how", "first"), [("catch-up", 48), ("shift", 48), ("skip", 96)])
def test_whoever_enters_while_it_is_paused_begins_when_it_goes_on(
    store: Store, tmp_path: Path, how: How, first: float
) -> None:
    with opened(store, tmp_path, files({"it": SEQUENCE})) as corner:
        pause(store, "it", corner.now)
        corner.until(START + DAY)
        corner.contact("ann@x.example")
        corner.until(START + 2 * DAY)
        assert sent(corner) == []
        resume(store, "it", corner.now, how)
        corner.until(START + 30 * DAY)
        assert sent(corner)[0][1] == (first if how != "skip" else 72)


def test_a_message_that_waits_for_its_window_waits_for_the_campaign_too(store: Store, tmp_path: Path) -> None:
    campaign = SEQUENCE.replace("sequence:", "window: 09:00-10:00\nsequence:")
    with opened(store, tmp_path, files({"it": campaign})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + HOUR)
        pause(store, "it", corner.now)
        corner.until(START + 2 * DAY)
        assert sent(corner) == []
        resume(store, "it", corner.now, "shift")
        corner.until(START + 3 * DAY)
        assert sent(corner) == [("one", 57)]


def test_goals_are_reached_and_end_it_while_it_is_paused(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"it": SEQUENCE})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + DAY)
        pause(store, "it", corner.now)
        corner.order("ann@x.example", START + 2 * DAY, "1")
        corner.until(START + 3 * DAY)
        assert corner.entries() == [("it", "goal")]


def test_other_campaigns_go_on(store: Store, tmp_path: Path) -> None:
    other = SEQUENCE.replace("topic: offers", "topic: news")
    with opened(store, tmp_path, files({"it": SEQUENCE, "other": other})) as corner:
        pause(store, "it", corner.now)
        corner.contact("ann@x.example")
        corner.until(START + 10 * DAY)
        assert [subject for subject, _ in sent(corner)] == ["one", "two", "three"]


def test_a_letter_whose_moment_falls_into_the_pause_is_not_sent(store: Store, tmp_path: Path) -> None:
    weekly = "topic: news\nenter: {every: tuesday 10:00}\nsequence:\n  - send: one\n"
    with opened(store, tmp_path, files({"it": weekly})) as corner:
        corner.contact("ann@x.example")
        pause(store, "it", corner.now)
        corner.until(START + 5 * DAY)
        resume(store, "it", corner.now, "catch-up")
        corner.until(START + 10 * DAY)
        assert sent(corner) == [("one", 9 * 24 + 10)]


def test_a_campaign_that_is_not_there_is_named_with_what_was_meant(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"welcome": SEQUENCE})), pytest.raises(UsageError) as error:
        pause(store, "wellcome", START)
    assert 'Did you mean "welcome"?' in str(error.value.remedy)
