"""Tests that are coroutines."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec

Given = ParamSpec("Given")


def on_loop(test: Callable[Given, Awaitable[None]]) -> Callable[Given, None]:
    """Run `test` on a loop of its own, for at most a minute."""

    @functools.wraps(test)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> None:
        async def whole() -> None:
            async with asyncio.timeout(60):
                await test(*args, **kwargs)

        asyncio.run(whole())

    return run
