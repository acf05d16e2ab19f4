"""Whose address a request comes from."""

from __future__ import annotations

import pytest
from starlette.types import Scope

from nurture.web.client_ip import client_ip_of

PROXIES = ("10.0.0.0/8", "fd00::/8")


def scope(peer: str | None, *forwarded: str) -> Scope:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return {"client": (peer, 1) if peer is not None else None, "headers": [(b"host", b"x"), *headers]}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("93.184.216.34", (), "93.184.216.34"),
        ("10.1.2.3", (), "10.1.2.3"),
        ("10.1.2.3", ("93.184.216.34",), "93.184.216.34"),
        ("::ffff:10.1.2.3", ("93.184.216.34",), "93.184.216.34"),
        ("10.1.2.3", ("93.184.216.34:4711",), "93.184.216.34"),
        ("10.1.2.3", ("[2001:db8::1]:4711",), "2001:db8::1"),
        ("fd00::1", ("93.184.216.34, fd00::2, 10.9.9.9",), "93.184.216.34"),
        ("10.1.2.3", ("93.184.216.34", "10.9.9.9"), "93.184.216.34"),
        ("10.1.2.3", ("10.8.8.8, 10.9.9.9",), "10.8.8.8"),
        ("10.1.2.3", ("8.8.8.8, 93.184.216.34",), "93.184.216.34"),
        ("10.1.2.3", ("8.8.8.8, <script>, 10.9.9.9",), "10.9.9.9"),
        ("10.1.2.3", ("",), "10.1.2.3"),
        ("10.1.2.3", ("\xff" * 5000,), "10.1.2.3"),
        (None, ("93.184.216.34",), ""),
    ],
)
def test_behind_proxies_of_ones_own_it_is_the_nearest_that_is_not_one(
    peer: str | None, forwarded: tuple[str, ...], address: str
) -> None:
    assert client_ip_of(PROXIES)(scope(peer, *forwarded)) == address


def test_what_anybody_writes_about_himself_is_not_believed() -> None:
    assert client_ip_of(PROXIES)(scope("93.184.216.34", "8.8.8.8")) == "93.184.216.34"
    assert client_ip_of(())(scope("127.0.0.1", "8.8.8.8")) == "127.0.0.1"
