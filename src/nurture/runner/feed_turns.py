"""Mail goes first: how fast subscribers are told while this process sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

WHILE_SENDING = 100
"""Calls a second, to all subscribers together: a tenth of a core. Else as fast as they answer."""

_LOOK_EVERY = 0.5
"""Seconds."""
_MANY = 50
"""Messages handed over in that time: then mail is being sent."""


class Turns:
    """Gives each call its turn. To be used on one event loop."""

    def __init__(self, handed: Callable[[], int] | None = None, rate: int = WHILE_SENDING) -> None:
        """`handed`: how many messages this process has handed over; None: it sends none."""
        self._handed = handed
        self._pause = 1 / rate
        self._looked_at = self._next = 0.0
        self._before = handed() if handed is not None else 0
        self._sends = False

    async def take(self) -> None:
        """Wait until it is one's turn."""
        now = asyncio.get_running_loop().time()
        if not self._is_sending(now):
            return
        at = max(self._next, now)
        self._next = at + self._pause
        await asyncio.sleep(at - now)

    def _is_sending(self, now: float) -> bool:
        if self._handed is not None and now - self._looked_at >= _LOOK_EVERY:
            handed = self._handed()
            self._sends = handed - self._before >= _MANY
            self._looked_at, self._before = now, handed
        return self._sends
