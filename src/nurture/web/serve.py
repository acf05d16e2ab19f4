"""Serving the application by uvicorn on the daemon's own event loop."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from nurture.errors import ServiceError

GRACE_SECONDS = 5


_OTHER = "Is nurture running already? Else set another in nurture.toml: [web] listen = …"


def listen(host: str, port: int, *, remedy: str = _OTHER) -> socket.socket:
    """Take the port. Raises ServiceError where another program has it, or the address is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(2048)
    except OSError as error:
        taken.close()
        where = f"{host}:{port}"
        if error.errno == errno.EADDRINUSE:
            raise ServiceError(
                "this port is in use by another program",
                where=where,
                remedy=remedy,
            ) from None
        raise ServiceError(
            f"cannot listen here: {error.strerror}",
            where=where,
            remedy="Look at [web] listen in nurture.toml.",
        ) from None
    taken.setblocking(False)
    return taken


async def serve(app: ASGIApp, taken: socket.socket, stop: asyncio.Event) -> None:
    """Answer requests until `stop` is set; those under way are finished first."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="on",
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[taken]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()


class _Server(uvicorn.Server):
    """Signals are the daemon's to handle."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield
