"""A connection for servers that do not offer PIPELINING: one command at a time, through aiosmtplib."""

from __future__ import annotations

import asyncio
from typing import cast

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from nurture.delivery.replies import Phase
from nurture.providers.smtp_envelope import END, Envelope, Extensions
from nurture.providers.smtp_replies import Reply, clean
from nurture.providers.smtp_talk import Limits, Lost, No, out_of_step


class Stepwise:
    """One command at a time through aiosmtplib, for servers that do not offer PIPELINING."""

    ahead = False

    def __init__(self, smtp: SMTP, offered: Extensions, limits: Limits) -> None:
        self.offered = offered
        self._smtp = smtp
        self._limits = limits
        self._envelope: Envelope | None = None
        self._reset = False

    @property
    def alive(self) -> bool:
        return self._smtp.is_connected and not left_over(self._smtp)

    def begin(self, envelope: Envelope) -> None:
        self._envelope = envelope

    async def opened(self) -> No | None:
        envelope, smtp, limits = self._envelope, self._smtp, self._limits
        assert envelope is not None
        if not self.alive:
            raise Lost(left_over(smtp) or "the connection was lost")
        phase: Phase = "mail"
        encoding = envelope.encoding
        try:
            if self._reset:
                await smtp.rset(timeout=limits.mail)
            self._reset = True
            await smtp.mail(envelope.sender, options=envelope.options, encoding=encoding, timeout=limits.mail)
            _in_step(smtp)
            phase = "rcpt"
            await smtp.rcpt(envelope.recipient, encoding=encoding, timeout=limits.rcpt)
            phase = "data"
            _in_step(smtp)
            # Not smtp.data(), which writes the body without asking anybody after the 354.
            answer = await smtp.execute_command(b"DATA", timeout=limits.data)
        except SMTPResponseException as refused:
            return No(_checked(refused.code, refused.message, answered=phase != "mail"), phase)
        except (SMTPException, OSError) as error:
            raise Lost(clean(str(error)), answered=phase != "mail") from None
        if answer.code != 354:
            return No(_checked(answer.code, answer.message, answered=True), phase)
        self._reset = False
        return None

    def send_body(self, stuffed: bytes, following: Envelope | None) -> None:
        assert following is None
        try:
            if self._smtp.protocol is None:
                raise Lost("the connection was lost")
            self._smtp.protocol.write(stuffed + END)
        except (SMTPException, OSError) as error:
            raise Lost(clean(str(error))) from None

    async def final(self) -> Reply:
        try:
            if self._smtp.protocol is None:
                raise Lost("the connection was lost")
            answer = await self._smtp.protocol.read_response(timeout=self._limits.final)
        except (SMTPException, OSError) as error:
            raise Lost(clean(str(error))) from None
        return Reply(answer.code, clean(answer.message))

    def abort(self) -> None:
        transport = self._smtp.transport
        if transport is not None:
            cast(asyncio.Transport, transport).abort()
        self._smtp.close()

    async def quit(self) -> None:
        try:
            await self._smtp.quit(timeout=self._limits.leave)
        except (SMTPException, OSError) as error:
            raise Lost(clean(str(error))) from None


def left_over(smtp: SMTP) -> str:
    """What is wrong where bytes came behind the last answer, in the same packet; empty: nothing."""
    protocol = smtp.protocol
    if protocol is None or not protocol._buffer:
        return ""
    return f"the relay answered what it was not asked: {clean(bytes(protocol._buffer[:80]).decode('utf-8', 'replace'))}"


def _in_step(smtp: SMTP) -> None:
    if left_over(smtp):
        raise Lost(left_over(smtp), answered=True, confused=True)


def _checked(code: int, message: str, *, answered: bool) -> Reply:
    if not 400 <= code <= 599:
        raise out_of_step(code, clean(message), answered=answered)
    return Reply(code, clean(message))
