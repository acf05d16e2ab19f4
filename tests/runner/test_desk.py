"""The desk: letters are prepared side by side, wait for their turn, and go back where nobody takes them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace

import pytest

from nurture.clock import HOUR, MINUTE, SECOND, SystemClock
from nurture.delivery.measures import Pause
from nurture.delivery.outcome import Accepted, MessageKey, Refused
from nurture.delivery.shaping import OTHERS, Shape, Shaping
from nurture.delivery.throttle import Throttle
from nurture.providers.base import Letter
from nurture.runner.desk import FRESH, LOOK_AHEAD, LedgerDesk, Preparing
from nurture.runner.flow import FREE, Flow
from nurture.runner.ledger import Ledger
from nurture.runner.prepared import Dropped, Prepared
from nurture.settings.destinations import Rate
from nurture.store.claims import Claimed
from nurture.store.engine import Store, open_store
from nurture.store.outbox import Planned, counts, plan
from support.letters import letter, outcomes, plan_messages

ME = 7
OK = Accepted(reply="250 ok")


async def prepare(claims: list[Claimed]) -> Sequence[Prepared]:
    return [replace(letter(it.key), lane=it.lane) for it in claims]


async def recheck(claims: list[Claimed]) -> Sequence[Prepared]:
    return []


@pytest.fixture
def plain(sqlite_url: str) -> Iterator[Store]:
    with closing(open_store(sqlite_url, now=SystemClock().now(), durable=False)) as store:
        yield store


@asynccontextmanager
async def desk(
    store: Store,
    preparing: Preparing | None = None,
    *,
    flow: Flow = FREE,
    room: int = 800,
    first_lot: int | None = None,
) -> AsyncIterator[LedgerDesk]:
    """A desk that is closed at the end; then nothing may be in its hands any more."""
    clock = SystemClock()
    ledger = Ledger(store, ME, clock, expiries=dict, trouble=lambda error: None)
    it = LedgerDesk(
        ledger,
        preparing or Preparing(prepare=prepare, recheck=recheck),
        clock,
        hash_address=str.lower,
        flow=flow,
        room=room,
        first_lot=first_lot,
    )
    try:
        yield it
    finally:
        await it.close()
        assert await ledger.close(10)
        with store.read() as tx:
            left = counts(tx)
        assert (left["claimed"], left["handed"], left["accepted"]) == (0, 0, 0)


async def deliver(it: LedgerDesk, lane: str | None = None) -> list[MessageKey]:
    """Hand over all there is, one after the other."""
    went = []
    while (letter := await it.take(lane)) is not None:
        if await it.exchange(None, letter.key):
            went.append(letter.key)
            await it.exchange((letter.key, OK), None)
    return went


def throttle(**rates: int) -> Throttle:
    """So many messages a minute to each; begun long ago."""
    by_key = {
        key: Shape(connections=5, per_connection=0, rate=Rate(count=count, span=MINUTE))
        for key, count in rates.items()
    }
    return Throttle(Shaping(by_key=by_key, default=OTHERS), SystemClock().now() - HOUR)


def put(store: Store, count: int, lane: str, *, urgent: bool = False) -> list[MessageKey]:
    now = SystemClock().now()
    keys = [MessageKey(id_, 1) for id_ in store.ids.take(count, now)]
    rows = [
        Planned(
            key=key,
            contact_id=key.enrollment_id,
            campaign_id=1,
            lane=lane,
            urgent=urgent,
            template="hello",
            planned_at=now,
            due_at=now,
        )
        for key in keys
    ]
    with store.write() as tx:
        plan(tx, rows)
    return keys


def test_groups_are_prepared_side_by_side_and_each_message_once(plain: Store) -> None:
    keys = plan_messages(plain, 300, SystemClock().now())
    prepared, now, most = Counter[MessageKey](), 0, 0

    async def slowly(claims: list[Claimed]) -> Sequence[Prepared]:
        nonlocal now, most
        prepared.update(it.key for it in claims)
        now, most = now + 1, max(most, now + 1)
        await asyncio.sleep(0.02)
        now -= 1
        return await prepare(claims)

    async def run() -> list[list[MessageKey]]:
        preparing = Preparing(prepare=slowly, recheck=recheck, at_once=3)
        async with desk(plain, preparing, room=120) as it:
            return await asyncio.gather(*(deliver(it) for _ in range(10)))

    went = [key for some in asyncio.run(run()) for key in some]
    assert sorted(went) == sorted(keys)
    assert prepared == Counter(keys)
    assert most == 3
    assert {outcome for outcome, _ in outcomes(plain).values()} == {"sent"}


def test_takers_of_different_lanes_all_get_theirs(plain: Store) -> None:
    """One at a time is prepared: that there is nothing for one lane ends nobody's waiting for another."""
    lanes = [f"/mx{no}.example" for no in range(6)]
    for lane in lanes[::2]:
        put(plain, 5, lane)

    async def run() -> list[list[MessageKey]]:
        async with desk(plain) as it:
            assert set(await it.lanes()) == set(lanes[::2])
            return await asyncio.gather(*(deliver(it, lane) for lane in lanes))

    assert [len(it) for it in asyncio.run(run())] == [5, 0, 5, 0, 5, 0]


