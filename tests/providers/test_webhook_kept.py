"""Webhooks over connections that are used again: no dearer, and no less careful."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nurture.delivery.outcome import Accepted, MessageKey, Outcome, Refused, TryLater
from nurture.providers.addresses import networks
from nurture.providers.base import Call
from nurture.providers.webhook import HookLimits, Webhooks
from support.hook_server import HANG_UP, NAME, HookServer, answer, certificate

QUICK = HookLimits(connect=0.5, answer=0.5, whole=2.0, text=0.2)


def call(url: str) -> Call:
    return Call(key=MessageKey(1, 0), url=url, headers={"webhook-id": "feed_1"}, content=b"{}")


def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def hooks() -> Webhooks:
    return Webhooks(networks(["127.0.0.0/8"]), ca_file=certificate(), resolve=here, limits=QUICK, keep=True)


def called(server: HookServer, times: int) -> list[Outcome]:
    async def run() -> list[Outcome]:
        async with server:
            it = hooks()
            try:
                return [await it.call(call(server.url)) for _ in range(times)]
            finally:
                await it.close()

    return asyncio.run(run())


def test_ten_calls_take_one_connection() -> None:
    server = HookServer(says=lambda _request: answer("200 OK", b"thanks"))
    assert all(isinstance(it, Accepted) for it in called(server, 10))
    assert (server.connections, len(server.taken)) == (1, 10)


def test_a_refusal_is_read_and_the_next_call_goes() -> None:
    server = HookServer()
    server.says = lambda _request: answer("503 No", b"later") if len(server.taken) == 1 else answer()
    assert called(server, 2) == [TryLater(reply="503 later"), Accepted(reply="204")]


def test_a_connection_that_was_closed_is_made_anew() -> None:
    server = HookServer()
    server.says = lambda _request: HANG_UP if len(server.taken) == 1 else answer()
    first, second = called(server, 2)
    assert isinstance(first, TryLater)
    assert second == Accepted(reply="204")
    assert server.connections == 2


def test_another_name_at_the_same_address_is_proved_by_its_own_certificate() -> None:
    """The connection was made for NAME, and its certificate says nothing of the other."""

    async def run(server: HookServer) -> list[Outcome]:
        async with server:
            it = hooks()
            try:
                other = server.url.replace(NAME, "other.example.test")
                return [await it.call(call(url)) for url in (server.url, other)]
            finally:
                await it.close()

    server = HookServer()
    first, second = asyncio.run(run(server))
    assert first == Accepted(reply="204")
    assert isinstance(second, TryLater) and "certificate" in second.reply
    assert len(server.taken) == 1


def test_private_addresses_are_looked_at_however_often_a_name_is_called() -> None:
    asked = 0

    def resolve(_host: str, _port: int) -> Sequence[str]:
        nonlocal asked
        asked += 1
        return ["127.0.0.1"]

    async def run() -> list[Outcome]:
        it = Webhooks((), resolve=resolve, limits=QUICK, keep=True)
        try:
            return [await it.call(call(f"https://{NAME}/")) for _ in range(3)]
        finally:
            await it.close()

    assert all(isinstance(it, Refused) for it in asyncio.run(run()))
    assert asked == 1
