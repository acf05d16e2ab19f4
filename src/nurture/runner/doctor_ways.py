"""The doctor's look at how mail leaves and clicks arrive: relays, our own address, the public address."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from email.utils import parseaddr
from ipaddress import ip_address
from urllib.parse import urlsplit

from nurture.clock import Clock
from nurture.messages.tokens import Key, Signer
from nurture.messages.urls import Urls
from nurture.providers.own_address import addresses_of, own_addresses
from nurture.providers.smtp_connect import Endpoint, own_name
from nurture.providers.smtp_look import look
from nurture.providers.smtp_talk import Limits
from nurture.providers.web_look import status_of
from nurture.reports.doctor import public, ways
from nurture.reports.doctor.public import PublicSeen
from nurture.reports.doctor.verdict import Verdict, verdict
from nurture.reports.doctor.ways import RelaySeen
from nurture.runner.doctor_dns import DnsLooks
from nurture.runner.doctor_threads import aside
from nurture.settings import Relay, Settings

NOBODYS: Key = (0, 0)
"""No message has this key: its tokens are real and stand for nobody."""


class Ways:
    """Looks at the ways of one workspace."""

    def __init__(self, settings: Settings, signer: Signer, clock: Clock) -> None:
        self._settings = settings
        self._signer = signer
        self._clock = clock
        self.direct = settings.deliver == "mx"

    def looks(self, seconds: float) -> list[tuple[str, Awaitable[list[Verdict]]]]:
        """One for each relay, and one for the public address; each connection has so long."""
        asked = self._settings.provider == "smtp" and not self.direct
        relays = self._settings.relays if asked else ()
        looks: list[tuple[str, Awaitable[list[Verdict]]]] = [
            ("relay", self.relay(it, seconds)) for it in relays
        ]
        return [*looks, ("relay", self._no_mail()), ("public address", self.public(seconds))]

    async def envelope(self, looks: DnsLooks, domain: str) -> list[Verdict]:
        """That of an envelope's domain; where we deliver ourselves, our address has to pass."""
        ours = [it for it in await aside(own_addresses) if ip_address(it).is_global] if self.direct else []
        return await looks.envelope(domain, ours, direct=self.direct)

    async def bounces(self, looks: DnsLooks) -> list[Verdict]:
        """Where they come back to."""
        domain = self._settings.bounces.domain
        if not domain:
            return [ways.no_bounce_domain(parseaddr(self._settings.sender.from_)[1])]
        own = await aside(own_name)
        return await looks.bounces(domain, own if "." in own else f"mail.{domain}")

    async def pointer(self, looks: DnsLooks) -> list[Verdict]:
        """PTR of each address that we leave by."""
        if not self.direct:
            what = "your relay's address is what receivers look at, and it cannot be known from here"
            return [verdict("note", "PTR", what, "Its operator sees to it.")]
        addresses = await aside(own_addresses)
        if not addresses:
            return [verdict("missing", "PTR", "this machine has no way out", "Look at its network: ip route")]
        hello = self._settings.mx.name or await aside(own_name)
        found = await asyncio.gather(*(looks.pointer(it, hello) for it in addresses))
        return [it for verdicts in found for it in verdicts]

    async def relay(self, relay: Relay, seconds: float) -> list[Verdict]:
        """Connect, speak TLS and log in as for sending."""
        place = f"{relay.host}:{relay.port}"
        where = f"{relay.name} ({place})" if relay.name else place
        addresses = await aside(lambda: addresses_of(relay.host, relay.port))
        if not addresses:
            remedy = "Correct relay.host."
            return [
                verdict("missing", "relay", f"{where}: there is no such name, or nobody knows it", remedy)
            ]
        endpoint = Endpoint(
            host=relay.host,
            port=relay.port,
            security=relay.security,
            username=relay.username,
            password=relay.password,
            ca_file=relay.ca_file,
            name=relay.called,
            variable=relay.variable if relay.name else "NURTURE_RELAY_PASSWORD",
            local_name=await aside(own_name),
        )
        looked = await look(endpoint, Limits(connect=seconds, leave=1.0))
        seen = RelaySeen(
            where=where,
            security=relay.security,
            trouble=looked.trouble,
            remedy=looked.remedy,
            logs_in=bool(relay.username),
            on_this_machine=all(ip_address(it).is_loopback for it in addresses),
            offers_starttls=looked.offers_starttls,
            certificate_ends=looked.certificate_ends,
        )
        return ways.relay(seen, self._clock.now())

    async def _no_mail(self) -> list[Verdict]:
        if self._settings.provider == "smtp":
            return []
        what = f'provider = "{self._settings.provider}": no mail leaves, and no relay was asked'
        return [verdict("note", "relay", what, 'Write provider = "smtp" in nurture.toml when it shall.')]

    async def public(self, seconds: float) -> list[Verdict]:
        """Ask the unsubscribe page for a token of ours that stands for nobody, and for a forged one."""
        url = self._settings.web.public_url
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        addresses = await aside(lambda: addresses_of(host, port))
        if not addresses:
            return public.address(PublicSeen(url=url))
        link = Urls(url, self._signer).unsubscribe(NOBODYS)
        forged = link[:-1] + ("A" if link[-1] != "A" else "B")
        answers = await asyncio.gather(status_of(link, seconds), status_of(forged, seconds))
        known, unknown = ((it, "") if isinstance(it, int) else (0, it) for it in answers)
        seen = PublicSeen(
            url=url, addresses=addresses, status=known[0], forged=unknown[0], trouble=known[1] or unknown[1]
        )
        return public.address(seen)
