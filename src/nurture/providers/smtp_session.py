"""Our own session (RFC 2920): takes a connection over from aiosmtplib and writes several commands at once."""

from __future__ import annotations

import asyncio
from typing import cast

from aiosmtplib import SMTP

from nurture.providers.smtp_envelope import END, Envelope, Extensions
from nurture.providers.smtp_replies import Reply
from nurture.providers.smtp_talk import Limits, Lost, No, out_of_step
from nurture.providers.smtp_wire import Wire


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
        wire = self._wire
        if wire.replies and wire.replies[0].code != 421:
            raise Lost(f"the relay answered what it was not asked: {wire.replies[0].text}")
        if wire.lost or self._transport.is_closing():
            raise Lost(wire.lost or "the connection was lost")
        self._transport.write(self._commands(envelope))

    def _commands(self, envelope: Envelope) -> bytes:
        reset = b"RSET\r\n" if self._reset else b""
        return reset + envelope.all_at_once()

    async def opened(self) -> No | None:
        wire, limits = self._wire, self._limits
        if len(wire.replies) == 3 and not self._reset and _welcome(*wire.replies):
            wire.replies.clear()
            return None
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
        commands = self._commands(following) if following else b""
        self._transport.write(b"".join((stuffed, END, commands)))

    async def final(self) -> Reply:
        if self._wire.replies:
            return self._wire.replies.popleft()
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


def _welcome(mail: Reply, rcpt: Reply, data: Reply) -> bool:
    """Whether nothing is said against a message."""
    return mail.code == 250 and rcpt.code == 250 and data.code == 354


def _in_step(reply: Reply) -> Reply:
    if 300 <= reply.code <= 399:
        raise out_of_step(reply.code, reply.text, answered=False)
    return reply
