"""What is new, told to every page that is open, as server-sent events (HTML, section 9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

KEEP_ALIVE = 15.0
"""Seconds after which something is said even where there is nothing new, so that pages that are gone are noticed."""


class News:
    """The number of the last change to the files, and that of the last check."""

    def __init__(self) -> None:
        self.changed = 1
        self.checked = 0
        self._ended = False
        self._moved = asyncio.Condition()

    async def tell(self, *, changed: int = 0, checked: int = 0) -> None:
        """The files were changed, or checked as they were then."""
        async with self._moved:
            self.changed = max(self.changed, changed)
            self.checked = max(self.checked, checked)
            self._moved.notify_all()

    async def unchecked(self) -> None:
        """Wait until there is a change that nothing was checked after."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.changed > self.checked)

    async def end(self) -> None:
        """Let every page go."""
        async with self._moved:
            self._ended = True
            self._moved.notify_all()

    async def stream(self) -> AsyncIterator[bytes]:
        """First what is, then what becomes new, until the end."""
        told = (0, -1)
        # A browser that lost us asks again soon: the command was started anew.
        yield b"retry: 1000\n\n"
        while not self._ended:
            now = (self.changed, self.checked)
            if now != told:
                told = now
                yield f'data: {{"changed": {now[0]}, "checked": {now[1]}}}\n\n'.encode()
                continue
            if not await self._moves_on(told):
                yield b": still here\n\n"

    async def _moves_on(self, told: tuple[int, int]) -> bool:
        """Wait for something else than `told`, or the end; False: nothing came for a while."""
        async with self._moved:
            try:
                await asyncio.wait_for(
                    self._moved.wait_for(lambda: self._ended or (self.changed, self.checked) != told),
                    KEEP_ALIVE,
                )
            except TimeoutError:
                return False
        return True
