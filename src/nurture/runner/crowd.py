"""The people of a replay: who signs up and never orders, and what people do with a message.

The orders of a replay are real; nobody knows how those customers would have met our mail. So each is given a leaning
by chance, which stays theirs, and reacts by the figures below. They are assumptions, near what senders report for
small shops, and they are the same for the same seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.clock import DAY, HOUR, MINUTE, SECOND, Moment

OPENS = (0.15, 0.75)
"""Chance to open a message: of the least and of the most inclined."""

CLICKS = (0.05, 0.40)
"""Chance to click in a message that was opened."""

UNSUBSCRIBES = (0.010, 0.001)
"""Chance to unsubscribe from a message that was opened."""

PREFETCHED = 0.35
"""Share of people whose mail program fetches every picture by itself."""

SCANNED = 0.10
"""Share of people whose company looks at every link before they do."""

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
PREFETCHER = "Mozilla/5.0"
SCANNER = "Mozilla/5.0 (compatible; Barracuda Sentinel)"

Deed: TypeAlias = Literal["open", "click", "unsubscribe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something done with a message at a moment, by its reader or by a machine."""

    at: Moment
    deed: Deed
    link_no: int = 0
    agent: str = BROWSER


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who signs up, reads, and never orders: made up, and marked as such."""

    email: str
    created_at: Moment


class Crowd:
    """Answers by chance what people do. The same seed gives the same answers, whatever is asked first."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def visitors(self, count: int, start: Moment, end: Moment) -> list[Visitor]:
        """`count` sign-ups spread over [start, end), oldest first."""
        chance = self._chance("visitors")
        moments = sorted(chance.randrange(start, end) for _ in range(count))
        return [
            Visitor(email=f"visitor-{number}@example.test", created_at=at)
            for number, at in enumerate(moments, start=1)
        ]

    def reaction(self, email: str, message: str, received_at: Moment, links: int) -> list[Act]:
        """What happens to one message, oldest first. `message` names it among all that this person gets."""
        person = self._chance(email)
        leaning = person.betavariate(2, 2)
        prefetched, scanned = person.random() < PREFETCHED, person.random() < SCANNED
        chance = self._chance(f"{email} {message}")
        acts = list(self._machines(chance, received_at, links, prefetched=prefetched, scanned=scanned))
        acts += self._reader(chance, leaning, received_at, links)
        return sorted(acts, key=lambda act: act.at)

    def _chance(self, about: str) -> random.Random:
        return random.Random(f"{self._seed} {about}")

    def _machines(
        self, chance: random.Random, received_at: Moment, links: int, *, prefetched: bool, scanned: bool
    ) -> Iterator[Act]:
        if prefetched:
            yield Act(at=received_at + chance.randrange(MINUTE, 2 * HOUR), deed="open", agent=PREFETCHER)
        if scanned:
            for number in range(1, links + 1):
                at = received_at + 2 * SECOND + number * chance.randrange(SECOND)
                yield Act(at=at, deed="click", link_no=number, agent=SCANNER)

    def _reader(
        self, chance: random.Random, leaning: float, received_at: Moment, links: int
    ) -> Iterator[Act]:
        if chance.random() >= _between(OPENS, leaning):
            return
        opened_at = received_at + round(chance.lognormvariate(0, 1.5) * 5 * HOUR) % (6 * DAY) + MINUTE
        yield Act(at=opened_at, deed="open")
        if links and chance.random() < _between(CLICKS, leaning):
            clicked_at = opened_at + chance.randrange(5 * SECOND, 3 * MINUTE)
            yield Act(at=clicked_at, deed="click", link_no=1 + min(int(chance.expovariate(1.5)), links - 1))
        if chance.random() < _between(UNSUBSCRIBES, leaning):
            yield Act(at=opened_at + chance.randrange(5 * SECOND, 2 * MINUTE), deed="unsubscribe")


def _between(ends: tuple[float, float], leaning: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * leaning
