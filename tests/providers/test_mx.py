"""Letters straight to the mail servers of those they are for: real servers on several addresses of loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from nurture.clock import SECOND, SystemClock
from nurture.delivery.measures import Measure, Slow
from nurture.delivery.outcome import Accepted, MessageKey, Refused, TryLater
from nurture.delivery.shaping import BUILT_IN, Shape, Shaping
from nurture.delivery.throttle import Throttle
from nurture.providers.addresses import networks
from nurture.providers.base import Letter, RelayDown
from nurture.providers.dns import Dns
from nurture.providers.mx import MxProvider
from nurture.providers.mx_run import A_FEW
from nurture.providers.smtp_talk import Limits
from nurture.settings.destinations import Rate
from support.fake_providers import FakeProvider, World, five_providers, world
from support.lane_desk import LaneDesk
from support.letters import letter
from support.on_loop import on_loop

LOOPBACK = tuple(networks(["127.0.0.0/8"]))
QUICK = Limits(connect=0.4)
CLOCK = SystemClock()


def shop(**more: object) -> FakeProvider:
    values: dict[str, object] = {"addresses": ("127.0.9.2", "127.0.9.3"), "domains": ("shop.example",)}
    return FakeProvider(name="shop.example", **{**values, **more})  # type: ignore[arg-type]


SHOP = "/mx1.shop.example"


def letters(lane: str, recipients: Iterable[str], *, start: int = 1) -> list[Letter]:
    return [
        replace(letter(MessageKey(number, 1), to), lane=lane)
        for number, to in enumerate(recipients, start=start)
    ]


@dataclass(slots=True)
class Sent:
    """One provider at work."""

    desk: LaneDesk
    provider: MxProvider
    measures: list[tuple[str, Measure, str]] = field(default_factory=list)
    misplaced: list[tuple[str, str]] = field(default_factory=list)

    def said(self, number: int) -> object:
        """What became of the letter with that number."""
        return self.desk.results.get(MessageKey(number, 1))


def sending(
    place: World,
    waiting: Iterable[Letter],
    *,
    shapes: Mapping[str, Shape] | None = None,
    connections: int = 100,
    allowed: bool = True,
    seconds: float = 1.0,
) -> Sent:
    throttle = Throttle(Shaping(by_key={**BUILT_IN, **(shapes or {})}), CLOCK.now() - 60 * SECOND)
    dns = Dns(CLOCK, ("127.0.0.1",), port=place.names.port, seconds=seconds)
    sent = Sent(LaneDesk(waiting, throttle, CLOCK), None)  # type: ignore[arg-type]
    sent.provider = MxProvider(
        CLOCK,
        dns,
        throttle,
        misplaced=lambda domain, lane: sent.misplaced.append((domain, lane)),
        on_measure=lambda *measure: sent.measures.append(measure),
        own_name="mail.sender.example",
        connections=connections,
        port=place.port,
        networks=LOOPBACK if allowed else (),
        limits=QUICK,
    )
    return sent


async def deliver(sent: Sent) -> None:
    try:
        await sent.provider.deliver(sent.desk)
    finally:
        assert not sent.desk.out, "a letter was taken and nothing was said of it"


@on_loop
async def test_letters_go_to_the_preferred_mail_server_each_once() -> None:
    async with world(shop()) as place:
        sent = sending(place, letters(SHOP, [f"a{n}@shop.example" for n in range(30)]))
        await deliver(sent)
        there = place.providers["shop.example"]
        assert sorted(there.taken) == sorted(f"a{n}@shop.example" for n in range(30))
        assert set(there.by_address) == {"127.0.9.2"}
        assert {type(it) for it in sent.desk.results.values()} == {Accepted}
        assert there.open == 0


@on_loop
async def test_where_the_preferred_one_is_gone_the_next_is_taken() -> None:
    async with world(shop()) as place:
        place.names.put("mx1.shop.example", "A", "127.0.9.77")
        sent = sending(place, letters(SHOP, [f"a{n}@shop.example" for n in range(10)]))
        await deliver(sent)
        assert place.providers["shop.example"].by_address == {"127.0.9.3": 10}


@on_loop
async def test_mail_servers_of_equal_preference_share_the_load() -> None:
    async with world(shop(equal=True)) as place:
        one_each = {SHOP: Shape(connections=4, per_connection=1)}
        sent = sending(place, letters(SHOP, [f"a{n}@shop.example" for n in range(40)]), shapes=one_each)
        await deliver(sent)
        shares = place.providers["shop.example"].by_address
        assert sum(shares.values()) == 40
        assert min(shares["127.0.9.2"], shares["127.0.9.3"]) > 5


@on_loop
async def test_a_domain_without_mx_is_its_own_mail_server() -> None:
    async with world(shop(domains=())) as place:
        place.names.put("plain.example", "A", "127.0.9.3")
        sent = sending(place, letters("/plain.example", ["ann@plain.example"]))
        await deliver(sent)
        assert place.providers["shop.example"].taken == ["ann@plain.example"]


@on_loop
async def test_what_no_domain_takes_bounces_for_good() -> None:
    async with world(shop()) as place:
        place.names.put("quiet.example", "MX", "0 .")
        place.names.put("nothing.example", "TXT", "hello")
        sent = sending(
            place, letters(SHOP, ["a@gone.example", "b@quiet.example", "c@nothing.example", "d@shop.example"])
        )
        await deliver(sent)
        assert sent.said(1) == Refused(reply="no such domain", kind="hard")
        assert sent.said(2) == Refused(reply="the domain takes no mail (null MX)", kind="hard")
        none = "the domain takes no mail: it has no mail server and no address"
        assert sent.said(3) == Refused(reply=none, kind="hard")
        assert isinstance(sent.said(4), Accepted)


@on_loop
async def test_nothing_goes_to_this_machine_or_inside_unless_allowed() -> None:
    async with world(shop()) as place:
        place.names.put("inside.example", "MX", "10 mx.inside.example")
        place.names.put("mx.inside.example", "A", "10.1.2.3", "169.254.169.254")
        waiting = letters(SHOP, ["a@shop.example"]) + letters(
            "/mx.inside.example", ["b@inside.example"], start=2
        )
        sent = sending(place, waiting, allowed=False)
        await deliver(sent)
        for number in (1, 2):
            said = sent.said(number)
            assert isinstance(said, TryLater)
            assert "is not an address of the world at large" in said.reply
        assert place.providers["shop.example"].connected == 0


@on_loop
async def test_a_lane_that_hangs_or_is_gone_holds_up_no_other() -> None:
    hanging = FakeProvider(
        name="deaf.example", addresses=("127.0.8.2",), domains=("deaf.example",), greeting=b""
    )
    gone = FakeProvider(name="gone.example", addresses=("127.0.7.2",), domains=("gone.example",))
    async with world(shop(), hanging, gone) as place:
        gone.stop()
        waiting = letters("/mx1.deaf.example", [f"a{n}@deaf.example" for n in range(5)])
        waiting += letters("/mx1.gone.example", [f"b{n}@gone.example" for n in range(5)], start=100)
        waiting += letters(SHOP, [f"c{n}@shop.example" for n in range(200)], start=200)
        sent = sending(place, waiting)
        working = asyncio.create_task(deliver(sent))
        began = time.monotonic()
        while len(place.providers["shop.example"].taken) < 200:
            await asyncio.sleep(0.005)
        assert time.monotonic() - began < QUICK.connect, "all went while the deaf one was waited for"
        await working
        assert place.providers["deaf.example"].connected == 1, "it is not knocked at for each letter"
        for number in [*range(1, 6), *range(100, 105)]:
            said = sent.said(number)
            domain = "deaf" if number < 100 else "gone"
            assert isinstance(said, TryLater)
            assert said.reply.startswith(f"no mail server of {domain}.example could be reached: mx1.{domain}")


@on_loop
async def test_where_no_name_server_answers_everything_is_kept() -> None:
    async with world(shop()) as place:
        place.names.silent = True
        sent = sending(place, letters(SHOP, ["a@shop.example", "b@shop.example"]), seconds=0.1)
        with pytest.raises(RelayDown, match="no name server answered"):
            await deliver(sent)
        assert sent.desk.results == {}
        assert sent.desk.left == 2


@on_loop
async def test_a_domain_nobody_can_speak_for_is_tried_later_by_itself() -> None:
    async with world(shop()) as place:
        place.names.fail("ill.example", "SERVFAIL")
        sent = sending(place, letters(SHOP, ["a@ill.example", "b@shop.example"]))
        await deliver(sent)
        assert sent.said(1) == TryLater(
            reply="where mail for ill.example goes: the name servers said SERVFAIL"
        )
        assert isinstance(sent.said(2), Accepted)


@on_loop
async def test_where_nobody_at_all_can_be_reached_it_is_taken_for_our_own_trouble() -> None:
    gone = [
        FakeProvider(name=f"g{n}.example", addresses=(f"127.0.7.{n}",), domains=(f"g{n}.example",))
        for n in range(1, 21)
    ]
    async with world(*gone) as place:
        for it in gone:
            it.stop()
        waiting = [
            letters(f"/mx1.g{n}.example", [f"a@g{n}.example", f"b@g{n}.example"], start=10 * n)[i]
            for n in range(1, 21)
            for i in range(2)
        ]
        sent = sending(place, waiting)
        with pytest.raises(RelayDown, match="mail servers can be reached"):
            await deliver(sent)
        assert len(sent.desk.results) <= 2 * A_FEW
        assert sent.desk.left == 40 - len(sent.desk.results)


@on_loop
async def test_letters_of_a_domain_that_has_moved_are_not_brought_to_where_it_was() -> None:
    async with world(shop(domains=("shop.example", "new.example"))) as place:
        sent = sending(place, letters("/old.example", ["a@new.example"]))
        await deliver(sent)
        assert sent.said(1) == TryLater(reply="new.example has other mail servers now")
        assert sent.misplaced == [("new.example", "/old.example")]
        assert place.providers["shop.example"].connected == 0


@on_loop
async def test_a_lane_not_looked_up_yet_is_left_alone() -> None:
    async with world(shop()) as place:
        sent = sending(place, letters("?shop.example", ["a@shop.example"]))
        await deliver(sent)
        assert sent.desk.left == 1


@on_loop
async def test_a_greeting_that_sends_us_away_slows_the_lane_and_is_kept_for_each_letter() -> None:
    async with world(shop(greeting=b"421 4.7.0 come back later\r\n")) as place:
        sent = sending(place, letters(SHOP, ["a@shop.example", "b@shop.example"]))
        await deliver(sent)
        for number in (1, 2):
            said = sent.said(number)
            assert isinstance(said, TryLater)
            assert "421 4.7.0 come back later" in said.reply
        keys = {(key, type(measure), reply) for key, measure, reply in sent.measures}
        assert keys == {(SHOP, Slow, "421 4.7.0 come back later")}
        assert place.providers["shop.example"].connected == 2, "each of its servers once"


@on_loop
@pytest.mark.parametrize("answer", [b"", b"421 4.3.2 shutting down\r\n"], ids=["hangs up", "421"])
async def test_a_server_that_brings_nothing_is_not_tried_for_ever(answer: bytes) -> None:
    async with world(shop(answers={b"MAIL": answer})) as place:
        sent = sending(place, letters(SHOP, ["a@shop.example", "b@shop.example"]))
        await deliver(sent)
        assert place.providers["shop.example"].connected <= 4
        assert {type(it) for it in sent.desk.results.values()} == {TryLater}


@on_loop
async def test_an_answer_about_a_recipient_is_theirs_alone() -> None:
    async with world(shop(answers={b"RCPT": b"550 5.1.1 no such user\r\n"})) as place:
        sent = sending(place, letters(SHOP, ["a@shop.example", "b@shop.example"]))
        await deliver(sent)
        assert {(type(it), getattr(it, "kind", "")) for it in sent.desk.results.values()} == {
            (Refused, "hard")
        }
        assert place.providers["shop.example"].connected == 1


@on_loop
async def test_where_one_more_connection_is_refused_the_letters_go_over_those_that_stand() -> None:
    async with world(shop(connections=2, pause=0.002)) as place:
        sent = sending(place, letters(SHOP, [f"a{n}@shop.example" for n in range(60)]))
        await deliver(sent)
        there = place.providers["shop.example"]
        assert len(there.taken) == len(set(there.taken)) == 60
        assert {type(it) for it in sent.desk.results.values()} == {Accepted}
        assert there.most_open <= 4
        assert sent.measures


@on_loop
async def test_all_lanes_together_have_no_more_connections_than_allowed() -> None:
    many = [
        FakeProvider(
            name=f"s{n}.example", addresses=(f"127.0.6.{n}",), domains=(f"s{n}.example",), pause=0.001
        )
        for n in range(1, 13)
    ]
    async with world(*many) as place:
        waiting = [
            it
            for n in range(1, 13)
            for it in letters(f"/mx1.s{n}.example", [f"a{m}@s{n}.example" for m in range(10)], start=100 * n)
        ]
        sent = sending(place, waiting, connections=4)
        working = asyncio.create_task(deliver(sent))
        most = 0
        while not working.done():
            most = max(most, sum(it.open for it in many))
            await asyncio.sleep(0.001)
        await working
        assert all(len(it.taken) == 10 for it in many)
        # One that we have left may not know of it yet.
        assert 2 <= most <= 6


@on_loop
async def test_no_limit_of_any_provider_is_exceeded() -> None:
    window = 1.5
    # A tenth of a second is what a busy machine is late by now and then: much here, nothing in a minute.
    fakes = five_providers(window=window - 0.1)
    rates = {
        it.name: replace(BUILT_IN[it.name], rate=Rate(count=it.per_window, span=int(window * SECOND)))
        for it in fakes
    }
    async with world(*fakes) as place:
        waiting: list[Letter] = []
        for number, it in enumerate(fakes, start=1):
            lane = f"{it.name}/{it.hosts[0]}"
            count = 2 * it.per_window
            to = [f"a{n}@{it.domains[n % len(it.domains)]}" for n in range(count)]
            waiting += letters(lane, to, start=1000 * number)
        sent = sending(place, waiting, shapes=rates)
        began = time.monotonic()
        await deliver(sent)
        took = time.monotonic() - began
        assert [it.broken for it in fakes if not it.kept] == []
        assert {type(it) for it in sent.desk.results.values()} == {Accepted}
        assert len(sent.desk.results) == sum(2 * it.per_window for it in fakes)
        assert took < 2.4 * window, "as fast as the limits allow"


@on_loop
async def test_connections_and_letters_on_each_stay_within_the_limits_at_full_speed() -> None:
    fakes = tuple(replace(it, per_window=0, pause=0.001) for it in five_providers())
    async with world(*fakes) as place:
        waiting: list[Letter] = []
        for number, it in enumerate(fakes, start=1):
            to = [f"a{n}@{it.domains[n % len(it.domains)]}" for n in range(150)]
            waiting += letters(f"{it.name}/{it.hosts[0]}", to, start=1000 * number)
        sent = sending(place, waiting)
        await deliver(sent)
        assert [it.broken for it in fakes if not it.kept] == []
        assert all(len(set(it.taken)) == len(it.taken) == 150 for it in fakes)
        assert all(1 < it.most_open <= it.connections for it in fakes)
        assert fakes[3].connected >= 30


@on_loop
async def test_one_letter_goes_out_by_itself() -> None:
    async with world(shop()) as place:
        sent = sending(place, [])
        (one,) = letters("", ["ann@shop.example"])
        assert isinstance(await sent.provider.post(one), Accepted)
        (gone,) = letters("", ["ann@nowhere.example"])
        assert await sent.provider.post(gone) == Refused(reply="no such domain", kind="hard")
        place.providers["shop.example"].stop()
        said = await sent.provider.post(one)
        assert isinstance(said, TryLater)
        place.names.silent = True
        (new,) = letters("", ["ann@other.example"])
        with pytest.raises(RelayDown, match="no name server"):
            await sent.provider.post(new)
