"""A connection to one of the mail servers of a domain, whichever of them can be had."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from nurture.clock import MINUTE, SECOND, Clock, Moment, Span
from nurture.providers.addresses import Network
from nurture.providers.dns import Dns
from nurture.providers.mx_hosts import Addresses, Hosts, addresses_of, in_order
from nurture.providers.smtp_connect import Endpoint, NotConnected, connect
from nurture.providers.smtp_replies import Reply
from nurture.providers.smtp_talk import Limits, Talk

MOST_TRIED = 4
"""Addresses tried for one connection."""

SHUN_FIRST: Span = 30 * SECOND
SHUN_MOST: Span = 5 * MINUTE
"""How long an address that gave no connection is left alone; doubled each time."""

_OUR_NETWORK = {
    errno.ENETUNREACH,
    errno.ENETDOWN,
    errno.EADDRNOTAVAIL,
    errno.EPERM,
    errno.EMFILE,
    errno.ENFILE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """Letters can go over it."""

    talk: Talk
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """No mail server gives a connection now."""

    reason: str
    ours: bool = False
    """Nothing left this machine: the trouble is not theirs."""
    replies: tuple[Reply, ...] = ()
    """What those said that were reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shunned:
    until: Moment
    span: Span
    reason: str


class Doors:
    """Knows how to get into mail servers, and remembers for a while which could not be had."""

    def __init__(
        self,
        clock: Clock,
        dns: Dns,
        *,
        port: int,
        networks: Sequence[Network],
        own_name: str,
        limits: Limits,
    ) -> None:
        self._clock = clock
        self._dns = dns
        self._port = port
        self._networks = tuple(networks)
        self._own_name = own_name
        self._limits = limits
        self._shunned: dict[str, _Shunned] = {}

    async def open(self, hosts: Hosts, seed: str, *, shun: bool = True) -> Connected | Closed:
        """A connection to the best of `hosts` that can be had. `seed` decides between equal ones.

        With `shun` those that cannot be had are left alone for a while from then on.
        """
        reasons: list[str] = []
        replies: list[Reply] = []
        ours = True
        tried = 0
        async for host, addresses in self._places(hosts, seed):
            if not addresses.found:
                reasons.append(addresses.reason)
                ours = ours and addresses.silent
            for address in addresses.found:
                if (shunned := self._shuns(address)) is not None:
                    reasons.append(shunned.reason)
                    ours = False
                    continue
                if tried >= MOST_TRIED:
                    break
                tried += 1
                try:
                    talk = await connect(self._endpoint(host, address), self._limits)
                except NotConnected as down:
                    reasons.append(f"{down.where}: {down.message}")
                    if not is_ours(down):
                        ours = False
                        if shun:
                            self.shun(address, reasons[-1])
                    if down.reply is not None:
                        replies.append(down.reply)
                else:
                    self._shunned.pop(address, None)
                    return Connected(talk=talk, address=address)
        return Closed(reason="; ".join(dict.fromkeys(reasons))[:400], ours=ours, replies=tuple(replies))

    async def _places(self, hosts: Hosts, seed: str) -> AsyncIterator[tuple[str, Addresses]]:
        for host in in_order(hosts, seed):
            yield host, await addresses_of(self._dns, host, self._networks)

    def shun(self, address: str, reason: str) -> None:
        """Leave `address` alone for a while."""
        before = self._shunned.get(address)
        span = min(before.span * 2, SHUN_MOST) if before is not None else SHUN_FIRST
        self._shunned[address] = _Shunned(until=self._clock.now() + span, span=span, reason=reason)

    def _shuns(self, address: str) -> _Shunned | None:
        it = self._shunned.get(address)
        return it if it is not None and it.until > self._clock.now() else None

    def _endpoint(self, host: str, address: str) -> Endpoint:
        return Endpoint(
            host=host,
            address=address,
            port=self._port,
            security="opportunistic",
            local_name=self._own_name,
        )


def is_ours(down: NotConnected) -> bool:
    """Whether the way out of this machine is what was missing."""
    error: BaseException | None = down
    while error is not None:
        if isinstance(error, OSError) and error.errno in _OUR_NETWORK:
            return True
        error = error.__cause__ or error.__context__
    return False