def test_a_letter_that_lay_too_long_is_looked_at_again(plain: Store) -> None:
    keys = plan_messages(plain, 6, SystemClock().now())
    looked_at: list[MessageKey] = []

    async def again(claims: list[Claimed]) -> Sequence[Prepared]:
        looked_at.extend(it.key for it in claims)
        return [Dropped(key=keys[4], reason="stage")]

    async def run() -> list[MessageKey]:
        async with desk(plain, Preparing(prepare=prepare, recheck=again)) as it:
            first = await it.take()
            assert first is not None
            assert looked_at == []
            await asyncio.sleep(FRESH / SECOND + 0.1)
            assert not it.ready(), "not as it is"
            went = await deliver(it)
            assert await it.exchange(None, first.key)
            await it.exchange((first.key, OK), None)
            return [first.key, *went]

    went = asyncio.run(run())
    assert set(looked_at) == set(keys)
    assert went == [key for key in keys if key != keys[4]]
    assert outcomes(plain)[keys[4]] == ("skipped", "stage")


def test_the_next_moment_of_a_rate_is_waited_for_and_no_longer_one(plain: Store) -> None:
    put(plain, 2, "google")
    put(plain, 2, "yahoo")

    async def run() -> tuple[float, float]:
        async with desk(plain, flow=Flow(throttle(google=100, yahoo=6))) as it:
            for lane in ("google", "yahoo"):
                assert await it.take(lane) is not None
            began = time.monotonic()
            assert not it.ready("google")
            assert await it.take("google") is not None
            waited = time.monotonic()
            assert await it.take("yahoo") is None
            assert "yahoo" not in await it.lanes()
            return waited - began, time.monotonic() - waited

    waited, refused = asyncio.run(run())
    assert 0.1 < waited < LOOK_AHEAD / SECOND
    assert refused < 1
    with plain.read() as tx:
        assert counts(tx)["planned"] == 4, "nobody handed them over"


def test_a_destination_that_is_paused_is_left_in_the_database_and_others_go_on(plain: Store) -> None:
    held, going = put(plain, 5, "google"), put(plain, 5, "yahoo")
    ways = throttle()
    ways.apply("google", Pause(span=HOUR), SystemClock().now(), "421")
    seen: list[MessageKey] = []

    async def watched(claims: list[Claimed]) -> Sequence[Prepared]:
        seen.extend(it.key for it in claims)
        return await prepare(claims)

    async def run() -> list[MessageKey]:
        async with desk(plain, Preparing(prepare=watched, recheck=recheck), flow=Flow(ways)) as it:
            assert set(await it.lanes()) == {"yahoo"}
            return await deliver(it)

    assert sorted(asyncio.run(run())) == sorted(going)
    assert not set(seen) & set(held), "they were not even claimed"


