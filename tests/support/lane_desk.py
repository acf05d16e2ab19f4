"""A desk over a list that gives letters by lane, at the pace of a throttle."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable

from nurture.clock import NEVER, SECOND, Clock, Moment
from nurture.delivery.lanes import limits_key
from nurture.delivery.outcome import Accepted, MessageKey, Outcome
from nurture.delivery.throttle import Throttle
from nurture.providers.base import Letter

LOOK_AHEAD = SECOND
"""A letter that may not go yet is waited for so long."""


class LaneDesk:
    """Gives each letter once, and again those that were given back. Checks that it is used as it must be."""

    def __init__(self, letters: Iterable[Letter], throttle: Throttle, clock: Clock) -> None:
        self._throttle = throttle
        self._clock = clock
        self.waiting: dict[str, deque[Letter]] = {}
        self.results: dict[MessageKey, Outcome] = {}
        self.marked: set[MessageKey] = set()
        self.given_back: list[MessageKey] = []
        self.out: dict[MessageKey, Letter] = {}
        for letter in letters:
            self.waiting.setdefault(letter.lane, deque()).append(letter)

    def _when(self, lane: str) -> Moment:
        if not self.waiting.get(lane):
            return NEVER
        return self._throttle.when(limits_key(lane), self._clock.now())

    async def take(self, lane: str | None = None) -> Letter | None:
        """See `Desk.take`."""
        assert lane is not None
        while (wait := self._when(lane) - self._clock.now()) > 0:
            if wait > LOOK_AHEAD:
                return None
            await asyncio.sleep(wait / SECOND)
        letter = self.waiting[lane].popleft()
        self._throttle.took(limits_key(lane), self._clock.now())
        self.out[letter.key] = letter
        return letter

    def ready(self, lane: str | None = None) -> bool:
        """See `Desk.ready`."""
        return lane is not None and self._when(lane) <= self._clock.now()

    async def lanes(self) -> Collection[str]:
        """See `Desk.lanes`."""
        return {lane for lane in self.waiting if self._when(lane) <= self._clock.now() + LOOK_AHEAD}

    async def exchange(self, done: tuple[MessageKey, Outcome] | None, mark: MessageKey | None) -> bool:
        """See `Desk.exchange`."""
        await asyncio.sleep(0)
        if done is not None:
            key, outcome = done
            assert key in self.out, "a result for a letter that is not out"
            assert key not in self.results, "a second result"
            self.results[key] = outcome
            del self.out[key]
        if mark is None:
            return False
        assert mark in self.out
        assert mark not in self.marked
        self.marked.add(mark)
        return True

    def give_back(self, key: MessageKey) -> None:
        """See `Desk.give_back`."""
        assert key not in self.marked, "a body may have gone"
        self.given_back.append(key)
        letter = self.out.pop(key)
        self.waiting[letter.lane].append(letter)

    @property
    def accepted(self) -> set[str]:
        """The recipients... of what was taken, by their keys."""
        return {str(key) for key, outcome in self.results.items() if isinstance(outcome, Accepted)}

    @property
    def left(self) -> int:
        """How many letters wait."""
        return sum(map(len, self.waiting.values()))
