"""A listener to which a mail server of one's own hands mail over, by LMTP (RFC 2033) or SMTP (RFC 5321)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable, Sequence
from logging import ERROR, getLogger
from typing import Any, Literal, cast

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from nurture.errors import ServiceError, StoreError

LARGEST = 25 * 1024 * 1024
"""Bytes of one mail; a larger one is turned away with 552."""
MOST_RECIPIENTS = 100
"""Of one mail (RFC 5321 section 4.5.3.1.8)."""
_MOST_COMMANDS = 10_000
"""Of one kind on one connection."""
_LONGEST_LINE = 64 * 1024
"""Some send longer ones than RFC 5321 section 4.5.3.1.6 has it, and a bounce is worth more than its form."""

_TAKEN = "250 2.6.0 taken"
_NO_SUCH = "550 5.1.1 no such address here"
_TOO_MANY = "452 4.5.3 too many recipients"
_LATER = "451 4.3.0 it cannot be kept now; try again later"


class Listener:
    """Takes mail in until it is stopped, on the event loop it is run on. A mail is answered with 250 once it is kept.

    It speaks without TLS and knows no passwords: it is for a mail server on the same machine or in the same network.
    """

    def __init__(
        self,
        host: str,
        port: int,
        protocol: Literal["lmtp", "smtp"],
        *,
        accepts: Callable[[str], bool],
        take: Callable[[bytes, Sequence[str]], object],
        most: int = 20,
        seconds: float = 300.0,
        grace: float = 5.0,
        largest: int = LARGEST,
    ) -> None:
        """`accepts` says whether there is such an address. `take` keeps a mail to these addresses, in a worker thread,
        and raises StoreError where it cannot be kept now. `most`: connections at once. `seconds`: for one command, and
        for a whole mail. `grace`: seconds for what is in hand at the end."""
        self._where = (host, port)
        self._protocol = protocol
        self._accepts = accepts
        self._take = take
        self._most = most
        self._seconds = seconds
        self._grace = grace
        self._largest = largest
        self._open: set[_Session] = set()
        self._log = structlog.get_logger("nurture.mail_in")
        self.port = 0
        """The port in use, once it listens."""

    async def run(self, stop: asyncio.Event) -> None:
        """Take mail in until `stop` is set. Raises ServiceError where the port cannot be taken."""
        # It tells of every stranger's mistake.
        getLogger("mail.log").setLevel(ERROR)
        server = await self._listen()
        self.port = server.sockets[0].getsockname()[1]
        try:
            await stop.wait()
        finally:
            server.close()
            await self._leave()
            await server.wait_closed()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Called by aiosmtpd for each recipient."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return _TOO_MANY
        if not self._accepts(address):
            return _NO_SUCH
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd for each mail."""
        content = envelope.original_content or b""
        try:
            await asyncio.to_thread(self._take, content, list(envelope.rcpt_tos))
        except StoreError:
            return _LATER
        except Exception:
            # The mail server keeps it and tries again, so that what we cannot read now is not lost.
            self._log.exception("a mail could not be taken in")
            return _LATER
        return _TAKEN

    async def handle_exception(self, error: Exception) -> str:
        """Called by aiosmtpd for what it did not expect itself."""
        self._log.warning("a mail server was not understood", error=type(error).__name__)
        return "500 5.5.0 not understood"

    def opened(self, session: _Session) -> bool:
        """A connection was made. Returns whether there is room for it."""
        if len(self._open) >= self._most:
            return False
        self._open.add(session)
        return True

    def closed(self, session: _Session) -> None:
        """A connection is gone."""
        self._open.discard(session)

    async def _listen(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        host, port = self._where
        kind = _LmtpSession if self._protocol == "lmtp" else _SmtpSession
        options: dict[str, Any] = {
            "hostname": "nurture",
            "ident": "nurture",
            "data_size_limit": self._largest,
            "enable_SMTPUTF8": True,
            "timeout": self._seconds,
            "command_call_limit": _MOST_COMMANDS,
            "loop": loop,
        }
        try:
            return await loop.create_server(lambda: kind(self, **options), host, port)
        except OSError as error:
            used = error.errno == errno.EADDRINUSE
            raise ServiceError(
                "this port is in use by another program" if used else f"cannot listen here: {error.strerror}",
                where=f"{host}:{port}",
                remedy="Is nurture running already? Else set another in nurture.toml: [mail_in] listen = …",
            ) from None

    async def _leave(self) -> None:
        """Let mails that are in hand be answered, then end what is still open."""
        busy = [it.working for it in self._open if it.working is not None]
        if busy:
            await asyncio.wait(busy, timeout=self._grace)
        for session in list(self._open):
            session.end()


class _Session(SMTP):
    """One connection, within bounds that aiosmtpd does not set."""

    line_length_limit = _LONGEST_LINE

    def __init__(self, listener: Listener, **options: Any) -> None:
        super().__init__(listener, **options)
        self._listener = listener
        self._unanswered = 0
        self._most_unanswered = 2 * (options["data_size_limit"] + _LONGEST_LINE)
        self.working: asyncio.Task[None] | None = None
        """A mail is on its way in."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._listener.opened(self):
            refused = cast(asyncio.WriteTransport, transport)
            refused.write(b"421 4.7.0 too many connections\r\n")
            refused.close()
            return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._listener.closed(self)
        if self.session is not None and self._handler_coroutine is not None:
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        # A line that never ends is kept in memory piece by piece.
        self._unanswered += len(data)
        if self.transport is None:
            return
        if self._unanswered > self._most_unanswered:
            self.end()
            return
        super().data_received(data)

    def eof_received(self) -> bool | None:
        return super().eof_received() if self.transport is not None else None

    async def push(self, status: Any) -> None:
        self._unanswered = 0
        await super().push(status)

    async def smtp_DATA(self, arg: str) -> None:
        self.working = asyncio.create_task(super().smtp_DATA(arg))
        try:
            await self.working
        finally:
            self.working = None

    async def _handle_client(self) -> None:
        # A mail server that goes away in the middle is none of our troubles.
        with contextlib.suppress(ConnectionError):
            await super()._handle_client()

    def end(self) -> None:
        """Close the connection at once."""
        if self.transport is not None:
            cast(asyncio.WriteTransport, self.transport).abort()


class _SmtpSession(_Session):
    pass


class _LmtpSession(_Session, LMTP):
    """Behind a mail there is an answer for each of its recipients (RFC 2033 section 4.2); aiosmtpd gives one."""

    def __init__(self, listener: Listener, **options: Any) -> None:
        super().__init__(listener, **options)
        self._answers = 1

    async def smtp_DATA(self, arg: str) -> None:
        try:
            await super().smtp_DATA(arg)
        finally:
            self._answers = 1

    async def push(self, status: Any) -> None:
        text = status.decode("utf-8", "replace") if isinstance(status, bytes) else status
        await super().push("\r\n".join([text] * self._answers))
        if text.startswith("354") and self.envelope is not None:
            self._answers = len(self.envelope.rcpt_tos)
