"""Which hosts take the mail of a domain (RFC 5321 5.1, RFC 7505), and at which of their addresses we may knock."""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeAlias

from nurture.clock import Span
from nurture.providers.addresses import Network, may_go
from nurture.providers.dns import Dns, Found, NoName, Silent

NO_DOMAIN = "no such domain"
NO_MAIL = "the domain takes no mail"

MOST_HOSTS = 10
"""More are not tried for one connection, nor kept."""

Hosts: TypeAlias = tuple[tuple[int, str], ...]
"""Preference and name, the preferred first, by name where equal: the same set is always the same value."""

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where mail for a domain goes: its lane, and the hosts behind that."""

    lane: str
    hosts: Hosts


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHosts:
    """These take it."""

    hosts: Hosts
    ttl: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMail:
    """Nobody does, now or later: a hard bounce."""

    reason: str
    ttl: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where a host is reached, best first; none: `reason` says why."""

    found: tuple[str, ...] = ()
    reason: str = ""
    silent: bool = False
    """No name server answered."""


async def mail_hosts(dns: Dns, domain: str) -> MailHosts | NoMail | Silent:
    """Who takes mail for `domain`. Silent: nobody knows now, which says nothing about the domain."""
    answer = await dns.ask(domain, "MX")
    match answer:
        case Found():
            return _listed(answer)
        case NoName():
            return NoMail(reason=NO_DOMAIN, ttl=answer.ttl)
        case Silent():
            return answer
    # No MX: the domain itself is its mail server, where it has an address (RFC 5321 5.1).
    own = await asyncio.gather(dns.ask(domain, "A"), dns.ask(domain, "AAAA"))
    for it in own:
        if isinstance(it, Found):
            return MailHosts(hosts=((0, domain.rstrip(".").lower()),), ttl=min(it.ttl, answer.ttl))
    for it in own:
        if isinstance(it, Silent):
            return it
    return NoMail(reason=f"{NO_MAIL}: it has no mail server and no address", ttl=answer.ttl)


def _listed(answer: Found) -> MailHosts | NoMail:
    usable = {(it.preference, it.value) for it in answer.records if _HOST.fullmatch(it.value)}
    if usable:
        return MailHosts(hosts=tuple(sorted(usable))[:MOST_HOSTS], ttl=answer.ttl)
    if all(it.value == "" for it in answer.records):
        return NoMail(reason=f"{NO_MAIL} (null MX)", ttl=answer.ttl)
    return NoMail(reason=f"{NO_MAIL}: the names of its mail servers cannot be names", ttl=answer.ttl)


def in_order(hosts: Iterable[tuple[int, str]], seed: str) -> tuple[str, ...]:
    """The names by preference; equal ones in an order that `seed` decides, so that load is spread over them."""

    def place(host: tuple[int, str]) -> tuple[int, bytes]:
        preference, name = host
        return preference, hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest()

    return tuple(name for _, name in sorted(hosts, key=place))


async def addresses_of(dns: Dns, host: str, allowed: Sequence[Network]) -> Addresses:
    """The addresses of `host` that mail may go to: IPv4 first, which is held to fewer conditions by those we write to.

    Only the world at large, and `allowed` networks: never this machine, and nothing inside.
    """
    answers = await asyncio.gather(dns.ask(host, "A"), dns.ask(host, "AAAA"))
    every = [address for it in answers if isinstance(it, Found) for address in it.values]
    found = tuple(it for it in every if _among(it, allowed) or (may_go(it) and not is_own(it)))
    if found:
        return Addresses(found=found)
    if every:
        return Addresses(reason=f"{host} ({every[0]}) is not an address of the world at large, or is our own")
    for it in answers:
        if isinstance(it, Silent):
            return Addresses(reason=f"{host}: {it.reason}", silent=not it.answered)
    return Addresses(reason=f"{host} has no address")


def is_own(address: str) -> bool:
    """Whether this machine is reached at `address`. Nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        try:
            # Only chooses a way: for an address of our own, from that very address.
            asking.connect((address, 25))
        except OSError:
            return False
        return bool(asking.getsockname()[0] == address)


def _among(address: str, allowed: Sequence[Network]) -> bool:
    return any(ip_address(address) in network for network in allowed)
