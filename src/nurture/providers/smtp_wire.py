"""The receiving end of a connection."""

from __future__ import annotations

import asyncio
from collections import deque

from nurture.providers.smtp_replies import Garbage, Reply, ReplyParser
from nurture.providers.smtp_talk import Lost


class Wire(asyncio.Protocol):
    """Keeps answers in order until they are asked for."""

    def __init__(self, transport: asyncio.Transport, seed: bytes = b"") -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._parser = ReplyParser()
        self._waiter: asyncio.Future[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._waits: tuple[float, float, str] | None = None
        """Until when (of the loop's clock), how many seconds that are, and for the answer to what."""
        self.replies: deque[Reply] = deque()
        self.lost = ""
        if seed:
            self.data_received(seed)

    def data_received(self, data: bytes) -> None:
        try:
            self.replies.extend(self._parser.feed(data))
        except Garbage as garbage:
            self.fail(f"the relay does not speak SMTP: {garbage}")
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = self.lost or (
            f"the connection was lost: {exc}" if exc else "the relay closed the connection"
        )
        if self._alarm is not None:
            self._alarm.cancel()
        self._wake()

    def fail(self, reason: str) -> None:
        """Give the connection up."""
        self.lost = self.lost or reason
        self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def reply(self, seconds: float, what: str) -> Reply:
        """The next answer. Answers that came before the connection was lost still count. Raises Lost."""
        if not self.replies:
            self._set_alarm(seconds, what)
            try:
                while not self.replies and not self.lost:
                    self._waiter = self._loop.create_future()
                    await self._waiter
            finally:
                self._waiter = self._waits = None
        if self.replies:
            return self.replies.popleft()
        raise Lost(self.lost)

    def _set_alarm(self, seconds: float, what: str) -> None:
        # One timer for many answers, which looks how long there is left: one for each would cost as much as the rest.
        until = self._loop.time() + seconds
        self._waits = (until, seconds, what)
        if self._alarm is None or self._alarm.when() > until:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = self._loop.call_at(until, self._look)

    def _look(self) -> None:
        self._alarm = None
        if self._waits is None:
            return
        until, seconds, what = self._waits
        if self._loop.time() < until:
            self._alarm = self._loop.call_at(until, self._look)
        else:
            self.fail(f"no answer to {what} for {seconds:g} seconds")
