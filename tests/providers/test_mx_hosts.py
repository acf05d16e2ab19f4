"""Which hosts take a domain's mail, and where they may be reached."""

from __future__ import annotations

import socket
from collections import Counter

import pytest

from nurture.clock import MINUTE, SystemClock
from nurture.providers.addresses import networks
from nurture.providers.dns import Dns, Silent
from nurture.providers.mx_hosts import (
    MailHosts,
    NoMail,
    addresses_of,
    in_order,
    is_own,
    mail_hosts,
)
from support.name_server import NameServer
from support.on_loop import on_loop

HOSTS = ((10, "a.example"), (10, "b.example"), (10, "c.example"), (20, "d.example"))


def dns_of(server: NameServer) -> Dns:
    return Dns(SystemClock(), ("127.0.0.1",), port=server.port, seconds=10)


@on_loop
async def test_the_same_mail_servers_are_the_same_value_however_they_are_told() -> None:
    async with NameServer() as server:
        server.put("a.example", "MX", "20 c.example", "10 B.example", "10 a.example")
        server.put("b.example", "MX", "10 a.example", "20 c.example", "10 b.example")
        found = [await mail_hosts(dns_of(server), f"{it}.example") for it in "ab"]
        hosts = ((10, "a.example"), (10, "b.example"), (20, "c.example"))
        assert found == [MailHosts(hosts=hosts, ttl=5 * MINUTE)] * 2


@on_loop
async def test_each_answer_has_its_own_meaning() -> None:
    async with NameServer() as server:
        server.put("null.example", "MX", "0 .")
        server.put("mixed.example", "MX", "0 .", "10 mx.example")
        server.put("odd.example", "MX", r"10 a\032b.example")
        server.put("six.example", "AAAA", "2001:db8::1")
        server.put("bare.example", "TXT", "hello")
        server.fail("ill.example", "SERVFAIL")
        dns = dns_of(server)
        said = {name: await mail_hosts(dns, f"{name}.example") for name in ("null", "odd", "bare", "gone")}
        assert {name: it.reason for name, it in said.items() if isinstance(it, NoMail)} == {
            "null": "the domain takes no mail (null MX)",
            "odd": "the domain takes no mail: the names of its mail servers cannot be names",
            "bare": "the domain takes no mail: it has no mail server and no address",
            "gone": "no such domain",
        }
        mixed, six = await mail_hosts(dns, "mixed.example"), await mail_hosts(dns, "six.example")
        assert isinstance(mixed, MailHosts)
        assert mixed.hosts == ((10, "mx.example"),)
        assert isinstance(six, MailHosts)
        assert six.hosts == ((0, "six.example"),)
        assert isinstance(await mail_hosts(dns, "ill.example"), Silent)


@on_loop
async def test_a_domain_without_mx_whose_address_nobody_would_say_is_not_given_up() -> None:
    async with NameServer() as server:
        server.put("half.example", "TXT", "hello")
        dns = dns_of(server)
        await dns.ask("half.example", "MX")
        server.fail("half.example", "SERVFAIL")
        assert isinstance(await mail_hosts(dns, "half.example"), Silent)


def test_equal_ones_are_tried_in_an_order_that_the_seed_decides() -> None:
    assert in_order(HOSTS, "one") == in_order(reversed(HOSTS), "one")
    first = Counter(in_order(HOSTS, str(seed))[0] for seed in range(600))
    assert set(first) == {"a.example", "b.example", "c.example"}
    assert min(first.values()) > 150
    assert all(in_order(HOSTS, str(seed))[3] == "d.example" for seed in range(50))


@on_loop
async def test_only_addresses_of_the_world_are_reached_ipv4_first() -> None:
    async with NameServer() as server:
        server.put("mx.example", "AAAA", "2606:4700::1", "::1", "fd00::7")
        server.put(
            "mx.example", "A", "10.0.0.1", "127.0.0.1", "8.8.8.8", "0.0.0.0", "224.0.0.1", "169.254.1.1"
        )
        server.put("inside.example", "A", "127.0.0.1")
        dns = dns_of(server)
        assert (await addresses_of(dns, "mx.example", ())).found == ("8.8.8.8", "2606:4700::1")
        inside = await addresses_of(dns, "inside.example", ())
        assert inside.found == ()
        assert inside.reason == (
            "inside.example (127.0.0.1) is not an address of the world at large, or is our own"
        )
        assert (await addresses_of(dns, "inside.example", networks(["127.0.0.0/8"]))).found == ("127.0.0.1",)
        assert (await addresses_of(dns, "gone.example", ())).reason == "gone.example has no address"


def test_this_machine_knows_its_own_addresses() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("8.8.8.8", 53))
        except OSError:
            pytest.skip("this machine has no address beside loopback")
        own = asking.getsockname()[0]
    assert is_own(own)
    assert is_own("127.0.0.1")
    assert not is_own("8.8.8.8")