def test_what_goes_at_a_rate_is_not_claimed_by_every_group_that_is_in_preparation(plain: Store) -> None:
    put(plain, 200, "google")
    put(plain, 200, "")
    seen = Counter[str]()

    async def slowly(claims: list[Claimed]) -> Sequence[Prepared]:
        seen.update(it.lane for it in claims)
        await asyncio.sleep(0.05)
        return await prepare(claims)

    async def run() -> None:
        preparing = Preparing(prepare=slowly, recheck=recheck, at_once=5)
        async with desk(plain, preparing, flow=Flow(throttle(google=120))) as it:
            await asyncio.gather(*(it.take() for _ in range(150)))

    asyncio.run(run())
    assert 0 < seen["google"] <= 12, "two a second, and two seconds ahead"


def test_stopped_it_gives_nothing_more_and_closed_it_gives_everything_back(plain: Store) -> None:
    keys = plan_messages(plain, 60, SystemClock().now())
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(claims: list[Claimed]) -> Sequence[Prepared]:
        if begun.is_set():
            await go_on.wait()
        begun.set()
        return await prepare(claims)

    async def run() -> None:
        async with desk(plain, Preparing(prepare=slowly, recheck=recheck, at_once=2), room=40) as it:
            taken = [await it.take() for _ in range(5)]
            sent, refused, out, back, kept = [letter.key for letter in taken if letter is not None]
            assert await it.exchange(None, sent)
            assert await it.exchange((sent, OK), refused)
            await it.exchange((refused, Refused(reply="554 no", kind="policy")), out)
            it.give_back(back)
            waiting = asyncio.create_task(_take_all(it))
            await asyncio.sleep(0.05)
            it.stop()
            go_on.set()
            await waiting
            assert await it.take() is None
            assert not it.ready()
            assert await it.lanes() == ()
            assert kept in keys

    asyncio.run(run())
    found = Counter(outcome for outcome, _ in outcomes(plain).values())
    assert found == {"": 57, "sent": 1, "refused": 1, "unknown": 1}
    with plain.read() as tx:
        assert counts(tx)["planned"] == 57
        assert tx.exec_driver_sql("SELECT sum(attempts), max(sender) FROM outbox").one() == (0, 0)


async def _take_all(it: LedgerDesk) -> list[Letter]:
    found = []
    while (letter := await it.take()) is not None:
        found.append(letter)
    return found


@pytest.mark.parametrize("broken", ["raises", "forgets"])
def test_where_preparing_fails_nothing_is_lost_and_it_is_said(plain: Store, broken: str) -> None:
    plan_messages(plain, 10, SystemClock().now())
    failed: list[Exception | None] = []

    async def fails(claims: list[Claimed]) -> Sequence[Prepared]:
        if broken == "raises":
            raise ZeroDivisionError
        return await prepare(claims[:-1])

    async def run() -> None:
        async with desk(plain, Preparing(prepare=fails, recheck=recheck)) as it:
            assert await it.take() is None
            failed.append(it.failure)

    asyncio.run(run())
    assert isinstance(failed[0], ZeroDivisionError if broken == "raises" else ValueError)
    with plain.read() as tx:
        assert counts(tx)["planned"] == 10


def test_urgent_messages_that_come_meanwhile_go_first(plain: Store) -> None:
    plan_messages(plain, 100, SystemClock().now())

    async def run() -> list[MessageKey]:
        async with desk(plain, room=40, first_lot=20) as it:
            first = await it.take()
            assert first is not None
            urgent = put(plain, 1, "google", urgent=True)
            await asyncio.sleep(1.05)
            went = await deliver(it)
            assert went.index(urgent[0]) < 50
            return went

    assert len(asyncio.run(run())) == 100
