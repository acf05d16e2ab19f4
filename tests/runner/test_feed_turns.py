"""Mail goes first: subscribers are told more slowly while this process sends."""

from __future__ import annotations

import asyncio
from itertools import count

from nurture.runner.feed_turns import Turns


def seconds(turns: Turns, calls: int) -> float:
    async def run() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*(turns.take() for _ in range(calls)))
        return loop.time() - began

    return asyncio.run(run())


def test_while_nothing_is_sent_nobody_waits() -> None:
    for turns in (Turns(lambda: 7_000_000, rate=1), Turns(None, rate=1)):
        # At one a second it would take twenty.
        assert seconds(turns, 20) < 10


def test_while_mail_goes_calls_are_spread_out() -> None:
    handed = count(1_000, 1_000)
    assert seconds(Turns(lambda: next(handed), rate=100), 21) >= 0.19
