"""Sending by hand: everything that is due, when it is told to, for replays and tests."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator

from nurture.clock import Clock
from nurture.errors import ServiceError
from nurture.providers.base import Provider
from nurture.runner.desk import LedgerDesk
from nurture.runner.incarnation import incarnation
from nurture.runner.send import Handling, in_thread, seconds_to_next
from nurture.runner.troubles import Troubles
from nurture.store.engine import Store
from nurture.store.senders import SendingLock


@contextlib.contextmanager
def by_hand(
    store: Store, provider: Provider, clock: Clock, handling: Handling, *, room: int = 2_000
) -> Iterator[Callable[[], int]]:
    """A function that delivers everything due now and returns how many messages came to something.

    For replays and tests, where time goes as it is told. Raises ServiceError where another process sends,
    RelayDown from the function where the relay cannot be had.
    """
    lock = SendingLock(store)
    held = lock.take(socket.gethostname(), os.getpid())
    if held is not None:
        raise ServiceError(
            f"{held.holder} is sending for this database", where=store.where, remedy="Stop it first."
        )
    with lock.held(), in_thread(handling) as preparing, asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        life = incarnation(
            store, clock, expiries=handling.expiries, troubles=Troubles(), beat_every=5.0, grace=30.0
        )
        it = runner.run(stack.enter_async_context(life))

        async def deliver() -> int:
            desk = LedgerDesk(it.ledger, preparing, clock, hash_address=handling.hash_address, room=room)
            try:
                await provider.deliver(desk)
            finally:
                await desk.close()
            if desk.failure is not None:
                raise desk.failure
            return desk.moved

        def send_due() -> int:
            moved, more = 0, 1
            while more and seconds_to_next(store, clock) <= 0:
                more = runner.run(deliver())
                moved += more
            return moved

        try:
            yield send_due
        finally:
            stack.push_async_callback(provider.close)
            runner.run(stack.aclose())


def send_due(store: Store, provider: Provider, clock: Clock, handling: Handling) -> int:
    """Deliver everything due now, once. See `by_hand`."""
    with by_hand(store, provider, clock, handling) as deliver:
        return deliver()
