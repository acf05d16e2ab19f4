"""Whose address a request comes from, also where proxies of our own pass it on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.types import Scope

from nurture.providers.addresses import Network, networks

_LONGEST = 45
"""Letters of an address of IPv6 that holds one of IPv4."""
_PEERS = 4096
"""How many peers are remembered: proxies are few, and without them each peer is asked about once."""


class ClientIp:
    """Tells the address of whoever asks: the peer's own, or what a proxy of ours says in X-Forwarded-For.

    Anybody can write that header, so only what our proxies added counts: from its right end, the first address that
    is not one of them. Safe to share between threads.
    """

    def __init__(self, proxies: Sequence[Network] = ()) -> None:
        self._proxies = tuple(proxies)
        self._is_ours = lru_cache(_PEERS)(self._look)

    def __call__(self, scope: Scope) -> str:
        """The address, at most 45 letters; empty where it is not known. Never raises."""
        client = scope.get("client")
        peer: str = client[0] if client else ""
        if not self._proxies or not self._is_ours(peer):
            return peer[:_LONGEST]
        return self._passed_on(scope, peer)

    def _passed_on(self, scope: Scope, peer: str) -> str:
        nearest = peer
        said = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        for text in reversed(said.decode("latin-1").split(",")):
            address = _read(text)
            if address is None:
                # What stands left of something that no proxy of ours writes is not to be believed either.
                break
            nearest = str(address)
            if not self._is_ours(nearest):
                break
        return nearest[:_LONGEST]

    def _look(self, text: str) -> bool:
        address = _read(text)
        return address is not None and any(address in network for network in self._proxies)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: also with a port, or in brackets. None: it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@lru_cache(64)
def client_ip_of(proxies: tuple[str, ...]) -> ClientIp:
    """The one for networks as they stand in the settings."""
    return ClientIp(networks(proxies))
