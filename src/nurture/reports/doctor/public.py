"""The public address: whether people's clicks, and mailbox providers' one-click unsubscribing, come through."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from nurture.reports.doctor.verdict import Verdict, verdict

_TOPIC = "public address"
LONGEST_LINK = 900
"""Beyond it a header line comes near the 998 characters that are allowed, and servers on the way break it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSeen:
    """What came back from the public address."""

    url: str
    addresses: tuple[str, ...] = ()
    """Where its name leads; none: nowhere."""
    status: int = 0
    """Of the unsubscribe page, for a token that was signed here; 0: no answer."""
    forged: int = 0
    """The same for a token that nobody signed."""
    trouble: str = ""


def address(seen: PublicSeen) -> list[Verdict]:
    """From this machine: what the world outside sees cannot be known here."""
    parts = urlsplit(seen.url)
    host = parts.hostname or ""
    found: list[Verdict] = []
    if parts.scheme != "https":
        what = f"{seen.url} is not https: one-click unsubscribing counts for nothing without (RFC 8058)"
        found.append(
            verdict("missing", _TOPIC, what, "Get a certificate, and write https:// in [web] public_url.")
        )
    if not seen.addresses:
        remedy = "Publish an address for it (A, AAAA)."
        return [*found, verdict("missing", _TOPIC, f"{host} leads nowhere", remedy)]
    inside = [it for it in seen.addresses if not ip_address(it).is_global]
    if inside:
        what = f"{host} leads to {inside[0]}, which nobody outside can reach"
        found.append(
            verdict("missing", _TOPIC, what, "Write in [web] public_url a name that the world can reach.")
        )
    return [*found, _answer(seen)]


def _answer(seen: PublicSeen) -> Verdict:
    if seen.trouble:
        remedy = "Look whether nurture run runs, and the proxy before it."
        return verdict("missing", _TOPIC, f"{seen.url} does not answer: {seen.trouble}", remedy)
    if seen.status == 200 and seen.forged == 404:
        return verdict(
            "ok",
            _TOPIC,
            f"{seen.url} answers, and knows a token that was signed here (asked from this machine)",
        )
    if seen.status == 404 and seen.forged == 404:
        what = f"{seen.url} answers, and does not know a token that was signed here"
        remedy = "Look that /u/ goes through the proxy, and that both have the same secret.key."
        return verdict("missing", _TOPIC, what, remedy)
    what = f"{seen.url} answers the unsubscribe page with {seen.status}, and a forged one with {seen.forged}"
    return verdict(
        "missing", _TOPIC, what, "It is not nurture that answers there, or something stands in between."
    )


def one_click(link: str) -> Verdict:
    """The one-click address as it stands in List-Unsubscribe."""
    line = len(f"List-Unsubscribe: <{link}>,")
    if len(link) > LONGEST_LINK:
        what = f"the address is {len(link)} characters long, and no message can bear it"
        return verdict("missing", "unsubscribing", what, "Choose a shorter [web] public_url.")
    if not link.startswith("https://"):
        return verdict("missing", "unsubscribing", "one click needs an https address", "See public address.")
    return verdict(
        "ok", "unsubscribing", f"one click; its line has {line} of 998 characters and is not broken"
    )
