"""One life of a sender: registered under an id of its own, with a ledger, giving signs of life until it
ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

from nurture.clock import Clock
from nurture.errors import StoreError
from nurture.runner.ledger import Expiries, Ledger
from nurture.runner.troubles import Troubles
from nurture.store import senders
from nurture.store.engine import Store
from nurture.store.handover import Recovered, recover


@dataclass(slots=True, kw_only=True)
class Incarnation:
    """Holds messages under `id` until `over` is set: then others took it for dead."""

    id: int
    ledger: Ledger
    over: asyncio.Event
    recovered: Recovered


@contextlib.asynccontextmanager
async def incarnation(
    store: Store,
    clock: Clock,
    *,
    expiries: Expiries,
    troubles: Troubles,
    beat_every: float,
    grace: float,
) -> AsyncIterator[Incarnation]:
    """Begin a sender and take over what dead ones held; end it, and what it still holds, at the end."""

    def trouble(error: StoreError | None) -> None:
        if error is None:
            troubles.over("database")
        else:
            troubles.say("database", error, "waiting for it")

    sender, recovered = await asyncio.to_thread(_begin, store, clock)
    ledger = Ledger(store, sender, clock, expiries=expiries, trouble=trouble)
    it = Incarnation(id=sender, ledger=ledger, over=asyncio.Event(), recovered=recovered)
    beating = asyncio.get_running_loop().create_task(_beat(store, clock, it, troubles, beat_every))
    try:
        yield it
    finally:
        beating.cancel()
        await asyncio.wait({beating})
        # What is not written by then is unknown to whoever comes next: the ledger is in the same database.
        if await ledger.close(grace):
            with contextlib.suppress(StoreError):
                await asyncio.to_thread(_end, store, clock, sender)


def _begin(store: Store, clock: Clock) -> tuple[int, Recovered]:
    now = clock.now()
    sender = store.ids.take(1, now)[0]
    with store.write() as tx:
        senders.register(tx, sender, host=socket.gethostname(), pid=os.getpid(), now=now)
        dead = senders.bury(tx, now, only=sender if store.dialect == "sqlite" else 0)
        return sender, recover(tx, dead, now)


def _end(store: Store, clock: Clock, sender: int) -> None:
    with store.write() as tx:
        recover(tx, [sender], clock.now())
        senders.end(tx, sender, clock.now())


async def _beat(store: Store, clock: Clock, it: Incarnation, troubles: Troubles, every: float) -> None:
    while not it.over.is_set():
        await asyncio.sleep(every)
        try:
            if not await asyncio.to_thread(_sign_of_life, store, clock, it.id):
                it.over.set()
        except StoreError as error:
            troubles.say("database", error, "waiting for it")


def _sign_of_life(store: Store, clock: Clock, sender: int) -> bool:
    """Give one, and look after the others on PostgreSQL. False: this sender was taken for dead."""
    with store.write() as tx:
        now = clock.now()
        if not senders.beat(tx, sender, now):
            return False
        if store.dialect == "postgresql":
            recover(tx, senders.bury(tx, now), now)
        return True
