"""Several relays: how they share, and what happens when one is down, slow or asks for less."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from nurture.clock import MINUTE, SystemClock
from nurture.delivery.measures import Measure, Pause, Slow
from nurture.delivery.outcome import Accepted, MessageKey, TryLater, Unknown
from nurture.delivery.shaping import Shaping
from nurture.delivery.throttle import Throttle
from nurture.providers.base import Letter, RelayDown
from nurture.providers.smtp import SmtpProvider
from nurture.providers.smtp_site import Keeping
from nurture.providers.smtp_talk import Limits
from nurture.settings import Relay
from nurture.settings.destinations import parse_rate
from nurture.settings.relays import relay_rates
from support.fake_providers import FakeProvider, world
from support.letters import letter
from support.list_desk import ListDesk
from support.scripted_relay import HANG_UP, SILENCE, Answer, ScriptedRelay

QUICK = Keeping(rest_first=0.05, rest_most=0.1, patience=5.0)


def letters(count: int, *, begin: int = 1) -> list[Letter]:
    return [letter(MessageKey(number, 1)) for number in range(begin, begin + count)]


def always(said: str, answer: bytes) -> Answer:
    return lambda verb, _before: answer if verb == said else None


def settings(servers: Sequence[ScriptedRelay], **more: object) -> list[Relay]:
    return [
        Relay.model_validate({"name": f"r{number}", "port": it.port, "connections": 2, **more})
        for number, it in enumerate(servers)
    ]


def deliver(
    desk: ListDesk, *servers: ScriptedRelay, limits: Limits | None = None, keeping: Keeping = QUICK
) -> SmtpProvider:
    """Run a provider with all servers as its relays until the desk is empty, at most thirty seconds."""
    found: list[SmtpProvider] = []

    async def run() -> None:
        async with AsyncExitStack() as stack, asyncio.timeout(30):
            for it in servers:
                await stack.enter_async_context(it)
            provider = SmtpProvider(settings(servers), limits=limits, keeping=keeping)
            found.append(provider)
            try:
                await provider.deliver(desk)
            finally:
                await provider.close()

    asyncio.run(run())
    assert not desk.out
    return found[0]


def test_letters_that_trickle_in_are_shared_by_weight() -> None:
    async def run() -> list[int]:
        async with ScriptedRelay() as one, ScriptedRelay() as two, asyncio.timeout(30):
            relays = settings((one, two))
            provider = SmtpProvider([relays[0].model_copy(update={"weight": 3}), relays[1]])
            for it in letters(40):
                await provider.deliver(ListDesk([it]))
            await provider.close()
            return [len(one.taken), len(two.taken)]

    one, two = asyncio.run(run())
    assert one + two == 40
    assert 29 <= one <= 31


def test_many_letters_keep_all_relays_busy_and_arrive_once() -> None:
    one, two, desk = ScriptedRelay(), ScriptedRelay(extensions=()), ListDesk(letters(200))
    deliver(desk, one, two)
    assert sorted(it.recipient for it in one.taken + two.taken) == sorted(it.recipient for it in letters(200))
    assert min(len(one.taken), len(two.taken)) > 20


@pytest.mark.parametrize("phase", ["connect", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [HANG_UP, b"421 4.3.2 going down\r\n"], ids=["drop", "421"])
def test_what_a_relay_surely_did_not_take_goes_to_the_next_at_once(phase: str, answer: bytes) -> None:
    bad, good, desk = ScriptedRelay(answer=always(phase, answer)), ScriptedRelay(), ListDesk(letters(12))
    deliver(desk, bad, good)
    assert len(good.taken) == len({it.recipient for it in good.taken}) == 12
    assert all(isinstance(it, Accepted) for it in desk.results.values())


def test_what_a_relay_may_have_taken_goes_nowhere_else() -> None:
    bad, good, desk = ScriptedRelay(answer=always("body", HANG_UP)), ScriptedRelay(), ListDesk(letters(12))
    deliver(desk, bad, good)
    unknown = [key for key, it in desk.results.items() if isinstance(it, Unknown)]
    assert 1 <= len(unknown) <= 4
    assert len(good.taken) == 12 - len(unknown)
    assert not {it.recipient for it in good.taken} & {letter(key).recipient for key in unknown}


def test_a_relay_that_is_not_there_leaves_everything_to_the_other() -> None:
    async def run(desk: ListDesk) -> int:
        async with ScriptedRelay() as gone:
            pass
        async with ScriptedRelay() as good, asyncio.timeout(30):
            said: list[tuple[str, RelayDown | None]] = []
            provider = SmtpProvider(
                settings((gone, good)), keeping=QUICK, on_down=lambda name, down: said.append((name, down))
            )
            await provider.deliver(desk)
            await provider.close()
            assert {name for name, _ in said} == {"r0"}
            assert f"r0 (127.0.0.1:{gone.port})" in str(said[0][1])
            return len(good.taken)

    assert asyncio.run(run(ListDesk(letters(10)))) == 10


def test_a_relay_that_says_nothing_holds_up_nobody() -> None:
    mute, good, desk = (
        ScriptedRelay(answer=always("connect", SILENCE)),
        ScriptedRelay(),
        ListDesk(letters(50)),
    )
    # Long enough for the good one on a busy machine.
    deliver(desk, mute, good, keeping=replace(QUICK, patience=1.0))
    assert len(good.taken) == 50


def test_a_relay_that_is_back_takes_its_share_while_the_other_works() -> None:
    async def run() -> tuple[int, int]:
        async with ScriptedRelay() as gone:
            port = gone.port
        async with ScriptedRelay() as good, asyncio.timeout(30):
            provider = SmtpProvider(settings((ScriptedRelay(port=port), good)), keeping=QUICK)
            await provider.deliver(ListDesk(letters(5)))
            async with ScriptedRelay(port=port) as back:
                number = 100
                while not len(back.taken) > 3:
                    await provider.deliver(ListDesk(letters(1, begin=number)))
                    number += 1
                    await asyncio.sleep(0.002)
                await provider.close()
            return len(good.taken) + len(back.taken), 5 + number - 100

    taken, given = asyncio.run(run())
    assert taken == given


def test_where_no_relay_can_be_had_each_is_named_and_no_letter_is_lost() -> None:
    desk = ListDesk(letters(5))
    with pytest.raises(RelayDown) as down:
        deliver(
            desk,
            ScriptedRelay(answer=always("connect", HANG_UP)),
            ScriptedRelay(answer=always("EHLO", HANG_UP)),
        )
    assert "r0 (127.0.0.1:" in str(down.value) and "r1 (127.0.0.1:" in str(down.value)
    assert len(desk.waiting) == 5


def test_a_letter_that_no_relay_can_stand_does_not_go_round_for_ever() -> None:
    poison = letters(3)[1]

    def server() -> ScriptedRelay:
        relay = ScriptedRelay()

        def answer(said: str, _before: int) -> bytes | None:
            return HANG_UP if said == "RCPT" and poison.recipient in relay.said[-1] else None

        relay.answer = answer
        return relay

    one, two, desk = server(), server(), ListDesk(letters(3))

    async def run() -> None:
        async with one, two, asyncio.timeout(30):
            provider = SmtpProvider(settings((one, two)), keeping=QUICK)
            for _ in range(20):
                if desk.waiting:
                    try:
                        await provider.deliver(desk)
                    except RelayDown:
                        await asyncio.sleep(0.05)
            await provider.close()

    asyncio.run(run())
    assert isinstance(desk.results[poison.key], TryLater)
    assert len(one.taken) + len(two.taken) == 2


def test_the_rate_of_a_relay_holds_and_the_other_takes_the_rest() -> None:
    async def run(desk: ListDesk) -> tuple[int, int]:
        async with ScriptedRelay() as limited, ScriptedRelay() as free, asyncio.timeout(30):
            relays = settings((limited, free))
            rated = relays[0].model_copy(update={"rate": parse_rate("600 per minute")})
            provider = SmtpProvider([rated, relays[1]])
            begun = asyncio.get_running_loop().time()
            await provider.deliver(desk)
            took = asyncio.get_running_loop().time() - begun
            await provider.close()
            # One in 100 ms.
            assert len(limited.taken) <= 1 + took * 10
            return len(limited.taken), len(free.taken)

    limited, free = asyncio.run(run(ListDesk(letters(300))))
    assert limited + free == 300


def test_a_rate_alone_is_waited_for() -> None:
    async def run(desk: ListDesk) -> float:
        async with ScriptedRelay() as relay, asyncio.timeout(30):
            provider = SmtpProvider(settings((relay,), rate="3000 per minute"))
            begun = asyncio.get_running_loop().time()
            await provider.deliver(desk)
            await provider.close()
            return asyncio.get_running_loop().time() - begun

    desk = ListDesk(letters(11))
    assert asyncio.run(run(desk)) >= 0.2
    assert len(desk.results) == 11


def test_a_relay_that_takes_its_time_gets_them_further_apart() -> None:
    slow = FakeProvider(name="r0", addresses=("127.0.9.4",), pause=0.6)
    clock = SystemClock()

    async def run(desk: ListDesk) -> int:
        async with world(slow) as place, asyncio.timeout(30):
            relay = Relay(name="r0", host="127.0.9.4", port=place.port, rate=parse_rate("6000 per minute"))
            throttle = Throttle(Shaping().with_rates(relay_rates((relay,))), clock.now())
            provider = SmtpProvider(relay, throttle=throttle)
            await provider.deliver(desk)
            await provider.close()
            return throttle.room("relay r0", clock.now(), MINUTE)

    assert 5800 < asyncio.run(run(ListDesk(letters(1)))) < 5950


def test_a_relay_that_is_paused_is_left_alone() -> None:
    clock = SystemClock()
    throttle = Throttle(Shaping(), clock.now())
    throttle.apply("relay r0", Pause(span=MINUTE), clock.now(), "535 no")

    async def run(desk: ListDesk) -> tuple[int, int]:
        async with ScriptedRelay() as paused, ScriptedRelay() as free, asyncio.timeout(30):
            provider = SmtpProvider(settings((paused, free)), throttle=throttle)
            await provider.deliver(desk)
            alone = SmtpProvider(settings((paused,)), throttle=throttle)
            more = ListDesk(letters(2))
            await alone.deliver(more)
            with pytest.raises(RelayDown, match="535 no"):
                await alone.post(letters(1)[0])
            assert len(more.waiting) == 2 and not more.results
            await provider.close()
            return paused.connections, len(free.taken)

    assert asyncio.run(run(ListDesk(letters(20)))) == (0, 20)


@pytest.mark.parametrize("phase", ["connect", "MAIL", "body"])
def test_a_421_is_told_as_a_measure_for_that_relay(phase: str) -> None:
    def once(said: str, before: int) -> bytes | None:
        return b"421 4.7.0 slow down\r\n" if said == phase and before == 1 else None

    async def run() -> list[tuple[str, Measure, str]]:
        told: list[tuple[str, Measure, str]] = []
        async with ScriptedRelay(answer=once) as relay, asyncio.timeout(30):
            provider = SmtpProvider(
                settings((relay,), per_connection=2),
                keeping=QUICK,
                on_measure=lambda key, measure, reply: told.append((key, measure, reply)),
            )
            await provider.deliver(ListDesk(letters(20)))
            await provider.close()
        return told

    [(key, measure, reply)] = asyncio.run(run())
    assert (key, reply) == ("relay r0", "421 4.7.0 slow down")
    assert isinstance(measure, Slow)
