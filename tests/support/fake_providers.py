"""Mailbox providers on loopback: quick mail servers with limits that count each time one is broken.

They speak SMTP with PIPELINING on addresses of 127.0.0.0/8, all at one port. What is over a limit is counted in
`broken`, and answered as such providers do.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from support.ports import free_port

from .name_server import NameServer

_RECIPIENT = re.compile(rb"<([^>]*)>")


@dataclass(slots=True)
class FakeProvider:
    """One provider. 0 stands for no limit."""

    name: str
    addresses: Sequence[str]
    """Of its mail servers: mx1.NAME, mx2.NAME …"""
    domains: Sequence[str] = ()
    """Whose mail it takes."""
    connections: int = 0
    per_connection: int = 0
    per_window: int = 0
    """Messages in `window` seconds, over all connections."""
    window: float = 60.0
    greeting: bytes = b"220 here\r\n"
    """Empty: it takes connections and says nothing."""
    answers: dict[bytes, bytes] = field(default_factory=dict)
    """Other answers than yes, by command: MAIL, RCPT, DATA, BODY. `421` closes; empty: it hangs up."""
    pause: float = 0.0
    """Seconds that it takes over each mail."""
    hosts: Sequence[str] = ()
    """Names of its mail servers, where they are others; preferred in this order."""
    equal: bool = False
    """Whether all its mail servers have the same preference."""
    taken: list[str] = field(default_factory=list)
    """The recipient of each mail it took."""
    by_address: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    """How often a limit was not kept: connections, per connection, rate."""
    open: int = 0
    most_open: int = 0
    connected: int = 0
    times: deque[float] = field(default_factory=deque)
    _servers: list[asyncio.Server] = field(default_factory=list)
    _clients: set[asyncio.Transport] = field(default_factory=set)

    async def start(self, port: int) -> None:
        """Listen on all addresses."""
        loop = asyncio.get_running_loop()
        for address in self.addresses:
            self._servers.append(
                await loop.create_server(lambda it=address: _Session(self, it), address, port)  # type: ignore[misc]
            )

    def stop(self) -> None:
        """Be gone: no connection is taken, and those that stand are cut."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        for client in list(self._clients):
            client.abort()

    def publish(self, names: NameServer, *, ttl: int = 300) -> None:
        """Tell `names` where its mail servers are."""
        hosts = list(self.hosts) or [f"mx{n}.{self.name}" for n in range(1, len(self.addresses) + 1)]
        for host, address in zip(hosts, self.addresses, strict=True):
            names.put(host, "A", address, ttl=ttl)
        places = [f"{10 if self.equal else 10 * n} {host}" for n, host in enumerate(hosts, start=1)]
        for domain in self.domains:
            names.put(domain, "MX", *places, ttl=ttl)

    @property
    def kept(self) -> bool:
        """Whether every limit was kept."""
        return not self.broken

    def joined(self, client: asyncio.Transport) -> bytes:
        """A connection came; the greeting for it."""
        self._clients.add(client)
        self.connected += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        if self.connections and self.open > self.connections:
            self.broken["connections"] += 1
            return b"421 4.7.0 too many connections\r\n"
        return self.greeting

    def left(self, client: asyncio.Transport) -> None:
        """A connection is gone."""
        self._clients.discard(client)
        self.open -= 1

    def take(self, address: str, recipient: str, before: int) -> bytes:
        """A mail came, the one behind `before` others on its connection; the answer."""
        now = asyncio.get_running_loop().time()
        while self.times and self.times[0] <= now - self.window:
            self.times.popleft()
        if self.per_connection and before >= self.per_connection:
            self.broken["per connection"] += 1
            return b"421 4.7.0 too many messages on one connection\r\n"
        if self.per_window and len(self.times) >= self.per_window:
            self.broken["rate"] += 1
            return b"421 4.7.28 too fast\r\n"
        self.times.append(now)
        self.by_address[address] += 1
        self.taken.append(recipient)
        return b"250 2.0.0 taken\r\n"


