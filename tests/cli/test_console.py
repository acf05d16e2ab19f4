"""What commands show of long work."""

from __future__ import annotations

import pytest

from nurture.cli.console import counting
from nurture.clock import SECOND, VirtualClock


def test_work_that_is_done_within_a_second_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = VirtualClock(0)
    with counting(clock=clock) as told:
        told("looking", 1, 2)
        clock.move_to(SECOND - 1)
        told("looking", 2, 2)
    assert capsys.readouterr().err == ""


def test_long_work_tells_how_far_it_is_and_how_fast_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    clock = VirtualClock(0)
    with counting(clock=clock) as told:
        for second in range(11):
            clock.move_to(second * SECOND)
            told("looking", second * 10_000, 100_000)
            told("looking", second * 10_000 + 1, 100_000)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "looking: 10 % 10,000 of 100,000 people, 10,000 a second"
    assert lines[-1] == "looking: 100 % 100,000 of 100,000 people, 10,000 a second"
    assert len(lines) == 10


def test_each_part_of_the_work_is_told_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    clock = VirtualClock(0)
    with counting(clock=clock) as told:
        told("looking", 0, 10)
        clock.move_to(2 * SECOND)
        told("looking", 10, 10)
        told("deciding", 1, 4)
        clock.move_to(6 * SECOND)
        told("deciding", 4, 4)
    assert capsys.readouterr().err.splitlines() == [
        "looking: 100 % 10 of 10 people, 5 a second",
        "deciding: 100 % 4 of 4 people, 1 a second",
    ]
