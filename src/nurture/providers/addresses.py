"""Which addresses of the network a request to the world may go to, so that nobody reaches what is inside ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

_RELAYS = IPv4Network("192.88.99.0/24")
"""6to4 relays (RFC 7526): nobody's own."""
_UNICAST = IPv6Network("2000::/3")
"""The part of IPv6 that is given out to the world (RFC 4291); the rest is local, or stands for something else."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""The IPv4 address in its last 32 bits is what is reached (RFC 6052)."""


def networks(written: Iterable[str]) -> tuple[Network, ...]:
    """From `10.0.0.0/8` and the like. Raises ValueError."""
    return tuple(ip_network(text.strip()) for text in written)


def may_go(address: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether `address` belongs to the world at large, or to a network that is allowed by name."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if any(parsed in network for network in allowed):
        return True
    if isinstance(parsed, IPv4Address):
        return _is_public(parsed)
    if parsed in _NAT64:
        return _is_public(IPv4Address(int(parsed) & 0xFFFF_FFFF))
    if parsed.sixtofour is not None and not _is_public(parsed.sixtofour):
        return False
    return parsed in _UNICAST and parsed.is_global


def _is_public(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and address not in _RELAYS