class _Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, provider: FakeProvider, address: str) -> None:
        self._provider = provider
        self._address = address
        self._buffer = b""
        self._in_body = False
        self._recipient = ""
        self._count = 0
        self._held = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._say(self._provider.joined(transport))

    def connection_lost(self, exc: Exception | None) -> None:
        self._provider.left(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._held:
            self._go_on()

    def _go_on(self) -> None:
        while not self._transport.is_closing():
            end = b"\r\n.\r\n" if self._in_body else b"\r\n"
            found, separator, rest = self._buffer.partition(end)
            if not separator:
                return
            self._buffer = rest
            if self._in_body:
                self._in_body = False
                if self._provider.pause:
                    self._held = True
                    asyncio.get_running_loop().call_later(self._provider.pause, self._after_pause)
                    return
                self._body()
            else:
                self._command(found)

    def _after_pause(self) -> None:
        self._held = False
        if not self._transport.is_closing():
            self._body()
            self._go_on()

    def _body(self) -> None:
        said = self._provider.answers.get(b"BODY")
        self._say(self._provider.take(self._address, self._recipient, self._count) if said is None else said)
        self._count += 1

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        said = self._provider.answers.get(verb)
        if verb == b"MAIL":
            self._recipient = ""
        if said is not None:
            self._say(said)
        elif verb == b"EHLO":
            self._say(b"250-here\r\n250-8BITMIME\r\n250 PIPELINING\r\n")
        elif verb == b"RCPT":
            found = _RECIPIENT.search(line)
            self._recipient = found.group(1).decode() if found else ""
            self._say(b"250 2.1.5 ok\r\n")
        elif verb == b"DATA" and not self._recipient:
            self._say(b"503 5.5.1 for whom?\r\n")
        elif verb == b"DATA":
            self._in_body = True
            self._say(b"354 go\r\n")
        elif verb == b"QUIT":
            self._say(b"221 2.0.0 bye\r\n")
            self._transport.close()
        else:
            self._say(b"250 2.0.0 ok\r\n")

    def _say(self, answer: bytes) -> None:
        if not answer:
            if self._provider.greeting:
                self._transport.abort()
            return
        self._transport.write(answer)
        if answer.startswith(b"421"):
            self._transport.close()


@dataclass(slots=True)
class World:
    """Providers, and the name server that knows them."""

    names: NameServer
    port: int
    providers: dict[str, FakeProvider]


@contextlib.asynccontextmanager
async def world(*providers: FakeProvider) -> AsyncIterator[World]:
    """All of them listening at one port, and published."""
    port = free_port(*(address for it in providers for address in it.addresses))
    async with NameServer() as names:
        try:
            for it in providers:
                await it.start(port)
                it.publish(names)
            yield World(names=names, port=port, providers={it.name: it for it in providers})
        finally:
            for it in providers:
                it.stop()
            await asyncio.sleep(0)


def five_providers(*, scale: int = 1, window: float = 60.0) -> tuple[FakeProvider, ...]:
    """Five with the limits that nurture begins with for such, and a rate: `scale` times as many in `window` seconds."""

    def made(name: str, number: int, ending: str, domains: tuple[str, ...], **limits: int) -> FakeProvider:
        return FakeProvider(
            name=name,
            addresses=(f"127.0.{number}.2", f"127.0.{number}.3"),
            domains=domains,
            hosts=(f"mx1{ending}", f"mx2{ending}"),
            window=window,
            **limits,
        )

    return (
        made("google", 1, ".google.com", ("gmail.com", "company.example"),
             connections=5, per_connection=50, per_window=60 * scale),
        made("microsoft", 2, ".protection.outlook.com", ("outlook.com",),
             connections=5, per_connection=50, per_window=50 * scale),
        made("yahoo", 3, ".yahoodns.net", ("yahoo.com", "aol.com"),
             connections=10, per_connection=20, per_window=40 * scale),
        made("apple", 4, ".mail.icloud.com", ("icloud.com",),
             connections=10, per_connection=5, per_window=30 * scale),
        made("gmx", 5, ".gmx.net", ("gmx.de", "gmx.net"),
             connections=4, per_connection=20, per_window=20 * scale),
    )  # fmt: skip
