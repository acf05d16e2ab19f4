"""Sending: takes what is due and hands it to the provider, for as long as the daemon runs, or once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import structlog

from nurture.clock import SECOND, Clock
from nurture.delivery.outcome import Outcome
from nurture.errors import ServiceError, StoreError
from nurture.providers.base import Provider, RelayDown
from nurture.runner.counts import Counts
from nurture.runner.desk import ROOM, LedgerDesk, Prepare, Preparing
from nurture.runner.flow import FREE, Flow
from nurture.runner.incarnation import Incarnation, incarnation
from nurture.runner.ledger import Expiries
from nurture.runner.prepared import Prepared
from nurture.runner.results import HashAddress
from nurture.runner.steering import Steering
from nurture.runner.troubles import Troubles
from nurture.runner.world import World
from nurture.store.claims import Claimed, next_due
from nurture.store.engine import Store
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
    dead_after: float = 30.0
    """Without a sign of life, on PostgreSQL. The same for all that send for one database."""
    grace: float = 30.0
    """For what is in hand when the daemon is stopped."""


Work: TypeAlias = Callable[[list[Claimed]], Sequence[Prepared]]
"""One answer for each message. Called in a thread, one group at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What the sending of messages needs to know about them."""

    prepare: Work
    """Reads the gates and renders."""
    recheck: Work | None = None
    """Reads the gates again before a handover that comes late; None: `prepare` does it."""
    hash_address: HashAddress
    expiries: Expiries = dict
    delivers: bool = False
    """Whether whoever accepts a message keeps the recipient's mailbox, and is no relay."""


@contextlib.contextmanager
def in_thread(handling: Handling) -> Iterator[Preparing]:
    """Prepares in a thread of this process."""
    with ThreadPoolExecutor(1, "prepare") as workers:

        def in_worker(work: Work) -> Prepare:
            async def prepare(claims: list[Claimed]) -> Sequence[Prepared]:
                return await asyncio.get_running_loop().run_in_executor(workers, work, claims)

            return prepare

        yield Preparing(
            prepare=in_worker(handling.prepare), recheck=in_worker(handling.recheck or handling.prepare)
        )


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
        troubles: Troubles | None = None,
        preparing: Preparing | None = None,
        steering: Steering | None = None,
        world: Callable[[], World] | None = None,
        counts: Counts | None = None,
        workspace: Path | None = None,
    ) -> None:
        """Without `preparing` messages are rendered in a thread of this process; without `steering` nothing has a
        limit. `world` says which campaigns there are. Senders that are killed are found at once by others of
        the same `workspace`, else when their lease ends."""
        self._workspace = workspace
        self._preparing = preparing
        self._steering = steering
        self._world = world
        self._store = store
        self._provider = provider
        self._clock = clock
        self._handling = handling
        self._pace = pace or Pace()
        self._counts = counts or Counts()
        self._room = room
        self._troubles = troubles or Troubles(every=self._pace.say_every)
        self._log = structlog.get_logger("nurture.sending")
        self._nudge = asyncio.Event()

    def wake(self) -> None:
        """Something was planned: look now. To be called on the event loop."""
        self._nudge.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set, then finish what is in hand."""
        lock = SendingLock(self._store)
        ways = contextlib.nullcontext(self._preparing) if self._preparing else in_thread(self._handling)
        with lock.held(), ways as preparing:
            try:
                while not stop.is_set():
                    if await self._may_send(lock):
                        await self._live(stop, preparing)
                    await self._sleep(self._pace.look_every, stop)
            finally:
                await self._provider.close()

    async def _may_send(self, lock: SendingLock) -> bool:
        try:
            held = await asyncio.to_thread(lock.take, socket.gethostname(), os.getpid())
        except StoreError as gone:
            self._troubles.say("database", gone, "waiting for it")
            return False
        if held is None:
            self._troubles.over("another sender")
            return True
        error = ServiceError(f"{held.holder} is sending for this database already", where=self._store.where)
        self._troubles.say("another sender", error, "waiting until it ends")
        return False

    async def _live(self, stop: asyncio.Event, preparing: Preparing) -> None:
        """One incarnation, from registering to its end."""
        try:
            async with incarnation(
                self._store,
                self._clock,
                expiries=self._handling.expiries,
                troubles=self._troubles,
                beat_every=self._pace.beat_every,
                grace=self._pace.grace,
                dead_after=self._pace.dead_after,
                delivers=self._handling.delivers,
                counts=self._counts,
                workspace=self._workspace,
            ) as it:
                if self._steering is not None:
                    self._steering.sender = it.id
                if it.recovered.planned or it.recovered.unknown:
                    self._log.warning(
                        "took over from a sender that was killed",
                        planned=it.recovered.planned,
                        unknown=it.recovered.unknown,
                    )
                await self._send(it, stop, preparing)
        except StoreError as error:
            self._troubles.say("database", error, "waiting for it")

    async def _send(self, it: Incarnation, stop: asyncio.Event, preparing: Preparing) -> None:
        wait = 0.0
        while not stop.is_set() and not it.over.is_set():
            self._nudge.clear()
            try:
                idle = await asyncio.to_thread(seconds_to_next, self._store, self._clock)
                self._troubles.over("database")
            except StoreError as error:
                self._troubles.say("database", error, "waiting for it")
                await self._sleep(self._pace.look_every, stop)
                continue
            if idle > 0:
                await self._sleep(min(idle, self._pace.look_every), stop)
                continue
            try:
                moved = await self._deliver(it, stop, preparing, careful=wait > 0)
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
        self, it: Incarnation, stop: asyncio.Event, preparing: Preparing, *, careful: bool
    ) -> int:
        """Hand over what is due now. With `careful` a single message goes first, to see whether the relay is
        back."""
        desk = self._desk(it, preparing, first_lot=1 if careful else None)
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

    def _desk(self, it: Incarnation, preparing: Preparing, *, first_lot: int | None) -> LedgerDesk:
        return LedgerDesk(
            it.ledger,
            preparing,
            self._clock,
            hash_address=self._handling.hash_address,
            flow=self._flow(),
            noted=self._steering.note if self._steering else _unnoted,
            room=self._room,
            first_lot=first_lot,
            counts=self._counts,
        )

    def _flow(self) -> Flow:
        if self._steering is None or self._world is None:
            return FREE
        return self._steering.flow(self._world())

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


def _unnoted(lane: str, outcome: Outcome) -> None:
    """Nobody is told."""


def seconds_to_next(store: Store, clock: Clock) -> float:
    """How long until something is due; not positive: it is."""
    with store.read() as tx:
        return (next_due(tx) - clock.now()) / SECOND
