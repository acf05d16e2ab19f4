"""The desk of `providers/base.py`: claims messages, has them prepared, and keeps what becomes of them in the ledger."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from nurture.audience.spans import say_span
from nurture.clock import SECOND, Clock, Moment, Span, format_iso
from nurture.delivery.outcome import Accepted, MessageKey, Outcome
from nurture.journeys.reasons import Reason
from nurture.providers.base import Letter
from nurture.runner.counts import Counts
from nurture.runner.flow import FREE, Flow
from nurture.runner.ledger import Ledger, Refusal
from nurture.runner.piles import InHand, Piles
from nurture.runner.prepared import Dropped, Held, Prepared
from nurture.runner.results import HashAddress, change_for
from nurture.store.claims import Claimed, Group
from nurture.store.domains import UNPLACED
from nurture.store.handover import Back, Change, Done

FRESH: Span = SECOND
"""How old what the gates read may be at the handover."""
LOOK_AHEAD: Span = 2 * SECOND
"""A letter that may not go yet is waited for so long; what may go later stays in the database."""
LOOK_EVERY: Span = SECOND
"""How old may be what is known of what waits where."""

ROOM = 800
"""Letters in memory."""
FIRST_LOT = 50
"""Messages claimed together at first; then twice as many each time, and half as many where they lie too long."""

Prepare: TypeAlias = Callable[[list[Claimed]], Awaitable[Sequence[Prepared]]]
"""Reads the gates and renders: one answer for each message."""

Recheck: TypeAlias = Callable[[list[Claimed]], Awaitable[Sequence[Prepared]]]
"""Reads the gates again: names those that must not go any more; letters in its answer are ignored."""

Noted: TypeAlias = Callable[[str, Outcome], None]
"""Told the lane of each message and what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparing:
    """How claimed messages become letters."""

    prepare: Prepare
    recheck: Recheck
    at_once: int = 1
    """Groups that can be prepared side by side."""


