"""Opens one connection to a mail server: TLS, EHLO and log-in, until letters can go over it."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
)

from nurture.providers.base import RelayDown
from nurture.providers.smtp_envelope import Extensions
from nurture.providers.smtp_replies import Reply, clean
from nurture.providers.smtp_session import Pipelined
from nurture.providers.smtp_stepwise import Stepwise, left_over
from nurture.providers.smtp_talk import Limits, Talk
from nurture.providers.trust import trusting

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_WRONG_NAME = (62, 64)
"""OpenSSL: the host name, or the address, is not the certificate's."""
_EXPIRED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A mail server and how to speak to it."""

    host: str
    port: int = 25
    security: Literal["none", "starttls", "tls", "opportunistic"] = "none"
    """opportunistic: STARTTLS where it is offered, whoever's certificate it is (RFC 7435); else in the clear."""
    username: str = ""
    """Empty: no log-in."""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    """A PEM file of certificates to trust besides the machine's own."""
    name: str = ""
    """A relay's name, for messages about its settings; empty: a server that stands in no file."""
    address: str = ""
    """Where `host` was found; empty: the machine looks it up."""
    variable: str = "NURTURE_RELAY_PASSWORD"
    """Where the password is set, for messages."""
    local_name: str = ""
    """What we call ourselves in EHLO; empty: what the machine says it is called."""

    @property
    def where(self) -> str:
        """For messages."""
        found = f" ({self.address})" if self.address else ""
        place = f"{self.host}:{self.port}{found}"
        return place if self.name in ("", self.host) else f"{self.name} ({place})"


class NotConnected(RelayDown):
    """This server gives no connection now. `reply` is what it said, where it said something."""

    def __init__(self, reason: str, where: Endpoint, *, remedy: str = "", reply: Reply | None = None) -> None:
        super().__init__(reason, where=where.where, remedy=remedy if where.name else "")
        self.reply = reply


async def connect(where: Endpoint, limits: Limits) -> Talk:
    """A connection that letters can go over at once. Raises NotConnected."""
    start_tls: bool | None = {"starttls": True, "opportunistic": None}.get(where.security, False)
    try:
        return await _connect(where, limits, start_tls)
    except NotConnected as down:
        # RFC 7435: no TLS that works is as good as none that is offered, where nobody asked for it.
        if start_tls is not None or not isinstance(down, _TlsFailed):
            raise
    return await _connect(where, limits, False)


class _TlsFailed(NotConnected):
    """STARTTLS was offered and came to nothing."""


async def _connect(where: Endpoint, limits: Limits, start_tls: bool | None) -> Talk:
    smtp = SMTP(
        hostname=where.address or where.host,
        port=where.port,
        timeout=limits.connect,
        local_hostname=where.local_name or await asyncio.to_thread(own_name),
        use_tls=where.security == "tls",
        # Upgraded below: only so is it known at what the upgrade failed.
        start_tls=False,
        tls_context=await _context(where) if where.security != "none" else None,
    )
    try:
        await smtp.connect()
        _check(smtp)
        await _greet(smtp)
        if start_tls or (start_tls is None and smtp.supports_extension("starttls")):
            await _upgrade(smtp, where)
        if where.username:
            await smtp.login(where.username, where.password)
    except SMTPAuthenticationError as error:
        _drop(smtp)
        raise _not_logged_in(error, where) from None
    except (SMTPException, OSError, ValueError) as error:
        _drop(smtp)
        raise _not_connected(error, where) from None
    except BaseException:
        _drop(smtp)
        raise
    offered = Extensions.of(smtp.esmtp_extensions)
    # No await from here to the new protocol: no byte may come in between.
    return (Pipelined if offered.pipelining else Stepwise)(smtp, offered, limits)


def _drop(smtp: SMTP) -> None:
    if smtp.transport is not None:
        cast(asyncio.Transport, smtp.transport).abort()
    smtp.close()


def _check(smtp: SMTP) -> None:
    # Two answers to one question: all that follow would be taken for answers to something else.
    if left_over(smtp):
        raise SMTPException(left_over(smtp))


async def _greet(smtp: SMTP) -> None:
    try:
        await smtp.ehlo()
    except SMTPHeloError as error:
        if error.code == 421:
            raise
        await smtp.helo()


async def _upgrade(smtp: SMTP, where: Endpoint) -> None:
    """From the clear to TLS, and greet again: what was offered before does not count (RFC 3207 4.2)."""
    try:
        await smtp.starttls(server_hostname=where.host)
    except (SMTPException, OSError) as error:
        down = _not_connected(error, where)
        raise _TlsFailed(down.message, where, remedy=down.remedy, reply=down.reply) from error
    await _greet(smtp)


async def _context(where: Endpoint) -> ssl.SSLContext:
    if where.security == "opportunistic":
        return _trusting_anybody()
    try:
        return await asyncio.to_thread(_trusting, where.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise NotConnected(
            f"relay.ca_file cannot be used: {error}",
            where,
            remedy="Name a PEM file with certificates, or leave it out.",
        ) from None


def _trusting(ca_file: str) -> ssl.SSLContext:
    return _trusting_as_of(ca_file, Path(ca_file).stat().st_mtime_ns if ca_file else 0)


@lru_cache(maxsize=16)
def _trusting_as_of(ca_file: str, _changed_at: int) -> ssl.SSLContext:
    # To read all certificates takes 10 ms and more: once for all connections, until the file changes.
    return trusting(ca_file)


@cache
def _trusting_anybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@cache
def own_name() -> str:
    """The name of this machine, as EHLO wants it. May ask the network: not to be called on an event loop."""
    name = socket.getfqdn()
    return name if _HOST_NAME.fullmatch(name) else "localhost"


def _not_logged_in(error: SMTPAuthenticationError, where: Endpoint) -> NotConnected:
    reply = Reply(error.code, clean(error.message))
    said = f"{reply.code} {reply.text}"
    if reply.code < 500:
        return NotConnected(f"the relay cannot log us in now: {said}", where, reply=reply)
    return NotConnected(
        f"the relay refused the log-in of {where.username!r}: {said}",
        where,
        remedy=f"Check relay.username and {where.variable}.",
        reply=reply,
    )


def _not_connected(error: Exception, where: Endpoint) -> NotConnected:
    if isinstance(error, NotConnected):
        return error
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NotConnected(
                f"the relay's certificate is not to be trusted: {clean(cause.verify_message)}",
                where,
                remedy=_certificate_remedy(cause.verify_code),
            )
        cause = cause.__cause__
    remedy = "Look whether the relay runs, and check [relay]."
    if isinstance(error, SMTPResponseException) and 400 <= error.code <= 599:
        reply = Reply(error.code, clean(error.message))
        return NotConnected(f"{reply.code} {reply.text}".strip(), where, remedy=remedy, reply=reply)
    return NotConnected(clean(str(error)) or type(error).__name__, where, remedy=remedy)


def _certificate_remedy(verify_code: int) -> str:
    if verify_code == _EXPIRED:
        return "Renew the relay's certificate; sending then goes on by itself."
    if verify_code in _WRONG_NAME:
        return (
            "Write in relay.host the name that the certificate is for, or have the relay show the right one."
        )
    return "Correct relay.host, or name the certificate's issuer in relay.ca_file."
