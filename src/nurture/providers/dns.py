"""Questions to the domain name system, and what its answers mean.

"There is none" and "nobody answers" are told apart everywhere: the first says something about a domain, the second
only about the network.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import dns.asyncresolver
import dns.edns
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
import dns.reversename

from nurture.clock import DAY, MINUTE, SECOND, Clock, Moment, Span

Kind: TypeAlias = Literal["MX", "A", "AAAA", "TXT", "PTR", "CNAME"]

SHORTEST: Span = MINUTE
LONGEST: Span = DAY
"""Answers are kept for as long as they allow, within these."""

_PAYLOAD = 1232
"""Bytes of an answer over UDP that no network breaks up (DNS flag day 2020); longer ones come over TCP."""

_KEPT = 50_000
"""Answers in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record: an address, a text (its strings joined, RFC 7208 3.3), or a name in lower case, without the last dot.

    An MX whose name is empty says that the domain takes no mail (RFC 7505).
    """

    value: str
    preference: int = 0
    """Of an MX: the lowest is tried first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The records, in the order they came in."""

    records: tuple[Record, ...]
    ttl: Span = SHORTEST

    @property
    def values(self) -> tuple[str, ...]:
        """What the records say."""
        return tuple(it.value for it in self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoName:
    """The name does not exist (NXDOMAIN), or could not be one."""

    ttl: Span = SHORTEST


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRecord:
    """The name exists and has no record of that kind."""

    ttl: Span = SHORTEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Nothing is known: no name server answered in time, or none could say."""

    reason: str
    answered: bool = False
    """A name server did answer, that it cannot say: the trouble is more likely theirs than ours."""


Answer: TypeAlias = Found | NoName | NoRecord | Silent


class Dns:
    """Asks the name servers of this machine, or those given, and remembers what they say. For one event loop."""

    def __init__(
        self,
        clock: Clock,
        nameservers: Sequence[str] = (),
        *,
        port: int = 53,
        seconds: float = 5.0,
        at_once: int = 50,
    ) -> None:
        """`nameservers`: their addresses; none: those of /etc/resolv.conf. `seconds`: for one question, in all."""
        self._clock = clock
        self._nameservers = tuple(nameservers)
        self._port = port
        self._seconds = seconds
        self._turn = asyncio.Semaphore(at_once)
        self._resolver: dns.asyncresolver.Resolver | None = None
        self._kept: dict[tuple[str, Kind], tuple[Moment, Answer]] = {}
        self._asking: dict[tuple[str, Kind], asyncio.Task[Answer]] = {}

    async def ask(self, name: str, kind: Kind) -> Answer:
        """The records of `kind` that `name` has. Asked at once by many, it is asked once."""
        question = (name.rstrip(".").lower(), kind)
        kept = self._kept.get(question)
        if kept is not None and kept[0] > self._clock.now():
            return kept[1]
        task = self._asking.get(question)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._ask(*question))
            self._asking[question] = task
            task.add_done_callback(lambda _: self._asking.pop(question, None))
        return await asyncio.shield(task)

    async def pointer(self, address: str) -> Answer:
        """The names of an IPv4 or IPv6 address (PTR)."""
        try:
            ipaddress.ip_address(address)
        except ValueError:
            return NoName()
        return await self.ask(dns.reversename.from_address(address).to_text(), "PTR")

    async def _ask(self, name: str, kind: Kind) -> Answer:
        absolute = _absolute(name)
        if absolute is None:
            return NoName()
        async with self._turn:
            answer = await self._resolve(absolute, kind)
        if not isinstance(answer, Silent):
            if len(self._kept) >= _KEPT:
                self._forget()
            self._kept[(name, kind)] = (self._clock.now() + answer.ttl, answer)
        return answer

    async def _resolve(self, name: dns.name.Name, kind: Kind) -> Answer:
        try:
            resolver = self._ready()
            # Beside its own limit, which asks the wall clock.
            async with asyncio.timeout(self._seconds + 1):
                found = await resolver.resolve(name, kind, search=False, lifetime=self._seconds)
        except dns.resolver.NXDOMAIN as error:
            # Where an alias leads nowhere it is its target that does not exist; for mail that is the same.
            return NoName(ttl=_negative_ttl(error.kwargs["responses"][name]))
        except dns.resolver.NoAnswer as error:
            return NoRecord(ttl=_negative_ttl(error.kwargs["response"]))
        except dns.resolver.NoResolverConfiguration as error:
            return Silent(reason=f"this machine has no name servers: {error}")
        except dns.resolver.NoNameservers as error:
            return _cannot_say(error)
        except (TimeoutError, dns.resolver.LifetimeTimeout):
            return Silent(reason=f"no name server answered for {self._seconds:g} seconds")
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return Silent(reason=f"the name server's answer cannot be read: {error}"[:200])
        if found.rrset is None:
            return NoRecord(ttl=SHORTEST)
        ttl = _within(found.chaining_result.minimum_ttl * SECOND)
        return Found(records=tuple(_READERS[kind](it) for it in found.rrset), ttl=ttl)

    def _ready(self) -> dns.asyncresolver.Resolver:
        if self._resolver is None:
            resolver = dns.asyncresolver.Resolver(configure=not self._nameservers)
            if self._nameservers:
                resolver.nameservers = list(self._nameservers)
                resolver.port = self._port
            resolver.use_edns(0, 0, _PAYLOAD)
            self._resolver = resolver
        return self._resolver

    def _forget(self) -> None:
        """Make room: what has run out, else the oldest half."""
        now = self._clock.now()
        left = {question: it for question, it in self._kept.items() if it[0] > now}
        if len(left) > _KEPT // 2:
            left = dict(list(left.items())[-(_KEPT // 2) :])
        self._kept = left


def _absolute(name: str) -> dns.name.Name | None:
    """`name` as it is asked for, beyond ASCII by IDNA 2008; None: it cannot be one."""
    try:
        found = dns.name.from_text(name, idna_codec=dns.name.IDNA_2008_UTS_46)
    except (dns.exception.DNSException, ValueError):
        return None
    return found if len(found) > 1 else None


def _within(ttl: Span) -> Span:
    return min(max(ttl, SHORTEST), LONGEST)


def _negative_ttl(response: dns.message.QueryMessage) -> Span:
    """How long "there is none" holds (RFC 2308 5)."""
    try:
        return _within(response.resolve_chaining().minimum_ttl * SECOND)
    except dns.exception.DNSException:
        return SHORTEST


def _cannot_say(error: dns.resolver.NoNameservers) -> Silent:
    errors = error.kwargs.get("errors", ())
    said = dict.fromkeys(str(it[3]) for it in errors)
    answered = any(it[4] is not None for it in errors)
    if not said:
        return Silent(reason="no name server could say")
    return Silent(reason=f"the name servers said {', '.join(said)}"[:200], answered=answered)


def _name(target: dns.name.Name) -> str:
    return target.to_text(omit_final_dot=True).lower() if len(target) > 1 else ""


_READERS: dict[Kind, Callable[[Any], Record]] = {
    "A": lambda it: Record(value=it.address),
    "AAAA": lambda it: Record(value=it.address),
    "MX": lambda it: Record(value=_name(it.exchange), preference=it.preference),
    "PTR": lambda it: Record(value=_name(it.target)),
    "CNAME": lambda it: Record(value=_name(it.target)),
    "TXT": lambda it: Record(value=b"".join(it.strings).decode("utf-8", "replace")),
}
