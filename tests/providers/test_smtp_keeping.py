"""Connections that are kept between two deliveries, and parted from in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from nurture.delivery.outcome import Accepted, MessageKey
from nurture.providers.base import Letter
from nurture.providers.smtp import SmtpProvider
from nurture.providers.smtp_site import Keeping
from nurture.settings import Relay
from support.letters import letter
from support.list_desk import ListDesk
from support.scripted_relay import HANG_UP, ScriptedRelay

both = pytest.mark.parametrize("extensions", [("PIPELINING",), ()], ids=["pipelining", "stepwise"])


def letters(count: int, *, begin: int = 1) -> list[Letter]:
    return [letter(MessageKey(number, 1)) for number in range(begin, begin + count)]


def with_provider(
    relay: ScriptedRelay,
    work: Callable[[SmtpProvider], Awaitable[None]],
    *,
    keeping: Keeping | None = None,
    per_connection: int = 0,
    connections: int = 1,
) -> None:
    async def run() -> None:
        async with relay, asyncio.timeout(30):
            settings = Relay(port=relay.port, connections=connections, per_connection=per_connection)
            provider = SmtpProvider(settings, keeping=keeping)
            await work(provider)
            await provider.close()

    asyncio.run(run())


@both
def test_letters_that_trickle_in_go_over_one_connection(extensions: tuple[str, ...]) -> None:
    async def trickle(provider: SmtpProvider) -> None:
        for it in letters(5):
            await provider.deliver(ListDesk([it]))
        assert "QUIT" not in relay.said

    relay = ScriptedRelay(extensions=extensions)
    with_provider(relay, trickle, connections=3)
    assert relay.connections == 1
    assert len(relay.taken) == 5
    assert relay.said[-1] == "QUIT"


@both
def test_a_connection_without_letters_is_parted_from_after_a_while(extensions: tuple[str, ...]) -> None:
    async def wait(provider: SmtpProvider) -> None:
        await provider.deliver(ListDesk(letters(2)))
        while relay.said[-1] != "QUIT":
            await asyncio.sleep(0.01)
        await provider.deliver(ListDesk(letters(1, begin=3)))

    relay = ScriptedRelay(extensions=extensions)
    with_provider(relay, wait, keeping=Keeping(idle=0.05))
    assert relay.connections == 2
    assert len(relay.taken) == 3


@both
@pytest.mark.parametrize("goodbye", [b"421 4.4.2 idle for too long\r\n", b""], ids=["421", "without a word"])
def test_a_connection_that_the_relay_closed_meanwhile_costs_the_letter_nothing(
    extensions: tuple[str, ...], goodbye: bytes
) -> None:
    desk = ListDesk(letters(3, begin=2))

    async def close_behind(provider: SmtpProvider) -> None:
        await provider.deliver(ListDesk(letters(1)))
        relay.hang_up(goodbye)
        await asyncio.sleep(0.02)
        await provider.deliver(desk)

    relay = ScriptedRelay(extensions=extensions)
    with_provider(relay, close_behind)
    assert all(isinstance(it, Accepted) for it in desk.results.values())
    assert len(desk.results) == 3
    assert desk.given_back == []


@both
def test_nor_does_one_that_is_closed_at_the_very_moment(extensions: tuple[str, ...]) -> None:
    desk = ListDesk(letters(3, begin=2))

    async def go(provider: SmtpProvider) -> None:
        await provider.deliver(ListDesk(letters(1)))
        await provider.deliver(desk)

    relay = ScriptedRelay(
        extensions=extensions, answer=lambda said, before: HANG_UP if (said, before) == ("MAIL", 1) else None
    )
    with_provider(relay, go)
    assert [type(it) for it in desk.results.values()] == [Accepted] * 3
    assert desk.given_back == []


@both
def test_a_connection_carries_as_many_letters_as_it_may(extensions: tuple[str, ...]) -> None:
    relay = ScriptedRelay(extensions=extensions)

    async def go(provider: SmtpProvider) -> None:
        await provider.deliver(ListDesk(letters(7)))
        await provider.deliver(ListDesk(letters(3, begin=8)))

    with_provider(relay, go, per_connection=4)
    verbs = [line.split()[0] for line in relay.said if line.split()[0] in ("EHLO", "MAIL", "QUIT")]
    assert verbs.count("EHLO") == verbs.count("QUIT") == 3
    assert len(relay.taken) == 10


def test_a_slow_answer_does_not_keep_new_letters_waiting() -> None:
    async def go(provider: SmtpProvider) -> None:
        desk = ListDesk(letters(1))
        work = asyncio.create_task(provider.deliver(desk))
        while not desk.marked:
            await asyncio.sleep(0.005)
        desk.waiting.extend(letters(2, begin=2))
        while len(desk.results) < 2:
            await asyncio.sleep(0.01)
        assert letters(1)[0].key not in desk.results
        work.cancel()
        await asyncio.wait({work})

    def slow(said: str, before: int) -> bytes | None:
        return b"" if said == "body" and before == 0 else None

    with_provider(ScriptedRelay(answer=slow), go, connections=2)