class LedgerDesk:
    """One delivery's desk. All of it is called on the event loop."""

    def __init__(
        self,
        ledger: Ledger,
        preparing: Preparing,
        clock: Clock,
        *,
        hash_address: HashAddress,
        flow: Flow = FREE,
        noted: Noted = lambda lane, outcome: None,
        room: int = ROOM,
        first_lot: int | None = None,
        counts: Counts | None = None,
    ) -> None:
        self._ledger = ledger
        self._preparing = preparing
        self._clock = clock
        self._hash_address = hash_address
        self._flow = flow
        self._noted = noted
        self._room = room
        self._most = max(1, room // (2 * preparing.at_once))
        self._lot = min(first_lot or FIRST_LOT, self._most)
        self._waits = (counts or Counts()).waits
        self._piles = Piles(flow)
        self._hand: dict[MessageKey, InHand] = {}
        self._refilling: dict[asyncio.Task[bool], str | None] = {}
        """What is under way, and for which lane."""
        self._claiming = asyncio.Lock()
        self._groups: list[Group] = []
        self._groups_at: Moment | None = None
        self._dry = False
        self._claimed = 0
        self._stopped = False
        self.moved = 0
        """How many messages came to something that is known."""
        self.failure: Exception | None = None
        """What kept messages from being claimed or prepared."""

    async def take(self, lane: str | None = None) -> Letter | None:
        """See `Desk.take`."""
        while not self._stopped:
            now = self._clock.now()
            it = self._piles.pop(lane, now, now - FRESH)
            if it is not None:
                if len(self._hand) <= self._room - self._lot and not self._dry:
                    self._start_refilling(lane)
                assert it.letter is not None
                return it.letter
            pause = self._piles.pause(lane, now)
            if not await self._refilled(lane) and not await self._waited(pause):
                return None
        return None

    async def _waited(self, pause: Span | None) -> bool:
        """Wait for a letter that may go in a moment. False: there is none."""
        if pause is None or pause > LOOK_AHEAD:
            return False
        await asyncio.sleep(pause / SECOND)
        return True

    def ready(self, lane: str | None = None) -> bool:
        """See `Desk.ready`."""
        now = self._clock.now()
        return not self._stopped and self._piles.ready(lane, now, now - FRESH)

    async def lanes(self) -> Collection[str]:
        """See `Desk.lanes`."""
        if self._stopped:
            return ()
        now = self._clock.now()
        waiting = await self._waiting(now)
        due = {it.lane for it in waiting if it.due_at <= now and not it.lane.startswith(UNPLACED)}
        return {
            lane for lane in due | self._piles.lanes() if self._flow.lane_at(lane, now) <= now + LOOK_AHEAD
        }

    def _start_refilling(self, lane: str | None) -> None:
        if len(self._refilling) < self._preparing.at_once:
            task = asyncio.get_running_loop().create_task(self._refill(lane))
            self._refilling[task] = lane
            task.add_done_callback(self._refilling.pop)

    async def _refilled(self, lane: str | None) -> bool:
        """Whether there may be more, now or in a moment."""
        self._start_refilling(lane)
        # That another lane has nothing more says nothing of this one.
        under_way = {it for it, of in self._refilling.items() if of in (None, lane)}
        if not under_way:
            await asyncio.wait(self._refilling, return_when=asyncio.FIRST_COMPLETED)
            return True
        # None is begun while another is under way, or those who wait would ask again and again, in turn, for ever.
        while under_way:
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            if any(it.result() for it in done):
                return True
        return False

    async def _refill(self, lane: str | None) -> bool:
        """Look at old letters again, else claim and prepare new ones."""
        try:
            old = self._piles.older_than(self._clock.now() - FRESH)
            if old:
                self._lot = max(1, self._lot // 2)
                await self._look_again(old)
                return True
            return await self._claim(lane)
        except Exception as error:
            self.failure = error
            self.stop()
            return False

    async def _claim(self, lane: str | None) -> bool:
        # One after the other, or two would take what there is room for once.
        async with self._claiming:
            lot, self._lot = self._lot, min(2 * self._lot, self._most)
            groups = await self._waiting(self._clock.now())
            room = self._flow.room(groups, lot, lane, self._in_hand(), self._clock.now())
            claims = await self._ledger.claim(groups, replace(room, turn=self._claimed))
            self._claimed += len(claims)
            self._dry = len(claims) < lot
            if self._dry:
                self._groups_at = None
            now = self._clock.now()
            for claimed in claims:
                self._hand[claimed.key] = InHand(claimed=claimed, gated_at=now)
        if not claims:
            return False
        await self._render(claims, now)
        return True

    def _in_hand(self) -> Counter[tuple[str, int]]:
        """How many wait here or are being prepared, by lane and campaign; the throttle knows of those that went."""
        found = self._piles.counts()
        found.update(
            (it.claimed.lane, it.claimed.campaign_id) for it in self._hand.values() if it.letter is None
        )
        return found

    async def _waiting(self, now: Moment) -> list[Group]:
        if self._groups_at is None or now - self._groups_at > LOOK_EVERY:
            self._groups, self._groups_at = await self._ledger.waiting(), now
        return self._groups

    async def _render(self, claims: Sequence[Claimed], now: Moment) -> None:
        self._turn_away([_stale(it) for it in claims if it.stale_at <= now])
        timely = [it for it in claims if it.key in self._hand]
        prepared = await self._preparing.prepare(timely) if timely else ()
        self._turn_away(prepared)
        for letter in prepared:
            if isinstance(letter, Letter) and letter.key in self._hand:
                it = self._hand[letter.key]
                it.letter = letter
                self._piles.add(it)
        silent = [it.key for it in timely if it.key in self._hand and self._hand[it.key].letter is None]
        if silent:
            raise ValueError(f"nothing was said about the messages {silent}")

    async def _look_again(self, old: Sequence[InHand]) -> None:
        before = self._clock.now()
        answers = await self._preparing.recheck([it.claimed for it in old])
        # Half a second at least to use it: a slow machine shall send by a gate read late rather than not at
        # all.
        gated_at = max(before, self._clock.now() - FRESH // 2)
        for it in old:
            it.gated_at = gated_at
        self._turn_away(answers)

    def _turn_away(self, answers: Iterable[Prepared]) -> None:
        """Put into the ledger those that must not go."""
        gone = set()
        for answer in answers:
            if isinstance(answer, Letter) or answer.key not in self._hand:
                continue
            it = self._hand.pop(answer.key)
            gone.add(answer.key)
            self._ledger.post(self._turned_away(it.claimed, answer))
        self._piles.drop(gone)

    def _turned_away(self, claimed: Claimed, answer: Dropped | Held) -> Change:
        self.moved += 1
        if isinstance(answer, Held):
            return _back(claimed, answer.until, answer.reason)
        now = self._clock.now()
        return Done(
            key=claimed.key,
            outcome="skipped",
            at=now,
            reason=answer.reason,
            leaves=answer.leaves,
            saw=answer.saw,
        )

    async def exchange(self, done: tuple[MessageKey, Outcome] | None, mark: MessageKey | None) -> bool:
        """See `Desk.exchange`."""
        change = self._change(*done) if done else None
        if mark is not None and not await self._may_go(mark):
            mark = None
        if change is None and mark is None:
            return False
        leave = await self._ledger.exchange(change, mark)
        if mark is None:
            return False
        if leave is Refusal.NOT_TRIED:
            self.give_back(mark)
        elif leave is Refusal.NOT_HELD:
            self._hand.pop(mark, None)
        elif mark in self._hand and not isinstance(leave, Refusal):
            it = self._hand[mark]
            it.handed_at = leave
            self._waits.add((leave - it.claimed.due_at) / SECOND)
            return True
        return False

    async def _may_go(self, key: MessageKey) -> bool:
        it = self._hand.get(key)
        if it is not None and self._clock.now() - it.gated_at > FRESH:
            await self._look_again([it])
        return key in self._hand

    def _change(self, key: MessageKey, outcome: Outcome) -> Change | None:
        it = self._hand.pop(key, None)
        if it is None or it.letter is None:
            return None
        self._noted(it.claimed.lane, outcome)
        now = self._clock.now()
        self._flow.answered(it.claimed.lane, it.took_at, now)
        change: Change
        if isinstance(outcome, Accepted):
            change = Done(key=key, outcome="sent", at=it.handed_at or now, reason=outcome.reply)
        else:
            change = change_for(
                it.claimed,
                outcome,
                now=now,
                handed_at=it.handed_at,
                recipient=it.letter.recipient,
                hash_address=self._hash_address,
            )
        self.moved += not (isinstance(change, Done) and change.outcome == "unknown")
        return change

    def give_back(self, key: MessageKey) -> None:
        """See `Desk.give_back`."""
        it = self._hand.pop(key, None)
        if it is not None:
            self._ledger.post(_back(it.claimed, it.claimed.due_at, ""))

    def stop(self) -> None:
        """Answer None from now on."""
        self._stopped = True

    async def close(self) -> None:
        """Stop, and give back what nobody took; what was handed over without an answer is unknown."""
        self.stop()
        if self._refilling:
            await asyncio.wait(self._refilling)
        for key, it in list(self._hand.items()):
            if it.handed_at:
                reason = "sending was stopped before the relay's answer came"
                self._ledger.post(Done(key=key, outcome="unknown", at=it.handed_at, reason=reason))
                del self._hand[key]
            else:
                self.give_back(key)
        await self._ledger.settle()


def _stale(it: Claimed) -> Dropped:
    saw = {"wanted at": format_iso(it.wanted_at), "stale after": say_span(it.stale_at - it.wanted_at)}
    return Dropped(key=it.key, reason=Reason.STALE, saw=saw)


def _back(claimed: Claimed, due_at: Moment, reason: str) -> Back:
    return Back(
        key=claimed.key,
        state="planned",
        due_at=due_at,
        attempts=claimed.attempts,
        first_tried_at=claimed.first_tried_at,
        reply=reason,
    )
