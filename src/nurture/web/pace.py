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
        visitor = visitor_of(ip)
        return not visitor or self.allows_name(visitor, now)

    def allows_name(self, name: str, now: Moment) -> bool:
        """The same for whatever has a name."""
        with self._lock:
            times = [at for at in self._seen.pop(name, []) if now - self._span < at <= now]
            allowed = len(times) < self._most
            self._seen[name] = [*times, now] if allowed else times
            if len(self._seen) > VISITORS:
                self._seen.popitem(last=False)
            return allowed


class Spellings:
    """At most `most` ways to write the address of one mailbox within `span`. Safe to share between threads.

    Many providers deliver `ann+1@` where `ann@` goes, and Gmail does not look at points: so one mailbox has any number
    of addresses.
    """

    def __init__(self, most: int, span: Span) -> None:
        self._most = most
        self._span = span
        self._seen: OrderedDict[str, dict[str, Moment]] = OrderedDict()
        self._lock = Lock()

    def allows(self, address: str, now: Moment) -> bool:
        """Whether this address, in lower case, is one of the first ways in which its mailbox was written."""
        mailbox = _mailbox(address)
        with self._lock:
            seen = {it: at for it, at in self._seen.pop(mailbox, {}).items() if now - self._span < at <= now}
            allowed = address in seen or len(seen) < self._most
            if allowed:
                seen.setdefault(address, now)
            self._seen[mailbox] = seen
            if len(self._seen) > VISITORS:
                self._seen.popitem(last=False)
            return allowed


def _mailbox(address: str) -> str:
    """One name for all addresses that may lead to the same mailbox."""
    local, _, domain = address.rpartition("@")
    plain = local.partition("+")[0] or local
    if domain in ("gmail.com", "googlemail.com"):
        return f"{plain.replace('.', '')}@gmail.com"
    return f"{plain}@{domain}"


def visitor_of(ip: str) -> str:
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
