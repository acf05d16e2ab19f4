"""Notices leave: to people by mail and to machines by webhook, for as long as the daemon runs, or once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import assert_never

import structlog

from nurture.clock import NEVER, SECOND, Clock
from nurture.delivery.outcome import Accepted, Outcome, Refused, TryLater, Unknown
from nurture.delivery.retry import next_try
from nurture.errors import StoreError
from nurture.providers.base import Call, Caller, Letter, Provider, RelayDown
from nurture.runner.notice_letters import Keys, Ready, ended, make_ready
from nurture.runner.troubles import Troubles
from nurture.runner.world import World
from nurture.store import notices
from nurture.store.engine import Store
from nurture.store.notices import MAIL_LEASE, Again, Ended, Notice

ROOM = 20
"""Notices in hand at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds."""

    look_every: float = 1.0
    mail: float = 0.8 * MAIL_LEASE / SECOND
    """For one mail at most: its answer has to come before it is taken for lost."""
    grace: float = 30.0
    """For what is in hand when the daemon is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How notices leave."""

    mail: Provider
    hooks: Caller


class Notifying:
    """Hands over the notices that are due until it is stopped. Any number of processes may do so at once."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        world: Callable[[], World],
        ways: Ways,
        keys: Keys,
        *,
        pace: Pace | None = None,
        troubles: Troubles | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._world = world
        self._ways = ways
        self._keys = keys
        self._pace = pace or Pace()
        self._troubles = troubles or Troubles()
        self._log = structlog.get_logger("nurture.notices")
        self._nudge = asyncio.Event()

    def wake(self) -> None:
        """Something was planned: look now. To be called on the event loop."""
        self._nudge.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Hand notices over until `stop` is set, then finish what is in hand."""
        in_hand: dict[asyncio.Task[None], Notice] = {}
        try:
            while not stop.is_set():
                self._nudge.clear()
                idle = await self._begin(in_hand)
                await self._sleep(idle, stop, in_hand)
                for task in [task for task in in_hand if task.done()]:
                    del in_hand[task]
                    task.result()
        finally:
            await self._leave(in_hand)
            await self._ways.hooks.close()

    def is_due(self) -> bool:
        """Whether any notice is due now. Raises StoreError."""
        with self._store.read() as tx:
            return notices.next_due(tx) <= self._clock.now()

    async def all_due(self) -> int:
        """Hand over everything due now; returns how many. Raises StoreError."""
        total = 0
        while taken := await asyncio.to_thread(self._take, ROOM):
            await asyncio.gather(*(self._hand_over(it, ready) for it, ready in taken))
            total += len(taken)
        return total

    async def close(self) -> None:
        """Close what is kept open."""
        await self._ways.hooks.close()

    async def _begin(self, in_hand: dict[asyncio.Task[None], Notice]) -> float:
        """Begin with what is due, as far as there is room. Returns for how many seconds there is nothing to do."""
        room = ROOM - len(in_hand)
        if room == 0:
            return self._pace.look_every
        try:
            taken = await asyncio.to_thread(self._take, room)
            self._troubles.over("database", by="notices")
        except StoreError as error:
            self._troubles.say("database", error, "waiting for it", by="notices")
            return self._pace.look_every
        loop = asyncio.get_running_loop()
        for it, ready in taken:
            in_hand[loop.create_task(self._hand_over(it, ready))] = it
        return 0.0 if len(taken) == room else self._pace.look_every

    def _take(self, room: int) -> list[tuple[Notice, Ready]]:
        """Mark what is due as handed over, and make it ready, in one transaction."""
        if not self.is_due():
            return []
        now = self._clock.now()
        with self._store.write() as tx:
            taken = notices.take(tx, now, room)
            ready = make_ready(tx, self._world(), taken, self._keys, now) if taken else []
        return list(zip(taken, ready, strict=True))

    async def _hand_over(self, it: Notice, ready: Ready) -> None:
        match ready:
            case Ended():
                await self._record(ready)
            case Letter():
                await self._record(self._change(it, await self._post(ready)))
            case Call():
                await self._record(self._change(it, await self._call(ready)))
            case _:
                assert_never(ready)

    async def _post(self, letter: Letter) -> Outcome:
        try:
            async with asyncio.timeout(self._pace.mail):
                outcome = await self._ways.mail.post(letter)
        except RelayDown as down:
            self._troubles.say("relay", down, "keeping everything until it answers", by="notices")
            return TryLater(reply=down.message)
        except TimeoutError:
            return Unknown(reason=f"no answer came within {self._pace.mail:g} seconds")
        self._troubles.over("relay", by="notices")
        return outcome

    async def _call(self, call: Call) -> Outcome:
        try:
            return await self._ways.hooks.call(call)
        except Exception as error:
            # Whatever a stranger's server brings about: it must not end the daemon.
            self._log.exception("a webhook failed as it should not", notice=tuple(call.key))
            return TryLater(reply=f"it failed: {type(error).__name__}")

    def _change(self, it: Notice, outcome: Outcome) -> Ended | Again:
        now = self._clock.now()
        match outcome:
            case Accepted(reply=reply):
                return ended(it, "sent", now, reply)
            case Refused(reply=reply):
                return ended(it, "refused", now, reply)
            case Unknown(reason=reason):
                return ended(it, "unknown", now, reason)
            case TryLater(reply=reply, pause=pause):
                at = next_try(
                    attempts=it.attempt,
                    first_tried_at=it.first_tried_at,
                    now=now,
                    key=it.key,
                    stale_at=NEVER,
                    pause=pause,
                )
                if at is None:
                    return ended(it, "expired", now, reply)
                return Again(key=it.key, attempt=it.attempt, due_at=at, reply=reply)
            case _:
                assert_never(outcome)

    async def _record(self, change: Ended | Again) -> None:
        """Write it down, however long the database is gone."""
        while True:
            try:
                await asyncio.to_thread(self._write, [change])
                self._troubles.over("database", by="results of notices")
                return
            except StoreError as error:
                self._troubles.say("database", error, "waiting for it", by="results of notices")
                await asyncio.sleep(self._pace.look_every)

    def _write(self, changes: list[Ended | Again]) -> None:
        with self._store.write() as tx:
            notices.finish(tx, changes)

    async def _leave(self, in_hand: dict[asyncio.Task[None], Notice]) -> None:
        """Wait a while for what is in hand, then say of the rest what is true of it."""
        if not in_hand:
            return
        _, cut_off = await asyncio.wait(in_hand, timeout=self._pace.grace)
        for task in cut_off:
            task.cancel()
        if cut_off:
            await asyncio.wait(cut_off)
            # Where that cannot be written it comes to the same, some minutes later.
            with contextlib.suppress(StoreError):
                changes = [self._cut_off(in_hand[task]) for task in cut_off]
                await asyncio.to_thread(self._write, changes)

    def _cut_off(self, it: Notice) -> Ended | Again:
        now = self._clock.now()
        if notices.is_repeatable(it):
            return Again(key=it.key, attempt=it.attempt, due_at=now, reply="sending was stopped")
        return ended(it, "unknown", now, "sending was stopped before the answer came")

    async def _sleep(
        self, seconds: float, stop: asyncio.Event, in_hand: dict[asyncio.Task[None], Notice]
    ) -> None:
        """Sleep, but not past `stop`, a nudge, or the end of something in hand."""
        loop = asyncio.get_running_loop()
        waits = {loop.create_task(stop.wait()), loop.create_task(self._nudge.wait())}
        try:
            await asyncio.wait({*waits, *in_hand}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()


@contextlib.contextmanager
def by_hand(notifying: Notifying) -> Iterator[Callable[[], int]]:
    """A function that hands over every notice due now and returns how many: for replays and tests."""
    with asyncio.Runner() as runner:
        try:
            yield lambda: runner.run(notifying.all_due()) if notifying.is_due() else 0
        finally:
            runner.run(notifying.close())
