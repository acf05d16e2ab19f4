"""Questions to the domain name system, asked of a real name server on loopback."""

from __future__ import annotations

import asyncio

import pytest

from nurture.clock import DAY, HOUR, MINUTE, SECOND, VirtualClock
from nurture.providers.dns import Answer, Dns, Found, Kind, NoName, NoRecord, Silent
from support.name_server import NameServer
from support.on_loop import on_loop

T0 = 1_790_000_000_000_000


def dns_of(server: NameServer, clock: VirtualClock | None = None, *, seconds: float = 5.0) -> Dns:
    return Dns(clock or VirtualClock(T0), ("127.0.0.1",), port=server.port, seconds=seconds)


async def ask(server: NameServer, name: str, kind: Kind, *, seconds: float = 5.0) -> Answer:
    return await dns_of(server, seconds=seconds).ask(name, kind)


@on_loop
async def test_each_kind_of_record_is_read() -> None:
    async with NameServer() as server:
        server.put("shop.example", "MX", "20 MX2.shop.example", "10 mx1.shop.example", ttl=600)
        server.put("shop.example", "A", "192.0.2.7")
        server.put("shop.example", "AAAA", "2001:db8::7")
        server.put("shop.example", "TXT", '"v=spf1 " "-all"', '"k=ü"')
        server.put("mx1.shop.example", "CNAME", "relay.example")
        mx = await ask(server, "Shop.Example.", "MX")
        assert isinstance(mx, Found)
        assert {(it.preference, it.value) for it in mx.records} == {
            (10, "mx1.shop.example"), (20, "mx2.shop.example")
        }  # fmt: skip
        assert mx.ttl == 600 * SECOND
        for kind, said in (("A", "192.0.2.7"), ("AAAA", "2001:db8::7")):
            found = await ask(server, "shop.example", kind)  # type: ignore[arg-type]
            assert isinstance(found, Found)
            assert found.values == (said,)
        text = await ask(server, "shop.example", "TXT")
        assert isinstance(text, Found)
        assert set(text.values) == {"v=spf1 -all", "k=ü"}
        alias = await ask(server, "mx1.shop.example", "CNAME")
        assert isinstance(alias, Found)
        assert alias.values == ("relay.example",)


@on_loop
async def test_an_alias_is_followed() -> None:
    async with NameServer() as server:
        server.put("mail.shop.example", "CNAME", "relay.example", ttl=120)
        server.put("relay.example", "A", "192.0.2.9", ttl=7200)
        found = await ask(server, "mail.shop.example", "A")
        assert isinstance(found, Found)
        assert (found.values, found.ttl) == (("192.0.2.9",), 2 * MINUTE)


@on_loop
async def test_the_names_of_an_address_are_found() -> None:
    async with NameServer() as server:
        server.put("7.2.0.192.in-addr.arpa", "PTR", "Mail.Shop.Example")
        found = await dns_of(server).pointer("192.0.2.7")
        assert isinstance(found, Found)
        assert found.values == ("mail.shop.example",)
        assert isinstance(await dns_of(server).pointer("2001:db8::1"), NoName)
        assert isinstance(await dns_of(server).pointer("no address"), NoName)


@on_loop
async def test_a_domain_that_takes_no_mail_says_so_with_an_empty_name() -> None:
    async with NameServer() as server:
        server.put("quiet.example", "MX", "0 .")
        found = await ask(server, "quiet.example", "MX")
        assert isinstance(found, Found)
        assert found.values == ("",)


@on_loop
async def test_no_such_name_and_no_such_record_are_told_apart() -> None:
    async with NameServer(negative_ttl=900) as server:
        server.put("shop.example", "A", "192.0.2.7")
        assert await ask(server, "nowhere.example", "MX") == NoName(ttl=15 * MINUTE)
        assert await ask(server, "shop.example", "MX") == NoRecord(ttl=15 * MINUTE)


@on_loop
async def test_who_does_not_answer_or_cannot_say_is_silent() -> None:
    async with NameServer() as server:
        server.fail("a.example", "SERVFAIL")
        server.fail("b.example", "REFUSED")
        server.silent_about("c.example")
        said = [await ask(server, f"{it}.example", "MX") for it in "ab"]
        said.append(await ask(server, "c.example", "MX", seconds=0.2))
    assert said == [
        Silent(reason="the name servers said SERVFAIL", answered=True),
        Silent(reason="the name servers said REFUSED", answered=True),
        Silent(reason="no name server answered for 0.2 seconds"),
    ]


