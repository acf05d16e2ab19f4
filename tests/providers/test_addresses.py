"""Which addresses may be called: those of the world, in whatever form they are written, and nothing inside."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.providers.addresses import may_go, networks


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"],
)
def test_the_world_may_be_called(address: str) -> None:
    assert may_go(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "255.255.255.255", "224.0.0.1", "198.18.0.1", "192.0.2.1", "192.88.99.1", "240.0.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff0e::1", "2001:db8::1", "2001:0:1::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254",
        "64:ff9b:1::1", "2002:a00:1::", "2002:7f00:1::1", "", "localhost", "10.0.0.1/8", "010.0.0.1",
    ],
)  # fmt: skip
def test_nothing_inside_may_be_called(address: str) -> None:
    assert not may_go(address)


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_inside_stays_inside_in_every_form(number: int) -> None:
    plain = IPv4Address(number)
    if not may_go(str(plain)):
        assert not may_go(str(IPv6Address(0xFFFF_0000_0000 | number)))
        assert not may_go(str(IPv6Address((0x64_FF9B << 96) | number)))
        assert not may_go(str(IPv6Address((0x2002 << 112) | (number << 80))))
        assert not may_go(str(IPv6Address(number)))


def test_a_network_of_ones_own_may_be_called_where_it_is_allowed_and_no_other() -> None:
    allowed = networks(["10.1.0.0/16", "fd00::/8"])
    assert may_go("10.1.2.3", allowed)
    assert may_go("::ffff:10.1.2.3", allowed)
    assert may_go("fd00::1", allowed)
    assert not may_go("10.2.0.1", allowed)
    assert not may_go("127.0.0.1", allowed)
    assert may_go("8.8.8.8", allowed)
