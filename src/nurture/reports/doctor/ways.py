"""How mail leaves and comes back: relays, the machine's address, the bounce domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nurture.clock import DAY, Moment, format_iso
from nurture.reports.doctor.verdict import Publish, Verdict, verdict

_SOON = 14 * DAY
_TOO_SOON = DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySeen:
    """What a relay answered."""

    where: str
    security: str
    """As the settings say: none, starttls, tls."""
    trouble: str = ""
    """Why no connection could be had; empty: one could."""
    remedy: str = ""
    logs_in: bool = False
    """Whether the settings name a user; without trouble, the log-in worked."""
    on_this_machine: bool = False
    offers_starttls: bool = False
    certificate_ends: Moment | None = None


def relay(seen: RelaySeen, now: Moment) -> list[Verdict]:
    """One relay: whether letters could go over it now, and how safely."""
    if seen.trouble:
        return [verdict("missing", "relay", f"{seen.where}: {seen.trouble}", seen.remedy)]
    said = "logs us in" if seen.logs_in else "takes us without a log-in"
    if seen.security == "none":
        if seen.on_this_machine:
            return [verdict("ok", "relay", f"{seen.where} answers and {said}, in the clear on this machine")]
        return [_in_the_clear(seen, said)]
    ends = seen.certificate_ends
    if ends is None:
        return [verdict("ok", "relay", f"{seen.where} answers over TLS and {said}")]
    what = f"{seen.where} answers over TLS and {said}; its certificate ends {format_iso(ends)[:10]}"
    if ends - now < _SOON:
        return [verdict("warning", "relay", what, "Have it renewed: without it nothing is sent.")]
    return [verdict("ok", "relay", what)]


def _in_the_clear(seen: RelaySeen, said: str) -> Verdict:
    what = f"{seen.where} answers and {said}, in the clear"
    if seen.logs_in:
        what += ", the password with it"
    if seen.offers_starttls:
        return verdict("warning", "relay", what, 'It offers TLS: write security = "starttls" below [relay].')
    return verdict("warning", "relay", what, "Have it offer TLS, or reach it over a network of your own.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """An address of this machine, the names it points to, and where those lead."""

    address: str
    names: Sequence[str]
    back: Sequence[str]
    """Names among them that lead to the address again."""
    hello: str
    """What we call ourselves in EHLO."""


def pointer(it: Pointer) -> Verdict:
    """PTR and its way back, as Gmail asks for (only where we deliver ourselves)."""
    if not it.names:
        what = f"{it.address} has no name (PTR); Gmail and others refuse its mail"
        return verdict(
            "missing", "PTR", what, "Have whoever gives you the address set its PTR to this machine's name."
        )
    if not it.back:
        what = f"{it.address} is called {it.names[0]}, and that does not lead back to it"
        kind = "AAAA" if ":" in it.address else "A"
        publish = Publish(name=it.names[0], value=it.address, kind=kind)
        return verdict("missing", "PTR", what, "Publish this record.", publish=publish)
    if it.hello.lower() not in it.back:
        what = f"{it.address} is called {it.back[0]}, and we greet as {it.hello}"
        return verdict("warning", "PTR", what, f'Let both agree: [mx] name = "{it.back[0]}"')
    return verdict("ok", "PTR", f"{it.address} is called {it.back[0]}, which leads back to it")


def unknown_address(address: str) -> Verdict:
    """Behind another address nobody here knows which one receivers see."""
    what = f"this machine's address is {address}, a private one; which one receivers see cannot be known from here"
    return verdict("note", "PTR", what, "Ask for the PTR of the address that it leaves by: dig -x ADDRESS")


def bounces(domain: str, hosts: Sequence[str], addresses: Sequence[str], host: str) -> Verdict:
    """Whether mail to the bounce domain arrives anywhere. `host`: a name to propose."""
    if list(hosts) == [""]:
        return verdict(
            "missing",
            "bounces",
            f"{domain} says that it takes no mail (null MX)",
            "Publish an MX that takes it.",
        )
    if hosts:
        return verdict("ok", "bounces", f"mail to {domain} goes to {', '.join(hosts[:3])}")
    if addresses:
        what = f"{domain} has no MX; mail to it goes to its own address, {addresses[0]}"
        return verdict("warning", "bounces", what, "Publish an MX: some senders do not look further.")
    return verdict(
        "missing",
        "bounces",
        f"{domain} has no MX: what cannot be delivered comes back to nobody",
        "Publish an MX that leads to the mailbox which takes the bounces, such as:",
        publish=Publish(name=domain, kind="MX", value=f"10 {host}"),
    )


def no_bounce_domain(sender: str) -> Verdict:
    """Bounces go where people write to."""
    return verdict(
        "warning",
        "bounces",
        f"what cannot be delivered comes back to {sender}, and no program can tell whose mail it was",
        'Give it a domain of its own: [bounces] domain = "b.shop.example"',
    )
