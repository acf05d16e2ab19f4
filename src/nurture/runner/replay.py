"""History through the real runner on a virtual clock, with mail into the inbox.

Orders and events that are in the database happen again at the moments they bear: what is later than the virtual now
has not happened yet. The clock jumps from one moment at which something is due to the next, a `step` at least.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from nurture.clock import DAY, HOUR, Moment, Span, VirtualClock
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit
from nurture.journeys.calendar import day_and_time, from_local
from nurture.runner.crowd import Act, Crowd
from nurture.runner.tick import Tick
from nurture.store import consents, hits, marks, people, received, unsubscribe
from nurture.store.consents import Word
from nurture.store.engine import Store
from nurture.store.people import ContactGiven
from nurture.store.received import Received

SYNTHETIC = "synthetic"
"""The attribute that marks contacts who were made up."""

BASIS = "replay: made-up sign-up"

Progress = Callable[[Moment, int], None]
"""Told how far the virtual clock is and how many messages were handed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay did."""

    ticks: int
    messages: int
    hits: int
    unsubscribed: int


class Replay:
    """One replay from `start` to `end`, with made-up people whose chance comes from `seed`."""

    def __init__(
        self,
        store: Store,
        tick: Tick,
        clock: VirtualClock,
        topics: Collection[str],
        *,
        seed: int,
        step: Span,
        zone: ZoneInfo,
    ) -> None:
        self._store = store
        self._tick = tick
        self._clock = clock
        self._topics = topics
        self._crowd = Crowd(seed)
        self._step = step
        # Whole steps are counted from a noon: with long ones, mail that may go by day only has to have its turn.
        self._noon = from_local(*_noon_before(clock.now(), zone), zone)
        self._acts: list[tuple[Moment, MessageKey, Act]] = []
        self._seen_to: Moment = 0
        self._messages = self._hits = self._unsubscribed = 0

    def sign_up(self, count: int, start: Moment, end: Moment) -> None:
        """Take in `count` made-up people who will sign up between `start` and `end` and never order."""
        visitors = self._crowd.visitors(count, start, end)
        if not visitors:
            return
        given = [
            ContactGiven(email=it.email, created_at=it.created_at, attributes={SYNTHETIC: True})
            for it in visitors
        ]
        with self._store.write() as tx:
            taken = people.upsert(tx, self._store.ids, given, start)
            words = [
                Word(contact_id=taken.ids[it.email], topic=topic, agreed=True, at=it.created_at, basis=BASIS)
                for it in visitors
                for topic in self._topics
            ]
            consents.record_first(tx, self._store.ids, words)

    def run(self, end: Moment, progress: Progress) -> Replayed:
        """Go on until `end`."""
        ticks = 0
        self._seen_to = self._clock.now() - 1
        midnight = self._clock.now() + DAY
        while (now := self._next(end, midnight)) <= end:
            self._clock.move_to(now)
            if now >= midnight:
                self._tick.night(now)
                midnight += DAY
            self._act(now)
            self._tick.run(now)
            self._watch(now)
            ticks += 1
            progress(now, self._messages)
        self._clock.move_to(end)
        with self._store.write() as tx:
            marks.put(tx, marks.REPLAYED_TO, str(end))
        return Replayed(
            ticks=ticks, messages=self._messages, hits=self._hits, unsubscribed=self._unsubscribed
        )

    def _next(self, end: Moment, midnight: Moment) -> Moment:
        """The next moment to stop at: when something is due, put off to the next whole step."""
        due = min(self._tick.next_due(), midnight)
        if self._acts:
            due = min(due, self._acts[0][0])
        if due > end:
            return due
        whole = -(-(due - self._noon) // self._step) * self._step + self._noon
        return min(max(whole, self._clock.now() + 1), end) if self._clock.now() < end else end + 1

    def _act(self, now: Moment) -> None:
        """Let people do what they have in mind up to `now`, each at its own moment."""
        due: list[tuple[MessageKey, Act]] = []
        while self._acts and self._acts[0][0] <= now:
            _, key, act = heapq.heappop(self._acts)
            due.append((key, act))
        if not due:
            return
        seen = [
            Hit(key=key, kind=act.deed, link_no=act.link_no, at=act.at, agent=act.agent)
            for key, act in due
            if act.deed != "unsubscribe"
        ]
        with self._store.write() as tx:
            self._hits += hits.record(tx, seen, self._store.ids, now)
            for key, act in due:
                if act.deed == "unsubscribe":
                    said = unsubscribe.unsubscribe(
                        tx, key, self._topics, self._store.ids, act.at, basis=unsubscribe.PAGE
                    )
                    self._unsubscribed += bool(said)

    def _watch(self, now: Moment) -> None:
        """See what was handed over since the last look, and think up what becomes of it."""
        with self._store.read() as tx:
            new: list[Received] = received.between(tx, self._seen_to, now)
        self._seen_to = now
        self._messages += len(new)
        for it in new:
            message = f"{it.campaign} {it.line_id} {it.step} {it.at}"
            for act in self._crowd.reaction(it.email, message, it.at, it.links):
                heapq.heappush(self._acts, (act.at, it.key, act))


def _noon_before(at: Moment, zone: ZoneInfo) -> tuple[int, Span]:
    day, _ = day_and_time(at, zone)
    return day - 1, 12 * HOUR
