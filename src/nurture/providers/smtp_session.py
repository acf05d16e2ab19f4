"""Our own session (RFC 2920): takes a connection over from aiosmtplib and writes several commands at once."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

from aiosmtplib import SMTP

from nurture.providers.smtp_envelope import Envelope, Extensions
from nurture.providers.smtp_replies import Garbage, Reply, ReplyParser
from nurture.providers.smtp_talk import Limits, Lost, No, out_of_step


class Wire(asyncio.Protocol):
    """The receiving end of a connection: keeps answers in order until they are asked for."""

    def __init__(self, transport: asyncio.Transport, seed: bytes = b"") -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._parser = ReplyParser()
        self._waiter: asyncio.Future[None] | None = None
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
            limit = self._loop.call_later(seconds, self.fail, f"no answer to {what} for {seconds:g} seconds")
            try:
                while not self.replies and not self.lost:
                    self._waiter = self._loop.create_future()
                    await self._waiter
            finally:
                self._waiter = None
                limit.cancel()
        if self.replies:
            return self.replies.popleft()
        raise Lost(self.lost)


class Pipelined:
    """Our own session: writes MAIL, RCPT and DATA at once, the next message's behind the dot."""

    ahead = True

    def __init__(self, smtp: SMTP, offered: Extensions, limits: Limits) -> None:
        """Take the connection of `smtp` over, right after its last answer; `smtp` is not to be used again."""
        protocol = smtp.protocol
        assert protocol is not None
        self.offered = offered
        self._limits = limits
        self._transport = cast(asyncio.Transport, protocol.transport)
        # Bytes that came in the packet of the last answer are still there.
        self._wire = Wire(self._transport, bytes(protocol._buffer))
        self._transport.set_protocol(self._wire)
        self._reset = False

    @property
    def alive(self) -> bool:
        return not self._wire.lost and not self._wire.replies and not self._transport.is_closing()

    def begin(self, envelope: Envelope) -> None:
        if self._wire.replies and self._wire.replies[0].code != 421:
            raise Lost(f"the relay answered what it was not asked: {self._wire.replies[0].text}")
        self._transport.write(self._commands(envelope))

    def _commands(self, envelope: Envelope) -> bytes:
        reset = b"RSET\r\n" if self._reset else b""
        return reset + envelope.mail() + envelope.rcpt() + b"DATA\r\n"

    async def opened(self) -> No | None:
        wire, limits = self._wire, self._limits
        if self._reset:
            _in_step(await wire.reply(limits.mail, "RSET"))
            self._reset = False
        mail = _in_step(await wire.reply(limits.mail, "MAIL"))
        if mail.code == 421:
            return No(mail, "mail")
        try:
            rcpt = _in_step(await wire.reply(limits.rcpt, "RCPT"))
            if rcpt.code == 421:
                return No(rcpt, "rcpt")
            data = await wire.reply(limits.data, "DATA")
        except Lost as lost:
            raise Lost(lost.reason, answered=True, confused=lost.confused) from None
        return await self._weigh(mail, rcpt, data)

    async def _weigh(self, mail: Reply, rcpt: Reply, data: Reply) -> No | None:
        no_mail, no_rcpt = mail.code >= 400, rcpt.code >= 400
        if not 400 <= data.code <= 599 and data.code != 354:
            raise out_of_step(data.code, data.text, answered=True)
        if data.code == 354 and not no_mail and not no_rcpt:
            return None
        if data.code == 354 and no_rcpt:
            # No recipient was taken, so a lone dot delivers nothing (RFC 2920 3.1).
            self._transport.write(b".\r\n")
            await self._wire.reply(self._limits.final, "an empty message")
        elif data.code == 354:
            raise out_of_step(data.code, "MAIL was refused, and RCPT and DATA were not", answered=True)
        self._reset = True
        if no_mail:
            return No(mail, "mail")
        return No(rcpt, "rcpt") if no_rcpt else No(data, "data")

    def send_body(self, stuffed: bytes, following: Envelope | None) -> None:
        self._transport.write(stuffed + self._commands(following) if following else stuffed)

    async def final(self) -> Reply:
        return await self._wire.reply(self._limits.final, "the message")

    def abort(self) -> None:
        self._transport.abort()

    async def quit(self) -> None:
        try:
            if self.alive:
                self._transport.write(b"QUIT\r\n")
                await self._wire.reply(self._limits.leave, "QUIT")
        finally:
            self._transport.close()


def _in_step(reply: Reply) -> Reply:
    if 300 <= reply.code <= 399:
        raise out_of_step(reply.code, reply.text, answered=False)
    return reply
