"""Lanes: which way a message goes, as the outbox names it, and under which key its limits are kept.

relay   "google"                 a provider, or "" for all others
mx      "google/aspmx.l.google.com"   PROVIDER/SITE: letters of one lane may share a connection
        "/mx1.shop.example"      a site of no provider that has a name
        "?shop.example"          not looked up yet
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["relay", "mx"]

_BY_HOST: tuple[tuple[str, str], ...] = (
    (".google.com", "google"),
    (".googlemail.com", "google"),
    (".psmtp.com", "google"),
    (".protection.outlook.com", "microsoft"),
    (".mx.microsoft", "microsoft"),
    (".hotmail.com", "microsoft"),
    (".yahoodns.net", "yahoo"),
    (".mail.icloud.com", "apple"),
    (".gmx.net", "gmx"),
    (".web.de", "gmx"),
    (".mail.com", "gmx"),
)
"""How the name of a mail server ends, and whose it is."""

_COUNTRY = r"(com|(co\.|com\.)?[a-z]{2})"
_BY_DOMAIN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), provider)
    for pattern, provider in (
        (r"(gmail|googlemail)\.com", "google"),
        (rf"(outlook|hotmail|live)\.{_COUNTRY}|(msn|passport|windowslive)\.com", "microsoft"),
        # Yahoo in Japan is another company with other servers.
        (rf"(?!yahoo\.(co\.)?jp$)yahoo\.{_COUNTRY}|(ymail|rocketmail)\.com", "yahoo"),
        (rf"aol\.{_COUNTRY}|(aim|verizon|netscape)\.(com|net)", "yahoo"),
        (r"(icloud|me|mac)\.com", "apple"),
        (rf"gmx\.({_COUNTRY}|net|org|info|biz)|web\.de|mail\.com", "gmx"),
    )
)
"""For where the domain name system says nothing, or was not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A lane, taken apart."""

    provider: str = ""
    """Who keeps the mailboxes; empty: one that has no name here."""
    site: str = ""
    """The first of its mail servers; empty: a relay finds the way, or it was not looked up yet."""
    domain: str = ""
    """Only where it was not looked up yet."""


def lane_of(domain: str, mx_hosts: Sequence[str], mode: Mode) -> str:
    """The lane of mail to `domain`.

    `mx_hosts` are its mail servers, best first and those of equal preference by name, so that the same servers
    give the same lane; empty: not known.
    """
    provider = provider_of(domain, mx_hosts)
    if mode == "relay":
        return provider
    return f"{provider}/{_plain(mx_hosts[0])}" if mx_hosts else f"?{_plain(domain)}"


def provider_of(domain: str, mx_hosts: Sequence[str] = ()) -> str:
    """Who keeps the mailboxes of `domain`: by its mail servers, or where they are not known, by its name.

    Empty: nobody who has a name here.
    """
    if mx_hosts:
        host = f".{_plain(mx_hosts[0])}"
        return next((provider for end, provider in _BY_HOST if host.endswith(end)), "")
    name = _plain(domain)
    return next((provider for pattern, provider in _BY_DOMAIN if pattern.fullmatch(name)), "")


def parse_lane(lane: str) -> Lane:
    """What stands in the name of a lane. Any text is one."""
    if lane.startswith("?"):
        return Lane(domain=lane[1:])
    provider, _, site = lane.partition("/")
    return Lane(provider=provider, site=site)


def limits_key(lane: str) -> str:
    """Under which key connections, rates and pauses of this lane are kept: the provider, else the lane itself."""
    return lane.partition("/")[0] or lane


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
