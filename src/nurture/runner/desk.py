"""The desk of `providers/base.py`: claims messages, has them prepared, and keeps what becomes of them in the
ledger."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeAlias

from nurture.audience.spans import say_span
from nurture.clock import SECOND, Clock, Moment, Span, format_iso
from nurture.delivery.outcome import MessageKey, Outcome
from nurture.journeys.reasons import Reason
from nurture.providers.base import Letter
from nurture.runner.ledger import Ledger, Refusal
from nurture.runner.results import HashAddress, change_for
from nurture.store.handover import Back, Change, Done
from nurture.store.outbox import Claimed

FRESH: Span = SECOND
"""How old what the gates read may be at the handover."""

ROOM = 200
"""Letters in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """This message is not to be sent. `leaves`: the contact leaves the campaign too."""

    key: MessageKey
    reason: str
    leaves: bool = False
    saw: Mapping[str, str] = field(default_factory=dict)
    """The facts behind the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """This message is not to be sent before `until`."""

    key: MessageKey
    until: Moment
    reason: str


Prepared: TypeAlias = Letter | Dropped | Held
Prepare: TypeAlias = Callable[[list[Claimed]], Sequence[Prepared]]
"""Reads the gates and renders: one answer for each message. Called in a worker thread."""

Recheck: TypeAlias = Callable[[list[Claimed]], Sequence[Prepared]]
"""Reads the gates again: names those that must not go any more; letters in its answer are ignored."""


@dataclass(slots=True, kw_only=True)
class _InHand:
    claimed: Claimed
    gated_at: Moment
    letter: Letter | None = None
    handed_at: Moment = 0


class LedgerDesk:
    """One delivery's desk. All of it is called on the event loop."""

    def __init__(
        self,
        ledger: Ledger,
        prepare: Prepare,
        clock: Clock,
        *,
        recheck: Recheck | None = None,
        hash_address: HashAddress,
        workers: Executor,
        room: int = ROOM,
        first_lot: int | None = None,
    ) -> None:
        self._ledger = ledger
        self._prepare = prepare
        self._recheck = recheck or prepare
        self._clock = clock
        self._hash_address = hash_address
        self._workers = workers
        self._half = max(1, room // 2)
        self._lot = first_lot or self._half
        self._letters: deque[_InHand] = deque()
        self._hand: dict[MessageKey, _InHand] = {}
        self._refilling: asyncio.Task[bool] | None = None
        self._dry = False
        self._stopped = False
        self.moved = 0
        """How many messages came to something that is known."""
        self.failure: Exception | None = None
        """What kept messages from being claimed or prepared."""

    async def take(self) -> Letter | None:
        """See `Desk.take`."""
        while True:
            if self.ready():
                it = self._letters.popleft()
                if len(self._letters) < self._half and not self._dry:
                    self._start_refilling()
                assert it.letter is not None
                return it.letter
            if self._stopped or not await self._refilled():
                return None

    def ready(self) -> bool:
        """See `Desk.ready`."""
        return bool(self._letters) and not self._stopped and self._is_fresh(self._letters[0])

    def _is_fresh(self, it: _InHand) -> bool:
        return self._clock.now() - it.gated_at <= FRESH

    def _start_refilling(self) -> asyncio.Task[bool]:
        if self._refilling is None or self._refilling.done():
            self._refilling = asyncio.get_running_loop().create_task(self._refill())
        return self._refilling

    async def _refilled(self) -> bool:
        """Whether there is more, now or in a moment."""
        return await asyncio.shield(self._start_refilling())

    async def _refill(self) -> bool:
        """Look at old letters again, else claim and prepare new ones."""
        try:
            if self._letters and not self._is_fresh(self._letters[0]):
                await self._look_again(list(self._letters))
                return True
            return await self._claim()
        except Exception as error:
            self.failure = error
            self.stop()
            return False

    async def _claim(self) -> bool:
        lot, self._lot = self._lot, self._half
        claims = await self._ledger.claim(lot)
        self._dry = len(claims) < lot
        if not claims:
            return False
        now = self._clock.now()
        for claimed in claims:
            self._hand[claimed.key] = _InHand(claimed=claimed, gated_at=now)
        self._turn_away([_stale(it) for it in claims if it.stale_at <= now])
        timely = [it for it in claims if it.key in self._hand]
        prepared = await self._in_worker(self._prepare, timely) if timely else ()
        self._turn_away(prepared)
        for letter in prepared:
            if isinstance(letter, Letter):
                it = self._hand[letter.key]
                it.letter = letter
                self._letters.append(it)
        silent = [it.key for it in timely if it.key in self._hand and self._hand[it.key].letter is None]
        if silent:
            raise ValueError(f"nothing was said about the messages {silent}")
        return True

    async def _look_again(self, old: list[_InHand]) -> None:
        before = self._clock.now()
        answers = await self._in_worker(self._recheck, [it.claimed for it in old])
        # Half a second at least to use it: a slow machine shall send by a gate read late rather than not at
        # all.
        gated_at = max(before, self._clock.now() - FRESH // 2)
        for it in old:
            it.gated_at = gated_at
        self._turn_away(answers)

    async def _in_worker(self, work: Prepare, claims: list[Claimed]) -> Sequence[Prepared]:
        return await asyncio.get_running_loop().run_in_executor(self._workers, work, claims)

    def _turn_away(self, answers: Sequence[Prepared]) -> None:
        """Put into the ledger those that must not go."""
        gone = set()
        for answer in answers:
            if isinstance(answer, Letter) or answer.key not in self._hand:
                continue
            it = self._hand.pop(answer.key)
            gone.add(answer.key)
            self._ledger.post(self._turned_away(it.claimed, answer))
        if gone and self._letters:
            self._letters = deque(it for it in self._letters if it.claimed.key not in gone)

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
            self._hand[mark].handed_at = leave
            return True
        return False

    async def _may_go(self, key: MessageKey) -> bool:
        it = self._hand.get(key)
        if it is not None and not self._is_fresh(it):
            await self._look_again([it])
        return key in self._hand

    def _change(self, key: MessageKey, outcome: Outcome) -> Change | None:
        it = self._hand.pop(key, None)
        if it is None or it.letter is None:
            return None
        change = change_for(
            it.claimed,
            outcome,
            now=self._clock.now(),
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
        if self._refilling is not None:
            await asyncio.wait({self._refilling})
        self._letters.clear()
        for key, it in list(self._hand.items()):
            if it.handed_at:
                reason = "sending was stopped before the relay's answer came"
                self._ledger.post(Done(key=key, outcome="unknown", at=it.handed_at, reason=reason))
                del self._hand[key]
            else:
                self.give_back(key)


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
