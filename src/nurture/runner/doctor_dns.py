"""The doctor's questions to DNS, and what its judgements make of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address

from nurture.providers.dns import Dns, Found, Kind, Silent
from nurture.reports.doctor import dkim, dmarc, spf, ways
from nurture.reports.doctor.verdict import Verdict, silent, verdict
from nurture.settings.dkim_keys import SigningKey

_MOST_INCLUDED = 40
_ADDRESSES: tuple[Kind, ...] = ("A", "AAAA")


_BY_RELAY = (
    "v=spf1 include:RELAY ~all",
    "Publish this one, with what your relay's operator tells you in place of RELAY.",
)


class Silence(Exception):
    """Nobody answered."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name, self.reason = name, reason


class DnsLooks:
    """Looks at domains. Each look gives verdicts, also where DNS is silent."""

    def __init__(self, dns: Dns) -> None:
        self._dns = dns

    async def texts(self, name: str, kind: Kind = "TXT") -> tuple[str, ...]:
        """The records; none where there are none. Raises Silence."""
        match await self._dns.ask(name, kind):
            case Found() as found:
                return found.values
            case Silent(reason=reason):
                raise Silence(name, reason)
        return ()

    async def envelope(self, domain: str, addresses: Sequence[str], *, direct: bool) -> list[Verdict]:
        """`addresses`: ours, where we deliver ourselves and know them."""
        try:
            found = await self._spf(domain, (), [_MOST_INCLUDED])
            judged = spf.judge(found, *(_direct(addresses) if direct else _BY_RELAY))
            if found.terms:
                judged += [it for address in addresses for it in await self._allowed(found, address)]
        except Silence as silence:
            return [silent("SPF", f"the record of {silence.name}", silence.reason)]
        return judged

    async def _spf(self, domain: str, above: tuple[str, ...], room: list[int]) -> spf.Spf:
        """`room`: how many more may be followed, so that nobody's records keep us busy."""
        records = spf.records_of(await self.texts(domain))
        path = (*above, domain)
        wanted = [name for name in dict.fromkeys(spf.names_to_follow(records)) if name not in path]
        wanted = wanted[: max(0, room[0])]
        room[0] -= len(wanted)
        found = await asyncio.gather(*(self._spf(name, path, room) for name in wanted))
        return spf.Spf(domain=domain, records=records, named=dict(zip(wanted, found, strict=True)))

    async def _allowed(self, found: spf.Spf, address: str) -> list[Verdict]:
        hosts = {it: await self._hosts(*it) for it in spf.hosts_to_resolve(found)}
        passes = spf.allows(found, address, hosts)
        if passes is False:
            what = f"the record of {found.domain} does not let mail from {address} through, which is this machine"
            return [verdict("missing", "SPF", what, f"Put {_mechanism(address)} into it, before its end.")]
        return []

    async def _hosts(self, by: str, name: str) -> tuple[str, ...]:
        names = await self.texts(name, "MX") if by == "mx" else (name,)
        asked: list[tuple[str, Kind]] = [(it, kind) for it in names if it for kind in _ADDRESSES]
        found = await asyncio.gather(*(self.texts(*it) for it in asked))
        return tuple(address for it in found for address in it)

    async def key(self, key: SigningKey) -> list[Verdict]:
        """Whether the key is published."""
        try:
            return dkim.judge(key, await self.texts(key.record_name))
        except Silence as silence:
            return [silent("DKIM", silence.name, silence.reason)]

    async def policy(self, domain: str, *, signed_by: str, envelope: str, others_sign: bool) -> list[Verdict]:
        """The policy of a From domain."""
        try:
            asked = dmarc.names_to_ask(domain)
            found = await asyncio.gather(*(self.texts(f"_dmarc.{name}") for name in asked))
        except Silence as silence:
            return [silent("DMARC", f"the policy of {domain}", silence.reason)]
        published = {name: dmarc.records_of(texts) for name, texts in zip(asked, found, strict=True)}
        return dmarc.judge(domain, published, signed_by=signed_by, envelope=envelope, others_sign=others_sign)

    async def bounces(self, domain: str, host: str) -> list[Verdict]:
        """Whether what bounces comes back."""
        try:
            hosts = await self.texts(domain, "MX")
            addresses = () if hosts else await self._hosts("a", domain)
        except Silence as silence:
            return [silent("bounces", f"the MX of {domain}", silence.reason)]
        return [ways.bounces(domain, hosts, addresses, host)]

    async def pointer(self, address: str, hello: str) -> list[Verdict]:
        """The name of our address, and its way back."""
        if not ip_address(address).is_global:
            return [ways.unknown_address(address)]
        match await self._dns.pointer(address):
            case Found() as found:
                names = found.values
            case Silent(reason=reason):
                return [silent("PTR", f"the name of {address}", reason)]
            case _:
                names = ()
        try:
            back = [name for name in names if address in await self._hosts("a", name)]
        except Silence as silence:
            return [silent("PTR", silence.name, silence.reason)]
        return [ways.pointer(ways.Pointer(address=address, names=names, back=back, hello=hello))]


def _mechanism(address: str) -> str:
    return f"{'ip6' if ':' in address else 'ip4'}:{address}"


def _direct(addresses: Sequence[str]) -> tuple[str, str]:
    return f"v=spf1 {' '.join(map(_mechanism, addresses)) or 'a mx'} -all", "Publish this record."
