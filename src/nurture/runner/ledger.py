"""The one writer of a sender: takes all that waits, writes it in one transaction, and then answers all of it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from time import monotonic
from typing import TypeAlias

from nurture.clock import Clock, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.errors import StoreError
from nurture.runner.counts import Counts
from nurture.store.claims import Claimed, Group, Room, claim, waiting_groups
from nurture.store.engine import Store, Tx
from nurture.store.handover import Change, Done, commit_group, settle_accepted

RETRY_SECONDS = 1.0

SETTLE_AT = 250
"""So many sent messages go into the books together …"""
SETTLE_SECONDS = 0.05
"""… or those of so many seconds."""

Expiries = Callable[[], Mapping[str, Span | None]]
"""How long the codes of each offer hold, by the offer's key; None: for ever."""


class Refusal(Enum):
    """Why a message may not be handed over."""

    NOT_HELD = "it was skipped, or this sender's lease is over"
    NOT_TRIED = "the database could not be written in time"


Leave = Moment | Refusal
"""The moment of the handover, or why not."""


@dataclass(slots=True, kw_only=True)
class _Exchange:
    change: Change | None
    mark: MessageKey | None
    answer: asyncio.Future[Leave] | None


@dataclass(slots=True, kw_only=True)
class _Work:
    """Something else to be done in the transaction, given up where it cannot be written at once."""

    work: Callable[[Tx, Moment], object]
    answer: asyncio.Future[object]


_Request: TypeAlias = _Exchange | _Work
_Answer: TypeAlias = tuple[asyncio.Future[Leave], Leave] | tuple[asyncio.Future[object], object]


class Ledger:
    """Owns a thread. What it was given is written in order, however long the database cannot be written.

    A leave is tried once only: when the database comes back, the relay has long hung up and the gates are
    old. `trouble` is called from the thread, with each error and with None when it is over.
    """

    def __init__(
        self,
        store: Store,
        sender: int,
        clock: Clock,
        *,
        expiries: Expiries,
        trouble: Callable[[StoreError | None], None],
        delivers: bool = False,
        counts: Counts | None = None,
    ) -> None:
        """`delivers`: whoever accepts a message here keeps the recipient's mailbox; see `settle_accepted`."""
        self._store = store
        self._sender = sender
        self._clock = clock
        self._expiries = expiries
        self._trouble = trouble
        self._delivers = delivers
        self._counts = counts or Counts()
        self._loop = asyncio.get_running_loop()
        self._queue: deque[_Request] = deque()
        self._wake = threading.Event()
        self._give_up = threading.Event()
        self._closing = False
        self._unsettled = self._pending = 0
        self._settled_at = monotonic()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    async def exchange(self, change: Change | None, mark: MessageKey | None) -> Leave:
        """Write `change`, then mark `mark` as handed over. Returns once both are on disk."""
        answer: asyncio.Future[Leave] = self._loop.create_future()
        self._put(_Exchange(change=change, mark=mark, answer=answer))
        return await answer

    def post(self, change: Change) -> None:
        """Write `change` soon."""
        self._put(_Exchange(change=change, mark=None, answer=None))

    async def waiting(self) -> list[Group]:
        """What waits where."""
        found = await self._do(lambda tx, now: waiting_groups(tx))
        return found if isinstance(found, list) else []

    async def claim(self, groups: Sequence[Group], room: Room) -> list[Claimed]:
        """Take what is due of `groups`, as much as there is `room`."""
        found = await self._do(lambda tx, now: claim(tx, self._sender, now, groups, room))
        return found if isinstance(found, list) else []

    async def settle(self) -> None:
        """Put all that was sent into the books."""
        await self._do(lambda tx, now: self._settle(tx))

    async def _do(self, work: Callable[[Tx, Moment], object]) -> object:
        answer: asyncio.Future[object] = self._loop.create_future()
        self._put(_Work(work=work, answer=answer))
        return await answer

    async def close(self, seconds: float) -> bool:
        """Write what waits, for at most `seconds`, and end the thread. Says whether all was written."""
        self._closing = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join, seconds)
        written = not self._thread.is_alive()
        self._give_up.set()
        return written

    def _put(self, request: _Request) -> None:
        self._queue.append(request)
        if not self._wake.is_set():
            self._wake.set()

    def _run(self) -> None:
        while not self._give_up.is_set():
            self._wake.wait(SETTLE_SECONDS if self._unsettled else None)
            self._wake.clear()
            batch: list[_Request] = []
            while self._queue:
                batch.append(self._queue.popleft())
            if batch or self._unsettled:
                self._write(batch)
            elif self._closing:
                return
            if self._closing:
                self._wake.set()

    def _write(self, batch: list[_Request]) -> None:
        answers: list[_Answer] = []
        tries = 0
        while not self._give_up.is_set():
            try:
                answers = self._commit(batch, leaves=tries == 0)
                break
            except StoreError as error:
                tries += 1
                self._trouble(error)
                self._give_up.wait(RETRY_SECONDS)
            except Exception as error:
                self._answer(self._fail, batch, error)
                return
        else:
            self._answer(
                self._fail, batch, StoreError("the database could not be written", where=self._store.where)
            )
            return
        if tries:
            self._trouble(None)
        if answers:
            self._answer(self._succeed, answers)

    def _commit(self, batch: list[_Request], *, leaves: bool) -> list[_Answer]:
        exchanges = [it for it in batch if isinstance(it, _Exchange)]
        changes = [it.change for it in exchanges if it.change is not None]
        marks = [it.mark for it in exchanges if it.mark is not None] if leaves else []
        sent = sum(isinstance(it, Done) and it.outcome == "sent" for it in changes)
        self._pending = self._unsettled + sent
        answers: list[_Answer] = []
        with self._store.write() as tx:
            now = self._clock.now()
            marked = commit_group(tx, self._sender, changes, marks, now, expires=self._expiries())
            for it in batch:
                if isinstance(it, _Work):
                    answers.append((it.answer, it.work(tx, now) if leaves else None))
                elif it.answer is not None:
                    refusal = Refusal.NOT_HELD if leaves else Refusal.NOT_TRIED
                    answers.append((it.answer, now if it.mark in marked else refusal))
            if self._is_time_to_settle():
                self._settle(tx)
        self._unsettled = self._pending
        if changes or marked:
            self._counts.committed(changes, len(marked))
        return answers

    def _is_time_to_settle(self) -> bool:
        late = self._closing or monotonic() - self._settled_at >= SETTLE_SECONDS
        return self._pending >= SETTLE_AT or (self._pending > 0 and late)

    def _settle(self, tx: Tx) -> None:
        self._settled_at = monotonic()
        self._pending = 0
        settle_accepted(tx, [self._sender], self._expiries(), delivered=self._delivers)

    def _answer(self, how: Callable[..., None], *what: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(how, *what)

    @staticmethod
    def _succeed(answers: list[_Answer]) -> None:
        for future, value in answers:
            if not future.done():
                future.set_result(value)  # type: ignore[arg-type]  # each pair in the union fits

    @staticmethod
    def _fail(batch: list[_Request], error: Exception) -> None:
        for it in batch:
            if it.answer is not None and not it.answer.done():
                it.answer.set_exception(error)
