"""A mail server in the test's own loop that answers as told, and keeps what it took."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from support.ports import free_port

HANG_UP = b"hang up"
"""An answer: none, the connection is dropped."""

SILENCE = b"silence"
"""An answer: none, and nothing more is said."""

HALF = b"250 2.0.0 o"
"""An answer: its beginning, and nothing more is said. So is all that has no line end."""

FORGOTTEN = b""
"""An answer: none, but the next command gets one."""

Answer = Callable[[str, int], bytes | None]
"""From what was said (connect, EHLO, STARTTLS, AUTH, MAIL …, text, body) and how often before; None: the usual answer.

`text` is the first line of a body, at which servers usually say nothing; `body` is its final dot.
"""


@dataclass(slots=True)
class Taken:
    """A mail that was answered with 250."""

    recipient: str
    content: bytes


@dataclass(slots=True)
class ScriptedRelay:
    """To be used as `async with`. Answers in one write what came in one read, as pipelining servers may."""

    answer: Answer = lambda _said, _before: None
    extensions: tuple[str, ...] = ("PIPELINING", "SIZE 1000000", "8BITMIME", "SMTPUTF8")
    tls: ssl.SSLContext | None = None
    """From the first byte on."""
    start_tls: ssl.SSLContext | None = None
    """At the command."""
    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Every command, whole."""
    empty_bodies: int = 0
    connections: int = 0
    _counts: dict[str, int] = field(default_factory=dict)
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self.port = self.port or free_port()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0.01)

    def hang_up(self, goodbye: bytes) -> None:
        """Close all connections, with a word or without."""
        for writer in list(self._open):
            writer.write(goodbye)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, _HungUp):
            try:
                self._say(writer, "connect", b"220 relay ESMTP\r\n")
                await self._converse(reader, writer)
            except _Silent:
                # Not only what is there: it would end the connection.
                while await reader.read(65_536):
                    pass
        self._open.discard(writer)
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mail, recipients = False, list[str]()
        while line := await reader.readline():
            verb = line[:4].decode().upper().strip()
            self.said.append(line.decode().strip())
            if verb in ("EHLO", "HELO"):
                lines = ["relay", *self.extensions]
                text = [f"250{'-' if it != lines[-1] else ' '}{it}\r\n" for it in lines]
                self._say(writer, verb, "".join(text).encode())
            elif verb == "STAR" and self.start_tls is not None:
                if self._say(writer, "STARTTLS", b"220 go\r\n").startswith(b"220"):
                    await writer.start_tls(self.start_tls)
            elif verb == "AUTH":
                self._say(writer, verb, b"235 2.7.0 welcome\r\n")
            elif verb == "MAIL":
                mail = self._say(writer, verb, b"250 2.1.0 ok\r\n").startswith(b"2")
                recipients = []
            elif verb == "RCPT":
                if self._say(writer, verb, b"250 2.1.5 ok\r\n").startswith(b"2"):
                    recipients.append(line.decode().partition("<")[2].partition(">")[0])
            elif verb == "DATA":
                usual = b"354 go\r\n" if mail and recipients else b"503 5.5.1 no recipients\r\n"
                if self._say(writer, verb, usual).startswith(b"354"):
                    await self._body(reader, writer, recipients)
                    mail, recipients = False, []
            else:
                self._say(writer, verb, b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n")

    async def _body(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipients: list[str]
    ) -> None:
        lines, early = list[bytes](), b""
        while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
            if not lines:
                early = self._say(writer, "text", b"")
            lines.append(line.removeprefix(b"."))
        if early:
            # Whoever answers before the end has made up his mind and goes.
            raise _HungUp
        content = b"".join(lines)
        if not content:
            self.empty_bodies += 1
        usual = b"250 2.0.0 queued\r\n" if recipients else b"554 5.5.1 no valid recipients\r\n"
        if self._say(writer, "body", usual).startswith(b"250"):
            self.taken.append(Taken(recipients[0] if recipients else "", content))

    def _say(self, writer: asyncio.StreamWriter, said: str, usual: bytes) -> bytes:
        before = self._counts.get(said, 0)
        self._counts[said] = before + 1
        answer = self.answer(said, before)
        if answer == HANG_UP:
            raise _HungUp
        if answer == SILENCE:
            raise _Silent
        answer = usual if answer is None else answer
        writer.write(answer)
        if answer and not answer.endswith(b"\n"):
            raise _Silent
        return answer


class _HungUp(Exception):
    pass


class _Silent(Exception):
    pass
