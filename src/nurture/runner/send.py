"""Sending: takes what is due and hands it to the provider, for as long as the daemon runs, or once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from nurture.clock import SECOND, Clock
from nurture.errors import ServiceError, StoreError
from nurture.providers.base import Provider, RelayDown
from nurture.runner.desk import ROOM, LedgerDesk, Prepare, Recheck
from nurture.runner.incarnation import Incarnation, incarnation
from nurture.runner.ledger import Expiries
from nurture.runner.results import HashAddress
from nurture.runner.troubles import Troubles
from nurture.store.engine import Store
from nurture.store.outbox import next_due
from nurture.store.senders import SendingLock


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds."""

    look_every: float = 1.0
    """How often to look for due work that nobody spoke of."""
    say_every: float = 60.0
    """How often a trouble that lasts is said."""
    wait_first: float = 1.0
    """Before a relay that is down is tried again; doubled each time."""
    wait_most: float = 30.0
    beat_every: float = 5.0
    grace: float = 30.0
    """For what is in hand when the daemon is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What the sending of messages needs to know about them."""

    prepare: Prepare
    recheck: Recheck | None = None
    """Reads the gates again before a handover that comes late; None: `prepare` does it."""
    hash_address: HashAddress
    expiries: Expiries = dict


class Sending:
    """Sends what is due until it is stopped. Outlives relays and databases that are gone for a while."""

    def __init__(
        self,
        store: Store,
        provider: Provider,
        clock: Clock,
        handling: Handling,
        *,
        pace: Pace | None = None,
        room: int = ROOM,
    ) -> None:
        self._store = store
        self._provider = provider
        self._clock = clock
        self._handling = handling
        self._pace = pace or Pace()
        self._room = room
        self._troubles = Troubles(every=self._pace.say_every)
        self._log = structlog.get_logger("nurture.sending")
        self._nudge = asyncio.Event()

    def wake(self) -> None:
        """Something was planned: look now. To be called on the event loop."""
        self._nudge.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set, then finish what is in hand."""
        lock = SendingLock(self._store)
        with lock.held(), ThreadPoolExecutor(1, "prepare") as workers:
            try:
                while not stop.is_set():
                    if await self._may_send(lock):
                        await self._live(stop, workers)
                    await self._sleep(self._pace.look_every, stop)
            finally:
                await self._provider.close()

    async def _may_send(self, lock: SendingLock) -> bool:
        held = await asyncio.to_thread(lock.take, socket.gethostname(), os.getpid())
        if held is None:
            self._troubles.over("another sender")
            return True
        error = ServiceError(f"{held.holder} is sending for this database already", where=self._store.where)
        self._troubles.say("another sender", error, "waiting until it ends")
        return False

    async def _live(self, stop: asyncio.Event, workers: ThreadPoolExecutor) -> None:
        """One incarnation, from registering to its end."""
        try:
            async with incarnation(
                self._store,
                self._clock,
                expiries=self._handling.expiries,
                troubles=self._troubles,
                beat_every=self._pace.beat_every,
                grace=self._pace.grace,
            ) as it:
                if it.recovered.planned or it.recovered.unknown:
                    self._log.warning(
                        "took over from a sender that was killed",
                        planned=it.recovered.planned,
                        unknown=it.recovered.unknown,
                    )
                await self._send(it, stop, workers)
        except StoreError as error:
            self._troubles.say("database", error, "waiting for it")

    async def _send(self, it: Incarnation, stop: asyncio.Event, workers: ThreadPoolExecutor) -> None:
        wait = 0.0
        while not stop.is_set() and not it.over.is_set():
            self._nudge.clear()
            try:
                idle = await asyncio.to_thread(_seconds_to_next, self._store, self._clock)
                self._troubles.over("database")
            except StoreError as error:
                self._troubles.say("database", error, "waiting for it")
                await self._sleep(self._pace.look_every, stop)
                continue
            if idle > 0:
                await self._sleep(min(idle, self._pace.look_every), stop)
                continue
            try:
                moved = await self._deliver(it, stop, workers, careful=wait > 0)
                self._troubles.over("relay")
                wait = 0.0
                if moved == 0:
                    # What is due is in other hands.
                    await self._sleep(self._pace.look_every, stop)
            except RelayDown as down:
                self._troubles.say("relay", down, "keeping everything until it answers")
                wait = min(max(wait * 2, self._pace.wait_first), self._pace.wait_most)
                await self._sleep(wait, stop, nudged=False)

    async def _deliver(
        self, it: Incarnation, stop: asyncio.Event, workers: ThreadPoolExecutor, *, careful: bool
    ) -> int:
        """Hand over what is due now. With `careful` a single message goes first, to see whether the relay is
        back."""
        desk = self._desk(it, workers, first_lot=1 if careful else None)
        loop = asyncio.get_running_loop()
        work = loop.create_task(self._provider.deliver(desk))
        ends = {loop.create_task(stop.wait()), loop.create_task(it.over.wait())}
        try:
            await asyncio.wait({work, *ends}, return_when=asyncio.FIRST_COMPLETED)
            desk.stop()
            await asyncio.wait({work}, timeout=0.0 if it.over.is_set() else self._pace.grace)
        finally:
            for task in (work, *ends):
                task.cancel()
            await asyncio.wait({work, *ends})
            await desk.close()
        if not work.cancelled():
            work.result()
        if desk.failure is not None:
            raise desk.failure
        return desk.moved

    def _desk(self, it: Incarnation, workers: ThreadPoolExecutor, *, first_lot: int | None) -> LedgerDesk:
        return LedgerDesk(
            it.ledger,
            self._handling.prepare,
            self._clock,
            recheck=self._handling.recheck,
            hash_address=self._handling.hash_address,
            workers=workers,
            room=self._room,
            first_lot=first_lot,
        )

    async def _sleep(self, seconds: float, stop: asyncio.Event, *, nudged: bool = True) -> None:
        """Sleep, but not past `stop`, nor past a nudge."""
        loop = asyncio.get_running_loop()
        waits = {loop.create_task(stop.wait())} | (
            {loop.create_task(self._nudge.wait())} if nudged else set()
        )
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()


def _seconds_to_next(store: Store, clock: Clock) -> float:
    with store.read() as tx:
        return (next_due(tx) - clock.now()) / SECOND


@contextlib.contextmanager
def by_hand(
    store: Store, provider: Provider, clock: Clock, handling: Handling, *, room: int = 2_000
) -> Iterator[Callable[[], int]]:
    """A function that delivers everything due now and returns how many messages came to something.

    For replays and tests, where time goes as it is told. Raises ServiceError where another process sends,
    RelayDown from the function where the relay cannot be had.
    """
    lock = SendingLock(store)
    held = lock.take(socket.gethostname(), os.getpid())
    if held is not None:
        raise ServiceError(
            f"{held.holder} is sending for this database", where=store.where, remedy="Stop it first."
        )
    with lock.held(), ThreadPoolExecutor(1, "prepare") as workers, asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        life = incarnation(
            store, clock, expiries=handling.expiries, troubles=Troubles(), beat_every=5.0, grace=30.0
        )
        it = runner.run(stack.enter_async_context(life))

        async def deliver() -> int:
            desk = LedgerDesk(
                it.ledger,
                handling.prepare,
                clock,
                recheck=handling.recheck,
                hash_address=handling.hash_address,
                workers=workers,
                room=room,
            )
            try:
                await provider.deliver(desk)
            finally:
                await desk.close()
            if desk.failure is not None:
                raise desk.failure
            return desk.moved

        def send_due() -> int:
            moved, more = 0, 1
            while more and _seconds_to_next(store, clock) <= 0:
                more = runner.run(deliver())
                moved += more
            return moved

        try:
            yield send_due
        finally:
            stack.push_async_callback(provider.close)
            runner.run(stack.aclose())


def send_due(store: Store, provider: Provider, clock: Clock, handling: Handling) -> int:
    """Deliver everything due now, once. See `by_hand`."""
    with by_hand(store, provider, clock, handling) as deliver:
        return deliver()
