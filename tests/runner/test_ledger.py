"""The one writer: what was accepted is soon in the books; a database that fails meanwhile loses nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing

import pytest

from nurture.clock import Moment, SystemClock
from nurture.delivery.outcome import MessageKey
from nurture.errors import StoreError
from nurture.runner.ledger import SETTLE_AT, SETTLE_SECONDS, Ledger, Refusal
from nurture.store.claims import Room
from nurture.store.engine import Store, open_store
from nurture.store.handover import Done
from nurture.store.outbox import counts
from support.letters import outcomes, plan_messages

ME = 7


@asynccontextmanager
async def ledger(
    store: Store, *, trouble: Callable[[StoreError | None], None] = lambda error: None
) -> AsyncIterator[Ledger]:
    it = Ledger(store, ME, SystemClock(), expiries=dict, trouble=trouble)
    try:
        yield it
    finally:
        assert await it.close(10)


async def claimed(it: Ledger, count: int) -> list[MessageKey]:
    """Claim so many; each is one of the test's."""
    return [row.key for row in await it.claim(await it.waiting(), Room(total=count))]


def sent(key: MessageKey, at: Moment) -> Done:
    return Done(key=key, outcome="sent", at=at, reason="250 ok")


async def hand_over(it: Ledger, key: MessageKey) -> Done:
    """Mark one as handed over; the answer to it."""
    at = await it.exchange(None, key)
    assert not isinstance(at, Refusal)
    return sent(key, at)


def in_books(store: Store) -> int:
    return sum(outcome == "sent" for outcome, _ in outcomes(store).values())


def test_what_was_accepted_is_in_the_books_a_moment_later_though_nothing_else_happens(store: Store) -> None:
    plan_messages(store, 3, SystemClock().now())

    async def run() -> float:
        async with ledger(store) as it:
            for key in await claimed(it, 3):
                it.post(await hand_over(it, key))
            began = time.monotonic()
            while in_books(store) < 3:
                assert time.monotonic() - began < 10
                await asyncio.sleep(0.005)
            return time.monotonic() - began

    assert asyncio.run(run()) < SETTLE_SECONDS + 2, "0.05 s on a quiet machine"
    with store.read() as tx:
        assert not any(counts(tx).values())


def test_what_was_accepted_is_in_the_books_before_the_end(store: Store) -> None:
    keys = plan_messages(store, 2, SystemClock().now())

    async def run() -> None:
        async with ledger(store) as it:
            for key in await claimed(it, 2):
                it.post(await hand_over(it, key))

    asyncio.run(run())
    assert outcomes(store) == dict.fromkeys(keys, ("sent", "250 ok"))


def test_to_settle_puts_all_that_was_sent_into_the_books_at_once(store: Store) -> None:
    plan_messages(store, 4, SystemClock().now())

    async def run() -> None:
        async with ledger(store) as it:
            for key in await claimed(it, 4):
                it.post(await hand_over(it, key))
            await it.settle()
            assert in_books(store) == 4

    asyncio.run(run())


def test_many_sent_messages_do_not_wait_for_each_other(store: Store) -> None:
    plan_messages(store, SETTLE_AT + 10, SystemClock().now())

    async def run() -> None:
        async with ledger(store) as it:
            keys = await claimed(it, SETTLE_AT + 10)
            done = await asyncio.gather(*(hand_over(it, key) for key in keys))
            await asyncio.gather(*(it.exchange(one, None) for one in done[:SETTLE_AT]))
            assert in_books(store) == SETTLE_AT
            for one in done[SETTLE_AT:]:
                it.post(one)

    asyncio.run(run())
    assert in_books(store) == SETTLE_AT + 10


def test_a_mark_is_refused_for_what_was_never_claimed(store: Store) -> None:
    (key,) = plan_messages(store, 1, SystemClock().now())

    async def run() -> None:
        async with ledger(store) as it:
            assert await it.exchange(None, key) is Refusal.NOT_HELD
            assert await it.exchange(None, None) is Refusal.NOT_HELD

    asyncio.run(run())


@pytest.mark.parametrize("closing_meanwhile", [False, True])
def test_a_database_that_fails_between_answer_and_books_loses_nothing(
    sqlite_url: str, closing_meanwhile: bool
) -> None:
    """What was accepted is written when the database is back; a leave that was asked for meanwhile is not given."""
    said: list[str] = []
    store = open_store(sqlite_url, now=SystemClock().now(), durable=False, patience=0.3)
    keys = plan_messages(store, 4, SystemClock().now())

    def trouble(error: StoreError | None) -> None:
        said.append("over" if error is None else "trouble")

    async def run() -> None:
        async with ledger(store, trouble=trouble) as it:
            first, second, third, asked = await claimed(it, 4)
            done = [await hand_over(it, key) for key in (first, second, third)]
            await it.exchange(done[0], None)
            with closing(sqlite3.connect(store.where, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                # A busy machine may have had trouble before.
                said.clear()
                it.post(done[1])
                leave = asyncio.create_task(it.exchange(done[2], asked))
                waiting = asyncio.create_task(it.waiting())
                while "trouble" not in said:
                    await asyncio.sleep(0.01)
                other.execute("ROLLBACK")
            if not closing_meanwhile:
                assert await leave is Refusal.NOT_TRIED
                assert await waiting == []
                assert await it.exchange(None, asked) is not Refusal.NOT_HELD, "it is still held"
        assert await leave is Refusal.NOT_TRIED

    asyncio.run(run())
    assert said == ["trouble", "over"]
    found = outcomes(store)
    assert [found[key][0] for key in keys[:3]] == ["sent"] * 3
    assert found[keys[3]] == ("", "1" if closing_meanwhile else "2")
    store.close()


def test_what_cannot_be_written_until_the_end_is_said(sqlite_url: str) -> None:
    store = open_store(sqlite_url, now=SystemClock().now(), durable=False, patience=0.05)
    plan_messages(store, 1, SystemClock().now())

    async def run() -> bool:
        it = Ledger(store, ME, SystemClock(), expiries=dict, trouble=lambda error: None)
        (key,) = await claimed(it, 1)
        done = await hand_over(it, key)
        with closing(sqlite3.connect(store.where, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(it.exchange(done, None))
            await asyncio.sleep(0.01)
            written = await it.close(0.2)
            with pytest.raises(StoreError, match="could not be written"):
                await waiting
            return written

    assert asyncio.run(run()) is False
    assert sorted(outcomes(store).values()) == [("", "2")], "handed: whoever comes next says it is unknown"
    store.close()
