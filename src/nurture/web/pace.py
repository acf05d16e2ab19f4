"""How often one visitor may do something, counted in memory by each process that serves pages."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from threading import Lock

from nurture.clock import Moment, Span

VISITORS = 10_000
"""Remembered; the one that came longest ago is forgotten first."""


class Pace:
    """At most `most` times in any stretch of `span`. Safe to share between threads."""

    def __init__(self, most: int, span: Span) -> None:
        self._most = most
        self._span = span
        self._seen: OrderedDict[str, list[Moment]] = OrderedDict()
        self._lock = Lock()

    def allows(self, ip: str, now: Moment) -> bool:
        """Whether the visitor with this address may once more; it counts where they may.

        Behind a proxy that [web] proxies does not name, all have the address of this machine: they are not counted.
        """
        visitor = _visitor(ip)
        if not visitor:
            return True
        with self._lock:
            times = [at for at in self._seen.pop(visitor, []) if now - self._span < at <= now]
            allowed = len(times) < self._most
            self._seen[visitor] = [*times, now] if allowed else times
            if len(self._seen) > VISITORS:
                self._seen.popitem(last=False)
            return allowed


def _visitor(ip: str) -> str:
    """An address of IPv4, or the network that one household has in IPv6; empty: it tells nobody apart."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
