"""The daemon's parts of the tick: what wakes them, sending, and their end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import Protocol

import structlog

from nurture.clock import HOUR, Clock, Span
from nurture.errors import NurtureError, StoreError
from nurture.runner.counts import Counts
from nurture.runner.in_force import InForce
from nurture.runner.nightly import count_goods, forget, tell_due_again
from nurture.runner.notices import Notifying
from nurture.runner.schedule import Schedule
from nurture.runner.send import Sending
from nurture.runner.tick import decide
from nurture.runner.troubles import Troubles
from nurture.runner.winners import name_winners
from nurture.settings import Settings
from nurture.store.engine import Store

RESTS = 3
"""While mail goes out, reviews work for one part of the time and rest for so many: thousands may open a mailing each
second, and what follows of that can wait a minute; the mailing cannot."""
LONGEST_REST = 0.5
"""Seconds."""
COUNT_AFTER = 20 * HOUR
"""Who starts again does not count again what was counted last night."""


class Loop(Protocol):
    """Something that goes on until it is told to stop."""

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until `stop` is set."""
        ...


class Daemon:
    """Review, enroll, advance and send until told to stop. Outlives a database that is gone for a while."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        world: InForce,
        sending: Sending,
        notifying: Notifying | None = None,
        troubles: Troubles | None = None,
        beside: Sequence[Loop] = (),
        counts: Counts | None = None,
    ) -> None:
        """`beside`: what else goes on until the daemon is stopped."""
        self._store = store
        self._clock = clock
        self._world = world
        self._troubles = troubles or Troubles()
        self._sending = sending
        self._beside = beside
        self._counts = counts or Counts()
        self._handed = 0
        self._notifying = notifying
        self._log = structlog.get_logger("nurture.daemon")
        self._schedule = Schedule(settings.zone, tick=self._tick, look=self.look, night=self._night)
        self._busy = asyncio.Lock()
        self._counting = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish what is in hand."""
        await asyncio.to_thread(self._tend)
        # Beside everything else: at a large shop counting takes a minute.
        counting = asyncio.create_task(self._count(COUNT_AFTER))
        self._schedule.start()
        try:
            await self._hand_over(stop)
        finally:
            self._schedule.pause()
            await counting
            # What was woken a moment ago comes to the lock before us.
            await asyncio.sleep(0)
            # A tick that is under way ends first: its transaction is committed, not torn.
            async with self._busy:
                self._schedule.stop()

    async def _hand_over(self, stop: asyncio.Event) -> None:
        """Messages, notices and what goes on beside them."""
        loops: list[Loop] = [self._sending, *([self._notifying] if self._notifying else []), *self._beside]
        parts = [asyncio.create_task(it.run(stop)) for it in loops]
        try:
            # One that fails ends the others too: half a daemon would go unnoticed.
            await asyncio.wait(parts, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            stop.set()
            await asyncio.gather(*parts)

    async def _tick(self) -> None:
        async with self._busy:
            began = monotonic()
            decided = await self._safely(self._decide)
            self._counts.ticks.add(monotonic() - began)
            if decided:
                self._sending.wake()
                if self._notifying is not None:
                    self._notifying.wake()

    def _decide(self) -> bool:
        if self._world.is_behind():
            self._look()
        return decide(self._store, self._world(), self._clock.now(), self._rest) > 0

    def _rest(self, seconds: float) -> None:
        handed, self._handed = self._handed, self._counts.handed
        if handed != self._handed:
            sleep(min(LONGEST_REST, RESTS * seconds))

    async def look(self) -> None:
        """Take up the newest version, where it is another one and can be read."""
        async with self._busy:
            await self._safely(self._look)

    def _look(self) -> bool:
        found = self._world.look()
        self._troubles.over("version")
        if found:
            self._log.info("another version is in force", version=self._world().version)
        return found

    async def _night(self) -> None:
        await self._count()
        async with self._busy:
            await self._safely(self._tend)

    async def _count(self, after: Span = 0) -> None:
        """Nobody waits for it, the ticks neither."""
        async with self._counting:
            await self._safely(lambda: count_goods(self._store, self._clock.now(), after=after))

    def _tend(self) -> bool:
        now = self._clock.now()
        name_winners(self._store, self._world(), now)
        tell_due_again(self._store, self._world(), now)
        forget(self._store, now)
        return True

    async def _safely(self, work: Callable[[], bool]) -> bool:
        """Do the work in a thread; a trouble is said once a minute and tried again at the next turn."""
        try:
            done = await asyncio.to_thread(work)
        except StoreError as error:
            self._troubles.say("database", error, "waiting for it", by="deciding")
            return False
        except NurtureError as error:
            self._troubles.say("version", error, "going on with the version before")
            return False
        self._troubles.over("database", by="deciding")
        return done
