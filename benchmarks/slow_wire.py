"""A wire to a server far away: `python -m benchmarks.slow_wire PORT MILLISECONDS`, a process of its own.

Every piece of what is said arrives so much later on the other side, each way, in order; nothing is held up by what
was said before it. Prints the port that it listens on.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from typing import cast

import uvloop


class _End(asyncio.Protocol):
    """One end of a connection: what comes in goes out at `other`, later."""

    def __init__(self, delay: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._delay = delay
        self._on_its_way: deque[tuple[float, bytes]] = deque()
        self._transport: asyncio.Transport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._later(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._later(b"")

    def _later(self, data: bytes) -> None:
        """Nothing stands for the end of the connection."""
        if not self._on_its_way:
            self._loop.call_later(self._delay, self._arrive)
        self._on_its_way.append((self._loop.time() + self._delay, data))

    def _arrive(self) -> None:
        while self._on_its_way:
            at, data = self._on_its_way[0]
            wait = at - self._loop.time()
            if wait > 0:
                self._loop.call_later(wait, self._arrive)
                return
            self._on_its_way.popleft()
            if self.other is not None:
                self.other.say(data)

    def say(self, data: bytes) -> None:
        """Say this to whoever is at this end."""
        if self._transport is None or self._transport.is_closing():
            return
        if data:
            self._transport.write(data)
        else:
            self._transport.close()


class _Near(_End):
    """The end of whoever connects; the far one is connected at once."""

    def __init__(self, port: int, delay: float) -> None:
        super().__init__(delay)
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connecting = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        far = _End(self._delay)
        far.other = self
        await self._loop.create_connection(lambda: far, "127.0.0.1", self._port)
        self.other = far


async def _serve(port: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Near(port, delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def slow_wire(port: int, *, one_way_ms: float) -> Iterator[int]:
    """The port of such a wire to `port` of this machine."""
    command = [sys.executable, "-m", "benchmarks.slow_wire", str(port), str(one_way_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def round_trip_ms(port: int, times: int = 30) -> float:
    """How long a mail server behind `port` takes to answer NOOP: the median."""
    with socket.create_connection(("127.0.0.1", port), 5) as line, line.makefile("rb") as answers:
        answers.readline()
        took = []
        for _ in range(times):
            begin = perf_counter()
            line.sendall(b"NOOP\r\n")
            answers.readline()
            took.append(perf_counter() - begin)
        return 1000 * median(took)


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), float(sys.argv[2]) / 1000))
