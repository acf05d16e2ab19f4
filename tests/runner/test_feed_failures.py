"""Subscribers that fail: tried again, let rest, given up; the database's engine makes no difference to that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.clock import DAY, HOUR, MINUTE, SECOND
from nurture.delivery.subscriber_health import LONGEST_REST, PATIENCE
from nurture.store import feed_deliveries, subscribers
from nurture.store.engine import open_store
from support.corner import START, files, opened
from support.fed import HELLO, Fed, ended, subscriber
from support.hook_server import HookServer, answer


@pytest.fixture
def fed(sqlite_url: str, tmp_path: Path) -> Iterator[Fed]:
    store = open_store(sqlite_url, now=START, durable=False)
    with opened(store, tmp_path, files({"hello": HELLO})) as corner:
        yield Fed(corner)
    store.close()


def test_a_failure_is_tried_again_under_the_same_id(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(1)
    first = fed.deliver(lambda _request: answer("503 Later"), lambda: fed.states() == [(0, "", 1)])
    fed.corner.clock.move_to(fed.corner.now + 7 * MINUTE)
    then = fed.deliver(lambda _request: answer(), ended(fed, 1))
    assert [it.headers["webhook-id"] for it in first.taken] == [it.headers["webhook-id"] for it in then.taken]
    assert fed.states() == [(2, "sent", 2)]


def test_what_fails_for_three_days_is_given_up(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(1)
    tries = 0
    while fed.states()[0][0] != 2 and tries < 20:
        before = fed.states()[0][2]
        fed.deliver(
            lambda _request: answer("500 No"),
            lambda before=before: fed.states()[0][2] > before and fed.states()[0][0] != 1,
        )
        ((due,),) = fed.corner.rows("SELECT due_at FROM feed_deliveries")
        fed.corner.clock.move_to(max(due, fed.corner.now + LONGEST_REST))
        tries += 1
    assert fed.states() == [(2, "expired", tries)]
    assert fed.corner.now - START > 60 * HOUR


def test_private_addresses_are_not_called_and_the_entry_waits(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(1)
    server = HookServer()

    async def run() -> None:
        async with server:
            loop = fed.loop(subscriber(url=server.url), allow=())
            await fed.run(loop, lambda: fed.states() == [(0, "", 1)])

    asyncio.run(run())
    assert server.connections == 0
    with fed.store.read() as tx:
        (line,) = feed_deliveries.log(tx, "crm", 10, failed=True)
    assert "is not an address of the world at large" in line.reply
    assert line.state == "deferred"


def test_a_subscriber_that_fails_rests_and_the_others_do_not(fed: Fed) -> None:
    fed.subscribe(subscriber("bad"), subscriber("good"))
    fed.happened(40)

    async def run() -> tuple[HookServer, HookServer]:
        async with HookServer(says=lambda _request: answer("500 No")) as bad, HookServer() as good:
            loop = fed.loop(subscriber("bad", bad.url), subscriber("good", good.url))
            await fed.run(
                loop,
                lambda: {it[0] for it in fed.states("good")} == {2} and {it[0] for it in fed.states("bad")} == {0}
                and any(it[2] for it in fed.states("bad")),
            )  # fmt: skip
        return bad, good

    bad, good = asyncio.run(run())
    assert len(good.taken) == 40
    # Those under way when it was clear; the others were not tried.
    assert PATIENCE <= len(bad.taken) <= PATIENCE + 8
    with fed.store.read() as tx:
        health = subscribers.health(tx, "bad")
        assert subscribers.health(tx, "good").failures == 0
    assert health.paused_until == fed.corner.now + 10 * SECOND
    assert fed.alerts == []


def test_after_an_hour_of_failing_a_person_is_told_once_and_all_goes_when_it_is_well(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(20)

    def tried() -> int:
        return sum(attempts for _, _, attempts in fed.states())

    def none_under_way() -> bool:
        return all(state != 1 for state, *_ in fed.states())

    fed.deliver(lambda _request: answer("500 No"), lambda: tried() >= PATIENCE and none_under_way())
    for _ in range(3):
        fed.corner.clock.move_to(fed.corner.now + 70 * MINUTE)
        before = tried()
        fed.deliver(
            lambda _request: answer("500 Broken"), lambda before=before: tried() > before and none_under_way()
        )
        # One, to see whether it is well.
        assert tried() == before + 1
    assert fed.alerts == [("crm", "500")] or [name for name, _ in fed.alerts] == ["crm"]
    fed.corner.clock.move_to(fed.corner.now + 9 * HOUR)
    fed.deliver(lambda _request: answer(), ended(fed, 20))
    with fed.store.read() as tx:
        assert subscribers.health(tx, "crm").failures == 0


def test_one_that_says_gone_hears_nothing_more_until_told_to(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(30)
    server = fed.deliver(lambda _request: answer("410 Gone"), ended(fed, 30))
    assert len(server.taken) <= 8
    assert {outcome for _, outcome, _ in fed.states()} == {"refused"}
    assert [name for name, _ in fed.alerts] == ["crm"]
    fed.corner.clock.move_to(fed.corner.now + DAY)
    fed.happened(1)
    assert fed.deliver(lambda _request: answer(), ended(fed, 31)).taken == []
    with fed.store.write() as tx:
        subscribers.keep(tx, "crm", subscribers.WELL)
        assert feed_deliveries.bring_forward(tx, "crm", fed.corner.now) == (0, 31)
    again = fed.deliver(lambda _request: answer(), ended(fed, 31))
    assert len(again.taken) == 31


def test_what_was_not_begun_when_it_is_stopped_waits_on_as_if_untouched(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(50)
    server = HookServer()

    async def run() -> None:
        async with server:
            loop = fed.loop(subscriber(url=server.url))
            await fed.run(loop, lambda: bool(server.taken))

    asyncio.run(run())
    done = [it for it in fed.states() if it[0] == 2]
    assert len(done) == len(server.taken)
    assert {it for it in fed.states() if it not in done} <= {(0, "", 0)}
