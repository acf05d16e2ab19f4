"""What one process counted since it began: plain numbers that its parts are given and add to."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy

from nurture.store.handover import Back, Change

WAITS = (0.1, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0, 86_400.0)
"""Seconds from due to handed over."""
TICKS = (0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds of a tick."""


class Spread:
    """How often something took how long. Filled from one thread, read from any."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds`: seconds, rising; each is the longest of its class."""
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        """For each bound those that took so long at most and longer than the one before; last, those beyond."""
        self.total = 0.0
        """Seconds of all together."""

    def add(self, seconds: float) -> None:
        """Something took so long."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds


class Counts:
    """Counted where it happens, for a whole commit at once wherever there are many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.outcomes: Counter[str] = Counter()
        """Messages that came to their end in this process's ledger, by outcome."""
        self.deferred = 0
        """Tries that ended in `again later`."""
        self.handed = 0
        """Messages marked as handed over …"""
        self.commits = 0
        """… and the transactions in which they were."""
        self.measures: Counter[str] = Counter()
        """What answers of destinations and relays led to: slow, pause, stop."""
        self.alerts_raised = 0
        """How often a person should have heard of something …"""
        self.alerts_told = 0
        """… and how often somebody was told."""
        self.template_stops = 0
        self.arrivals: Counter[tuple[str, str]] = Counter()
        """What came in and was new, by source and by what was made of it."""
        self.waits = Spread(WAITS)
        self.ticks = Spread(TICKS)

    def __getstate__(self) -> dict[str, object]:
        """All but the lock, so that another process can be told."""
        with self._lock:
            return {name: copy(value) for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def committed(self, changes: Sequence[Change], handed: int) -> None:
        """These changes, and so many handovers, were written in one transaction."""
        outcomes = Counter("deferred" if isinstance(it, Back) else it.outcome for it in changes)
        # Back to waiting without a try is no try.
        untried = sum(isinstance(it, Back) and it.state == "planned" for it in changes)
        with self._lock:
            self.deferred += outcomes.pop("deferred", 0) - untried
            self.outcomes.update(outcomes)
            if handed:
                self.handed += handed
                self.commits += 1

    def recovered(self, unknown: int) -> None:
        """A dead sender left so many of which nobody knows."""
        if unknown:
            with self._lock:
                self.outcomes["unknown"] += unknown

    def measured(self, kind: str) -> None:
        """Mail somewhere is held back: `slow`, `pause` or `stop`."""
        with self._lock:
            self.measures[kind] += 1

    def stopped(self, templates: int) -> None:
        """So many renderings were stopped, since they took too much."""
        with self._lock:
            self.template_stops += templates

    def arrived(self, source: str, kinds: Iterable[str]) -> None:
        """These came from `source`, and are kept."""
        with self._lock:
            self.arrivals.update((source, kind) for kind in kinds)

    def alerted(self, *, told: bool) -> None:
        """A person should hear of something; `told`: somebody was."""
        with self._lock:
            if told:
                self.alerts_told += 1
            else:
                self.alerts_raised += 1
