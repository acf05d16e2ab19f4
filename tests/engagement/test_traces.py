"""Verdicts against the truth: made-up traces of what is published of mail programs, proxies and scanners."""

from __future__ import annotations

from collections import Counter

import pytest

from nurture.engagement.verdict import judge
from support.traces import traces

COUNT = 2_500
SEEDS = (1, 7)


def confusion(seed: int) -> Counter[tuple[bool, str, str]]:
    """How many hits, by whether a person made them, their kind, and the verdict."""
    found: Counter[tuple[bool, str, str]] = Counter()
    for trace in traces(COUNT, seed):
        judged = judge([hit for hit, _ in trace.hits], trace.delivered_at)
        for (hit, person), it in zip(trace.hits, judged, strict=True):
            found[person, hit.kind, it.verdict] += 1
    return found


def share(part: int, other: int) -> float:
    return part / (part + other)


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_taken_for_a_person_is_one_and_people_are_taken_for_people(seed: int) -> None:
    found = confusion(seed)
    right = sum(n for (person, _, verdict), n in found.items() if person and verdict == "human")
    taken = sum(n for (person, _, verdict), n in found.items() if not person and verdict == "human")
    missed = sum(n for (person, _, verdict), n in found.items() if person and verdict != "human")
    assert right > 1_000
    assert share(right, taken) >= 0.98, found
    assert share(right, missed) >= 0.95, found
    # Clicks by themselves, on which sequences branch and by which revenue is credited.
    right = found[True, "click", "human"]
    assert share(right, found[False, "click", "human"]) >= 0.97, found
    assert share(right, sum(n for key, n in found.items() if key[:2] == (True, "click")) - right) >= 0.95


def test_nobody_is_told_to_have_fetched_ahead_who_read() -> None:
    found = confusion(SEEDS[0])
    assert found[True, "open", "prefetch"] == found[True, "click", "prefetch"] == 0
    assert found[True, "click", "scanner"] == 0
    assert found[False, "hidden", "scanner"] == sum(n for key, n in found.items() if key[1] == "hidden") > 0