@on_loop
async def test_a_port_where_nobody_listens_is_silent() -> None:
    async with NameServer() as server:
        port = server.port
    found = await Dns(VirtualClock(T0), ("127.0.0.1",), port=port, seconds=0.3).ask("shop.example", "MX")
    assert isinstance(found, Silent)


@pytest.mark.parametrize("name", ["", ".", "a..example", "x" * 64 + ".example", "a." * 130 + "example"])
@on_loop
async def test_what_can_be_no_name_is_not_asked_for(name: str) -> None:
    async with NameServer() as server:
        assert isinstance(await ask(server, name, "MX"), NoName)
        assert server.asked == []


@on_loop
async def test_a_name_beyond_ascii_is_asked_for_in_its_other_spelling() -> None:
    async with NameServer() as server:
        server.put("xn--mnchen-3ya.example", "MX", "10 mx.example")
        assert isinstance(await ask(server, "MÜNCHEN.example", "MX"), Found)


@on_loop
async def test_an_answer_is_kept_for_as_long_as_it_allows() -> None:
    clock = VirtualClock(T0)
    async with NameServer() as server:
        server.put("shop.example", "MX", "10 mx.example", ttl=3600)
        dns = dns_of(server, clock)
        for _ in range(3):
            await dns.ask("shop.example", "MX")
        assert len(server.asked) == 1
        clock.move_to(T0 + HOUR - 1)
        await dns.ask("shop.example", "MX")
        assert len(server.asked) == 1
        clock.move_to(T0 + HOUR)
        await dns.ask("shop.example", "MX")
        assert len(server.asked) == 2


@pytest.mark.parametrize(("ttl", "kept"), [(0, MINUTE), (7 * 86_400, DAY)])
@on_loop
async def test_no_answer_is_kept_shorter_than_a_minute_or_longer_than_a_day(ttl: int, kept: int) -> None:
    async with NameServer() as server:
        server.put("shop.example", "MX", "10 mx.example", ttl=ttl)
        found = await ask(server, "shop.example", "MX")
        assert isinstance(found, Found)
        assert found.ttl == kept


@on_loop
async def test_silence_is_not_kept() -> None:
    async with NameServer() as server:
        server.put("shop.example", "MX", "10 mx.example")
        server.fail("shop.example", "SERVFAIL")
        dns = dns_of(server)
        assert isinstance(await dns.ask("shop.example", "MX"), Silent)
        server.fail("shop.example", "")
        assert isinstance(await dns.ask("shop.example", "MX"), Found)


@on_loop
async def test_the_same_question_at_once_is_asked_once() -> None:
    async with NameServer(delay=0.02) as server:
        server.put("shop.example", "MX", "10 mx.example")
        dns = dns_of(server)
        found = await asyncio.gather(*(dns.ask("shop.example", "MX") for _ in range(20)))
        assert len(set(map(type, found))) == 1
        assert len(server.asked) == 1


@on_loop
async def test_one_who_stops_waiting_takes_the_answer_from_nobody() -> None:
    async with NameServer(delay=0.05) as server:
        server.put("shop.example", "MX", "10 mx.example")
        dns = dns_of(server)
        first = asyncio.create_task(dns.ask("shop.example", "MX"))
        second = asyncio.create_task(dns.ask("shop.example", "MX"))
        await asyncio.sleep(0.01)
        first.cancel()
        assert isinstance(await second, Found)


@on_loop
async def test_no_more_questions_are_under_way_than_allowed() -> None:
    async with NameServer(delay=0.01) as server:
        dns = Dns(VirtualClock(T0), ("127.0.0.1",), port=server.port, at_once=3)
        await asyncio.gather(*(dns.ask(f"d{n}.example", "MX") for n in range(12)))
        assert len(server.asked) == 12
        assert server.most_at_once == 3


@on_loop
async def test_an_answer_too_long_for_one_packet_is_fetched_whole() -> None:
    texts = [f'"{n:02}{"x" * 200}"' for n in range(20)]
    async with NameServer() as server:
        server.put("shop.example", "TXT", *texts)
        found = await ask(server, "shop.example", "TXT")
        assert isinstance(found, Found)
        assert len(found.values) == 20
