"""A web server on loopback in the test's own loop, over TLS, that answers webhooks as told and keeps what came."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "hooks.example.test"

HANG_UP = b"hang up"
"""An answer: none, the connection is dropped."""

SILENCE = b"silence"
"""An answer: none, the connection stays."""

ENDLESS = b"HTTP/1.1 500 No\r\ncontent-length: 100000000\r\n\r\n"
"""An answer that goes on for ever."""


def answer(status: str = "204 No Content", body: bytes = b"", **headers: str) -> bytes:
    """What a web server says."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    told = {"content-length": str(len(body)), **given}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What came."""

    line: str
    headers: dict[str, str]
    body: bytes


@cache
def certificate() -> str:
    """The path of a PEM file with a key and a certificate for NAME and localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(NAME), x509.DNSName("localhost")]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = Path(mkdtemp(prefix="nurture-hooks-")) / "hooks.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return str(path)


@dataclass(slots=True)
class HookServer:
    """To be used as `async with`."""

    says: Callable[[Request], bytes] = lambda _request: answer()
    taken: list[Request] = field(default_factory=list)
    connections: int = 0
    names: list[str | None] = field(default_factory=list)
    """The name that each connection asked for in its TLS greeting."""
    port: int = 0
    _server: asyncio.Server | None = None
    _open: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}/hooks?key=1"

    async def __aenter__(self) -> Self:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate())
        tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        tasks = list(self._open)
        for writer in self._open.values():
            writer.transport.abort()
        await asyncio.gather(*tasks)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while await self._answer(reader, writer):
                pass
        del self._open[task]
        writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether there may be another on the same connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(line=head[0], headers=headers, body=body)
        self.taken.append(request)
        said = self.says(request)
        if said == HANG_UP:
            return False
        if said == SILENCE:
            await reader.read()
            return False
        writer.write(said)
        while said == ENDLESS:
            writer.write(b"x" * 10_000)
            await writer.drain()
        await writer.drain()
        return True
