"""The desk as one connection to one lane sees it: letters of that lane whose domain still belongs to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from enum import Enum

from nurture.delivery.outcome import MessageKey, Outcome
from nurture.providers.base import Desk, Letter


class Look(Enum):
    """What a look at a letter came to."""

    GO = "it belongs into this lane"
    SAID = "it does not go now, and what became of it was said"
    REST = "it was given back, and no other is to be looked at for now"


Check = Callable[[Letter], Awaitable[Look]]


class LaneDesk:
    """Has each letter looked at before it is given; with `ahead` while the letter before it goes out."""

    def __init__(self, desk: Desk, lane: str, check: Check, *, most: int, ahead: bool) -> None:
        """`most`: letters it gives; 0: any number."""
        self._desk = desk
        self._lane = lane
        self._check = check
        self._most = most
        self._ahead = ahead
        self._coming: asyncio.Task[Letter | None] | None = None
        self.given = 0
        """How many letters it gave."""

    async def take(self, lane: str | None = None) -> Letter | None:
        """See `Desk.take`. Only its own lane."""
        if self._coming is None:
            self._look_ahead()
        coming = self._coming
        if coming is None:
            return None
        # On being cancelled it stays, to be given back.
        letter = await asyncio.shield(coming)
        self._coming = None
        if letter is not None:
            self.given += 1
            if self._ahead:
                self._look_ahead()
        return letter

    def ready(self, lane: str | None = None) -> bool:
        """See `Desk.ready`."""
        coming = self._coming
        return coming is not None and coming.done() and coming.result() is not None

    def _look_ahead(self) -> None:
        if not self._most or self.given < self._most:
            self._coming = asyncio.get_running_loop().create_task(self._next())

    async def _next(self) -> Letter | None:
        while (letter := await self._desk.take(self._lane)) is not None:
            try:
                look = await self._check(letter)
            except BaseException:
                self._desk.give_back(letter.key)
                raise
            if look is Look.GO:
                return letter
            if look is Look.REST:
                return None
        return None

    async def lanes(self) -> Collection[str]:
        """See `Desk.lanes`."""
        return (self._lane,)

    async def exchange(self, done: tuple[MessageKey, Outcome] | None, mark: MessageKey | None) -> bool:
        """See `Desk.exchange`."""
        return await self._desk.exchange(done, mark)

    def give_back(self, key: MessageKey) -> None:
        """See `Desk.give_back`."""
        self._desk.give_back(key)

    async def close(self) -> None:
        """Give back the letter that was looked at ahead, where there is one."""
        coming, self._coming = self._coming, None
        if coming is None:
            return
        coming.cancel()
        await asyncio.wait({coming})
        if not coming.cancelled() and coming.exception() is None and (letter := coming.result()) is not None:
            self._desk.give_back(letter.key)
