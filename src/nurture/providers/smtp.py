"""The provider `smtp`: hands letters to a relay over several connections at once."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPHeloError

from nurture.delivery.outcome import Outcome, TryLater
from nurture.providers.base import Desk, Letter, RelayDown
from nurture.providers.one_letter import OneLetter
from nurture.providers.smtp_envelope import Extensions
from nurture.providers.smtp_replies import clean
from nurture.providers.smtp_session import Pipelined
from nurture.providers.smtp_stepwise import Stepwise
from nurture.providers.smtp_talk import Limits, Talk
from nurture.providers.smtp_turns import Turns
from nurture.providers.trust import trusting
from nurture.settings import Relay

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


class SmtpProvider:
    """Hands letters to one relay. Connections are opened when there are letters and closed when there are
    none."""

    def __init__(self, relay: Relay, *, limits: Limits | None = None) -> None:
        self._relay = relay
        self._limits = limits or Limits()
        self._tls: ssl.SSLContext | None = None
        self._own_name = ""

    async def deliver(self, desk: Desk) -> None:
        """See `Provider.deliver`."""
        run = _Run()
        async with asyncio.TaskGroup() as group:
            for _ in range(self._relay.connections):
                group.create_task(self._work(desk, run))
        if run.down is not None and run.moved == 0:
            raise run.down

    async def post(self, letter: Letter) -> Outcome:
        """See `Provider.post`. Over a connection of its own."""
        desk = OneLetter()
        ended = await Turns(await self._connect(), desk).run(letter)
        return desk.outcome or TryLater(reply=ended)

    async def close(self) -> None:
        """See `Provider.close`."""

    async def _work(self, desk: Desk, run: _Run) -> None:
        """Keep one connection busy; give up where it cannot be had, or brought nothing."""
        while run.may_connect():
            letter = await desk.take()
            if letter is None:
                return
            try:
                talk = await self._connect_in_turn(run)
            except RelayDown as down:
                desk.give_back(letter.key)
                run.down = down
                return
            except BaseException:
                desk.give_back(letter.key)
                raise
            turns = Turns(talk, desk)
            ended = await turns.run(letter)
            run.moved += turns.moved
            if turns.moved == 0:
                run.down = self._down(ended or "the connection brought nothing")
                return

    async def _connect_in_turn(self, run: _Run) -> Talk:
        """Until one connection stands the others wait: a wrong password is tried once, not once for each."""
        async with run.first:
            if run.down is not None:
                raise run.down
            if not run.stands:
                talk = await self._connect()
                run.stands = True
                return talk
        return await self._connect()

    async def _connect(self) -> Talk:
        smtp = SMTP(
            hostname=self._relay.host,
            port=self._relay.port,
            timeout=self._limits.connect,
            local_hostname=await self._name(),
            use_tls=self._relay.security == "tls",
            start_tls=self._relay.security == "starttls",
            tls_context=await self._context() if self._relay.security != "none" else None,
            username=self._relay.username or None,
            password=self._relay.password if self._relay.username else None,
        )
        try:
            await smtp.connect()
            if smtp.is_ehlo_or_helo_needed:
                await _greet(smtp)
        except SMTPAuthenticationError as error:
            raise self._down(
                f"the relay refused the log-in of {self._relay.username!r}: "
                f"{error.code} {clean(error.message)}",
                "Check relay.username and NURTURE_RELAY_PASSWORD.",
            ) from None
        except (SMTPException, OSError, ValueError) as error:
            smtp.close()
            raise self._down(*_why(error)) from None
        offered = Extensions.of(smtp.esmtp_extensions)
        # No await from here to the new protocol: no byte may come in between.
        return (Pipelined if offered.pipelining else Stepwise)(smtp, offered, self._limits)

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            try:
                self._tls = await asyncio.to_thread(trusting, self._relay.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise self._down(
                    f"relay.ca_file cannot be used: {error}",
                    "Name a PEM file with certificates, or leave it out.",
                ) from None
        return self._tls

    async def _name(self) -> str:
        """What we call ourselves in EHLO."""
        if not self._own_name:
            name = await asyncio.to_thread(socket.getfqdn)
            self._own_name = name if _HOST_NAME.fullmatch(name) else "localhost"
        return self._own_name

    def _down(self, reason: str, remedy: str = "") -> RelayDown:
        where = f"{self._relay.host}:{self._relay.port}"
        return RelayDown(reason, where=where, remedy=remedy)


class _Run:
    """What all connections of one delivery know together."""

    def __init__(self) -> None:
        self.moved = 0
        self.down: RelayDown | None = None
        self.stands = False
        self.first = asyncio.Lock()

    def may_connect(self) -> bool:
        """Once the relay cannot be had, whoever comes later need not try."""
        return self.down is None


async def _greet(smtp: SMTP) -> None:
    try:
        await smtp.ehlo()
    except SMTPHeloError:
        await smtp.helo()


def _why(error: Exception) -> tuple[str, str]:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the relay's certificate is not to be trusted: {cause.verify_message}",
                "Correct relay.host, or name the certificate's issuer in relay.ca_file.",
            )
        cause = cause.__cause__
    return clean(str(error)) or type(error).__name__, "Look whether the relay runs, and check [relay]."
