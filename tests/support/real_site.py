"""The web application on a port of its own, as browsers reach it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nurture.web.deps import WebDeps
from nurture.web.serve import listen, serve
from nurture.web.server import build


@contextmanager
def served(deps: WebDeps) -> Iterator[str]:
    """Serve it in a thread; gives the address."""
    taken = listen("127.0.0.1", 0)
    host, port = taken.getsockname()
    stops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    ready = threading.Event()

    async def run() -> None:
        stop = asyncio.Event()
        stops.append((asyncio.get_running_loop(), stop))
        ready.set()
        await serve(build(deps), taken, stop)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield f"http://{host}:{port}"
    finally:
        loop, stop = stops[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
