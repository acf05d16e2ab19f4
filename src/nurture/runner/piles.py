"""Letters that are ready to go: a pile for each lane, and for each campaign with a rate of its own."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from nurture.clock import NEVER, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.providers.base import Letter
from nurture.runner.flow import Flow
from nurture.store.claims import Claimed
from nurture.store.outbox import URGENT


@dataclass(slots=True, kw_only=True)
class InHand:
    """A message that this desk holds."""

    claimed: Claimed
    gated_at: Moment
    letter: Letter | None = None
    took_at: Moment = 0
    handed_at: Moment = 0


class _Pile(NamedTuple):
    lane: str
    campaign_id: int
    """0: any that has no rate of its own."""
    urgent: bool


class Piles:
    """Gives the next letter that may go: urgent ones first, then from one pile after the other."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._piles: dict[_Pile, deque[InHand]] = {}
        self._turn: deque[_Pile] = deque()
        """Piles that hold something, in the order in which they come next."""

    def add(self, it: InHand) -> None:
        """Put a letter on its pile."""
        claimed = it.claimed
        campaign = claimed.campaign_id if self._flow.has_rate(claimed.campaign_id) else 0
        name = _Pile(claimed.lane, campaign, claimed.priority == URGENT)
        pile = self._piles.setdefault(name, deque())
        if not pile:
            if name.urgent:
                self._turn.appendleft(name)
            else:
                self._turn.append(name)
        pile.append(it)

    def pop(self, lane: str | None, now: Moment, fresh_from: Moment) -> InHand | None:
        """The next letter for `lane` (None: any) that may go now and was gated since `fresh_from`."""
        for name in self._of(lane):
            pile = self._piles[name]
            if pile[0].gated_at >= fresh_from and self._flow.at(name.lane, name.campaign_id, now) <= now:
                it = pile.popleft()
                self._flow.took(name.lane, name.campaign_id, now)
                it.took_at = now
                self._next_turn(name, empty=not pile)
                return it
        return None

    def _next_turn(self, name: _Pile, *, empty: bool) -> None:
        if empty:
            self._turn.remove(name)
            del self._piles[name]
        elif len(self._turn) > 1 and not name.urgent:
            self._turn.remove(name)
            self._turn.append(name)

    def ready(self, lane: str | None, now: Moment, fresh_from: Moment) -> bool:
        """Whether `pop` would give one."""
        return any(
            self._piles[name][0].gated_at >= fresh_from
            and self._flow.at(name.lane, name.campaign_id, now) <= now
            for name in self._of(lane)
        )

    def pause(self, lane: str | None, now: Moment) -> Span | None:
        """How long until a letter may go; None: there is none."""
        at = min((self._flow.at(name.lane, name.campaign_id, now) for name in self._of(lane)), default=NEVER)
        return None if at == NEVER else max(at - now, 0)

    def _of(self, lane: str | None) -> Iterator[_Pile]:
        return iter(list(self._turn)) if lane is None else iter([it for it in self._turn if it.lane == lane])

    def lanes(self) -> set[str]:
        """The lanes that there are letters for."""
        return {name.lane for name in self._turn}

    def counts(self) -> Counter[tuple[str, int]]:
        """How many letters lie here, by lane and campaign."""
        found: Counter[tuple[str, int]] = Counter()
        for pile in self._piles.values():
            for it in pile:
                found[it.claimed.lane, it.claimed.campaign_id] += 1
        return found

    def older_than(self, fresh_from: Moment) -> list[InHand]:
        """Every letter, where the first of some pile was gated before."""
        if all(pile[0].gated_at >= fresh_from for pile in self._piles.values()):
            return []
        return [it for pile in self._piles.values() for it in pile]

    def drop(self, keys: Collection[MessageKey]) -> None:
        """Take these away."""
        if not keys or not self._piles:
            return
        for name, pile in list(self._piles.items()):
            left = deque(it for it in pile if it.claimed.key not in keys)
            if left:
                self._piles[name] = left
            else:
                del self._piles[name]
                self._turn.remove(name)
