"""One life of a sender: registered under an id of its own, with a ledger, giving signs of life until it
ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from nurture.clock import SECOND, Clock, Moment, Span
from nurture.errors import StoreError
from nurture.runner.counts import Counts
from nurture.runner.ledger import Expiries, Ledger
from nurture.runner.neighbours import Neighbours
from nurture.runner.troubles import Troubles
from nurture.store import senders
from nurture.store.engine import Store, Tx
from nurture.store.handover import Recovered, recover
from nurture.store.senders import DEAD_AFTER

_LEDGER, _BEAT = "ledger", "sign of life"
"""Parts that write."""


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
    dead_after: float = DEAD_AFTER / SECOND,
    delivers: bool = False,
    counts: Counts | None = None,
    workspace: Path | None = None,
) -> AsyncIterator[Incarnation]:
    """Begin a sender and take over what dead ones held; end it, and what it still holds, at the end.

    On PostgreSQL one is dead that gave no sign of life for `dead_after` seconds, and at once where its lock in the same
    `workspace` says so.
    """

    def trouble(error: StoreError | None) -> None:
        if error is None:
            troubles.over("database", by=_LEDGER)
        else:
            troubles.say("database", error, "waiting for it", by=_LEDGER)

    counts = counts or Counts()
    lease = round(dead_after * SECOND)
    # On SQLite the lock of the one that sends says more.
    neighbours = Neighbours(workspace if store.dialect == "postgresql" else None)
    sender, recovered = await asyncio.to_thread(_begin, store, clock, lease, expiries, neighbours)
    counts.recovered(recovered.unknown)
    for part in (_LEDGER, _BEAT):
        # What a life before could not write is no trouble any more.
        troubles.over("database", by=part)
    ledger = Ledger(
        store, sender, clock, expiries=expiries, trouble=trouble, delivers=delivers, counts=counts
    )
    it = Incarnation(id=sender, ledger=ledger, over=asyncio.Event(), recovered=recovered)
    beating = asyncio.get_running_loop().create_task(
        _beat(store, clock, it, troubles, beat_every, lease, expiries, counts, neighbours)
    )
    ended = False
    try:
        yield it
    finally:
        try:
            beating.cancel()
            await asyncio.wait({beating})
            # What is not written by then is unknown to whoever comes next: the ledger is in the same database.
            if await ledger.close(grace):
                with contextlib.suppress(StoreError):
                    await asyncio.to_thread(_end, store, clock, sender, expiries)
                    ended = True
        finally:
            neighbours.let_go(ended=ended)


def _begin(
    store: Store, clock: Clock, lease: Span, expiries: Expiries, neighbours: Neighbours
) -> tuple[int, Recovered]:
    now = clock.now()
    sender = store.ids.take(1, now)[0]
    neighbours.hold(sender)
    try:
        with store.write() as tx:
            senders.register(tx, sender, host=socket.gethostname(), pid=os.getpid(), now=now)
            if store.dialect == "sqlite":
                dead = senders.bury(tx, now, only=sender)
            else:
                dead = _bury(tx, now, lease, neighbours)
            recovered = recover(tx, dead, now, expiries() if dead else {})
            alive = senders.alive(tx)
    except BaseException:
        neighbours.let_go(ended=True)
        raise
    neighbours.sweep(alive)
    return sender, recovered


def _bury(tx: Tx, now: Moment, lease: Span, neighbours: Neighbours) -> list[int]:
    known = neighbours.dead(senders.living(tx), now)
    return senders.bury(tx, now, dead_after=lease, known=known)


def _end(store: Store, clock: Clock, sender: int, expiries: Expiries) -> None:
    with store.write() as tx:
        recover(tx, [sender], clock.now(), expiries())
        senders.end(tx, sender, clock.now())


async def _beat(
    store: Store,
    clock: Clock,
    it: Incarnation,
    troubles: Troubles,
    every: float,
    lease: Span,
    expiries: Expiries,
    counts: Counts,
    neighbours: Neighbours,
) -> None:
    while not it.over.is_set():
        await asyncio.sleep(every)
        try:
            if not await asyncio.to_thread(
                _sign_of_life, store, clock, it.id, lease, expiries, counts, neighbours
            ):
                it.over.set()
            troubles.over("database", by=_BEAT)
        except StoreError as error:
            troubles.say("database", error, "waiting for it", by=_BEAT)


def _sign_of_life(
    store: Store,
    clock: Clock,
    sender: int,
    lease: Span,
    expiries: Expiries,
    counts: Counts,
    neighbours: Neighbours,
) -> bool:
    """Give one, and look after the others on PostgreSQL. False: this sender was taken for dead."""
    recovered = Recovered()
    with store.write() as tx:
        now = clock.now()
        if not senders.beat(tx, sender, now):
            return False
        if store.dialect == "postgresql":
            dead = _bury(tx, now, lease, neighbours)
            recovered = recover(tx, dead, now, expiries() if dead else {})
    counts.recovered(recovered.unknown)
    return True
