"""What all connections of one direct delivery know together, and which lane is next to get one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from nurture.clock import MINUTE, SECOND, Clock, Moment, Span
from nurture.delivery.lanes import limits_key
from nurture.delivery.pacing import NO_LIMIT
from nurture.delivery.throttle import Throttle
from nurture.providers.base import Desk, RelayDown

A_FEW = 5
"""Lanes that cannot be reached, while no other can, until that is taken for trouble of our own."""

UNTAKEN: Span = SECOND // 20
"""A letter that may go by the rate and that nobody took for so long needs one more connection."""


@dataclass(slots=True, kw_only=True)
class Run:
    """One delivery."""

    desk: Desk
    throttle: Throttle
    clock: Clock
    most: int
    """Connections to all lanes together."""
    busy: set[asyncio.Task[None]] = field(default_factory=set)
    stir: asyncio.Event = field(default_factory=asyncio.Event)
    """A connection began or came to its end."""
    taken: int = 0
    reached: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    """Lanes that gave a connection, and that gave none."""
    resting: set[str] = field(default_factory=set)
    """Lanes that are left alone for the rest of this delivery."""
    down: RelayDown | None = None
    _by_lane: Counter[str] = field(default_factory=Counter)
    _by_key: Counter[str] = field(default_factory=Counter)
    """Connections that stand or are being made."""
    _count: int = 0
    """All of them."""
    _trying: set[str] = field(default_factory=set)
    """Lanes that a first connection is being made to."""
    _standing: Counter[str] = field(default_factory=Counter)
    _full: dict[str, int] = field(default_factory=dict)
    """Lanes that gave so many connections and no more."""
    _turn: int = 0
    _turns: dict[str, int] = field(default_factory=dict)
    """When each lane was last given a connection."""
    _ready_since: dict[str, Moment] = field(default_factory=dict)

    def in_turn(self, lanes: Collection[str]) -> list[str]:
        """Those that have the fewest connections first, then those that waited longest."""
        named = [it for it in lanes if it not in self.resting and not it.startswith("?")]
        return sorted(named, key=lambda it: (self._by_lane[it], self._turns.get(it, 0)))

    @property
    def has_room(self) -> bool:
        """Whether one more connection may be made, to whichever lane."""
        return self._count < self.most

    def may_begin(self, lane: str, *, first: bool) -> bool:
        """Whether `lane` needs one more connection and may have it. `first`: since the desk named it, it got none."""
        own, key = self._by_lane[lane], limits_key(lane)
        if own >= self._full.get(lane, self.most) or self._by_key[key] >= self.throttle.connections(key):
            return False
        if own == 0:
            # Those that may lead nowhere leave room for the others.
            return (first or self.desk.ready(lane)) and (
                lane in self.reached or len(self._trying) < max(1, self.most // 2)
            )
        # One more while one is made, two while two …: what is refused is then little.
        standing = self._standing[lane]
        return own - standing < standing and self._is_short(lane)

    def _is_short(self, lane: str) -> bool:
        """Whether a letter waits that the connections there are do not take."""
        now = self.clock.now()
        if not self.desk.ready(lane):
            self._ready_since.pop(lane, None)
            return False
        return not self.is_paced(lane) or now - self._ready_since.setdefault(lane, now) >= UNTAKEN

    def is_paced(self, lane: str) -> bool:
        """Whether a rate holds for this lane."""
        return self.throttle.room(limits_key(lane), self.clock.now(), MINUTE) < NO_LIMIT

    @contextmanager
    def counted(self, lane: str) -> Iterator[None]:
        """A connection to `lane` stands or is being made."""
        key = limits_key(lane)
        try:
            yield
        finally:
            self._by_lane[lane] -= 1
            self._by_key[key] -= 1
            self._count -= 1
            self._trying.discard(lane)
            self.stir.set()

    def begin(self, lane: str) -> None:
        """A connection to `lane` is about to be made; `counted` ends it."""
        self._turn += 1
        self._turns[lane] = self._turn
        self._by_lane[lane] += 1
        self._by_key[limits_key(lane)] += 1
        self._count += 1
        if lane not in self.reached:
            self._trying.add(lane)
        self._ready_since.pop(lane, None)

    @contextmanager
    def standing(self, lane: str) -> Iterator[None]:
        """A connection to `lane` stands."""
        self.reached.add(lane)
        self._trying.discard(lane)
        self._standing[lane] += 1
        self.stir.set()
        try:
            yield
        finally:
            self._standing[lane] -= 1

    def others_stand(self, lane: str) -> bool:
        """Whether letters of `lane` go over another connection already."""
        return self._standing[lane] > 0

    def is_full(self, lane: str) -> None:
        """`lane` gives no more connections than those that stand."""
        self._full[lane] = max(1, self._standing[lane])

    def give_up(self, lane: str, down: RelayDown) -> None:
        """The trouble is ours: `lane` rests."""
        self.resting.add(lane)
        self.down = down

    def nobody_reached(self, lane: str) -> bool:
        """`lane` cannot be reached either. Whether that makes so many, and none that can, that it must be us."""
        self.failed.add(lane)
        return not self.reached and len(self.failed) > A_FEW
