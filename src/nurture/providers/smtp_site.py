"""One relay: the connections to it that are open, and whether more can be had."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from nurture.providers.base import RelayDown
from nurture.providers.smtp_connect import Endpoint, NotConnected, connect
from nurture.providers.smtp_talk import Limits, Lost, Talk
from nurture.settings import Relay


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Seconds."""

    idle: float = 30.0
    """How long a connection is kept open without a letter."""
    patience: float = 5.0
    """How long a letter waits for a connection where another relay can have it."""
    rest_first: float = 1.0
    """Before a relay that is down is tried again while others work; doubled each time."""
    rest_most: float = 30.0


@dataclass(slots=True, kw_only=True, eq=False)
class Line:
    """A connection that is between two letters."""

    talk: Talk
    carried: int = 0
    """Letters so far."""
    idle_since: float = 0.0
    """On the loop's clock."""


class Site:
    """Opens and keeps connections to one relay. Belongs to one event loop at a time."""

    def __init__(self, relay: Relay, limits: Limits, keeping: Keeping) -> None:
        self.relay = relay
        self.key = relay.key
        self.endpoint = Endpoint(
            host=relay.host,
            port=relay.port,
            security=relay.security,
            username=relay.username,
            password=relay.password,
            ca_file=relay.ca_file,
            name=relay.called,
            variable=relay.variable if relay.name else "NURTURE_RELAY_PASSWORD",
        )
        self._limits = limits
        self._keeping = keeping
        self._kept: list[Line] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._opening: set[asyncio.Task[Talk]] = set()
        self._parting: set[asyncio.Task[None]] = set()
        self._rest = 0.0
        self._again_at = 0.0
        self.stands = False
        """Whether connections could be had when that was tried last."""
        self.leader: asyncio.Task[None] | None = None
        """Who finds out whether connections can be had; the others wait for it."""
        self.down: RelayDown | None = None
        """Why it was down last; None: it never was, or works again."""
        self.tag = 0.0
        """Its place in the row of relays that letters are shared among, see `smtp_round.py`."""

    def wake_up(self) -> None:
        """A delivery begins. Connections of a loop that is gone are of no use in this one."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._sweep = loop, None
            self._kept.clear()
            self._opening.clear()
            self._parting.clear()
        self.leader = None

    def rests_for(self) -> float:
        """Seconds until it may be tried again."""
        return self._again_at - asyncio.get_running_loop().time() if self._again_at else 0.0

    def works(self) -> None:
        """Something got through."""
        self.stands, self.down = True, None
        self._rest = self._again_at = 0.0

    def fails(self, down: RelayDown) -> None:
        """No connection can be had, or it brings nothing."""
        self.stands, self.down = False, down
        self._rest = min(max(self._rest * 2, self._keeping.rest_first), self._keeping.rest_most)
        self._again_at = asyncio.get_running_loop().time() + self._rest

    def try_at_once(self) -> None:
        """Whoever asks decides when."""
        self._again_at = 0.0

    async def line(self, *, alone: bool) -> Line:
        """A connection: one that was kept, else a new one. Raises NotConnected.

        Where it is not `alone`, a letter does not wait for ever: a connection that comes later is kept.
        """
        while self._kept:
            line = self._kept.pop()
            if line.talk.alive:
                return line
            line.talk.abort()
        task = asyncio.get_running_loop().create_task(self.open())
        self._opening.add(task)
        try:
            await asyncio.wait({task}, timeout=None if alone else self._keeping.patience)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not task.done():
            task.add_done_callback(self._late)
            raise NotConnected(f"no connection for {self._keeping.patience:g} seconds", self.endpoint)
        self._opening.discard(task)
        return Line(talk=task.result())

    async def open(self) -> Talk:
        """A new connection. Raises NotConnected."""
        return await connect(self.endpoint, self._limits)

    def _late(self, task: asyncio.Task[Talk]) -> None:
        self._opening.discard(task)
        if not task.cancelled() and task.exception() is None:
            self.keep(Line(talk=task.result()))

    def keep(self, line: Line) -> None:
        """Keep a connection open for letters to come, or part from one that carried as many as it may."""
        if not line.talk.alive:
            line.talk.abort()
            return
        if self.room_on(line) == 0:
            self._part(line)
            return
        loop = asyncio.get_running_loop()
        line.idle_since = loop.time()
        self._kept.append(line)
        if self._sweep is None:
            self._sweep = loop.call_later(self._keeping.idle, self._close_idle)

    def room_on(self, line: Line) -> int | None:
        """How many letters more it may carry; None: any number."""
        most = self.relay.per_connection
        return max(0, most - line.carried) if most else None

    def _close_idle(self) -> None:
        self._sweep = None
        loop = asyncio.get_running_loop()
        late = loop.time() - self._keeping.idle
        old = [it for it in self._kept if it.idle_since <= late or not it.talk.alive]
        self._kept = [it for it in self._kept if it not in old]
        for line in old:
            self._part(line)
        if self._kept:
            oldest = min(it.idle_since for it in self._kept)
            self._sweep = loop.call_at(oldest + self._keeping.idle, self._close_idle)

    def _part(self, line: Line) -> None:
        task = asyncio.get_running_loop().create_task(_quit(line))
        self._parting.add(task)
        task.add_done_callback(self._parting.discard)

    async def close(self) -> None:
        """Part from the relay."""
        if self._loop is not asyncio.get_running_loop():
            self._kept.clear()
            return
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        kept, self._kept = self._kept, []
        for line in kept:
            self._part(line)
        for task in self._opening:
            task.cancel()
        ends = {*self._opening, *self._parting}
        if ends:
            await asyncio.wait(ends)


async def _quit(line: Line) -> None:
    with contextlib.suppress(Lost):
        await line.talk.quit()
