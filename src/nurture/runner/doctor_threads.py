"""Calls that may hang, in threads that nobody has to wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def aside(call: Callable[[], T]) -> T:
    """What `call` returns or raises. Where this is given up, its thread ends with the process, and holds up nothing.

    `asyncio.to_thread` will not do: Python waits for its threads before it ends, and a name that hangs hangs long.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def finish(value: T | None, error: Exception | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(value)  # type: ignore[arg-type]
        else:
            done.set_exception(error)

    def run() -> None:
        value, error = None, None
        try:
            value = call()
        except Exception as raised:
            error = raised
        # The loop may be closed by then, and nobody asks any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(finish, value, error)

    threading.Thread(target=run, daemon=True, name="doctor").start()
    return await done
