"""The signs of a machine, each with its weight, in one table; and what an agent's name alone tells.

Opens and clicks by machines: link scanners of companies and of mailbox providers follow every link within
seconds of delivery; Apple's privacy proxy fetches every picture and calls itself exactly `Mozilla/5.0`; the
image proxies of Google and Yahoo fetch when a person opens, so theirs are a person's opens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from nurture.clock import MINUTE, SECOND, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSign:
    """One sign: how much it weighs (1 and more: a machine; 0.5 and more: we cannot tell) and what it says."""

    weight: float
    kind: Literal["scanner", "prefetch"]
    reason: str


RULES = 2
"""The version of these rules. It goes up with every change that may give a hit another verdict, so that
`nurture rescore` finds what was judged before."""

SIGNS: dict[str, MachineSign] = {
    "hidden": MachineSign(weight=2.0, kind="scanner", reason="followed the link that no person sees"),
    "near hidden": MachineSign(
        weight=1.5, kind="scanner", reason="came with one that followed the hidden link"
    ),
    "burst": MachineSign(weight=1.5, kind="scanner", reason="three or more links within 10 seconds"),
    "crawler": MachineSign(
        weight=1.5, kind="scanner", reason="the agent is a known crawler, scanner or script"
    ),
    "apple": MachineSign(weight=1.2, kind="prefetch", reason="Apple's privacy proxy fetches every picture"),
    "head": MachineSign(weight=1.0, kind="scanner", reason="asked for the headers only (HEAD)"),
    "transit": MachineSign(weight=1.0, kind="scanner", reason="before the message was delivered"),
    "click at once": MachineSign(weight=1.0, kind="scanner", reason="a click within 2 seconds of delivery"),
    "click early": MachineSign(weight=0.5, kind="scanner", reason="a click within 10 seconds of delivery"),
    "open at once": MachineSign(weight=0.5, kind="prefetch", reason="an open within 2 seconds of delivery"),
    "bare agent": MachineSign(weight=1.0, kind="scanner", reason="no browser calls itself just Mozilla/5.0"),
    "no agent": MachineSign(weight=0.5, kind="scanner", reason="no browser hides its name"),
}

MACHINE = 1.0
"""From this sum of weights on, it was a machine."""

UNSURE = 0.5
"""From this sum on we cannot tell."""

BURST_LINKS = 3
BURST_SPAN: Span = 10 * SECOND
AT_ONCE: Span = 2 * SECOND
EARLY: Span = 10 * SECOND
NEAR_HIDDEN: Span = 10 * SECOND
"""Hits of any agent this near to a hit of the hidden link were made by the same machine."""
SAME_MACHINE: Span = 30 * MINUTE
"""Hits from the same address with the same agent as a hit of the hidden link, up to this far from it."""

_PERSONS_PROXY = re.compile(r"GoogleImageProxy|YahooMailProxy", re.IGNORECASE)

_CRAWLER = re.compile(
    r"""
    (?<!cu)bot\b | bot[/;_-] | crawl | spider | slurp | scanner | \bscan\b | preview | prefetch | fetcher
    | headless | phantomjs | selenium | puppeteer | playwright | lighthouse | validator | embedly | iframely
    | ^(curl|wget|java|jakarta|ruby|perl|php|node|deno|bun|go|dart|undici|axios|got|lua)\b
    | python[-/ ] | aiohttp | httpx | urllib | requests/ | httpclient | http[-_ ]client | libwww | lwp::
    | okhttp | winhttp | guzzle | scrapy | node-fetch | restsharp | powershell
    | barracuda | proofpoint | mimecast | safelinks | fireeye | trendmicro | sophos | symantec | messagelabs
    | forcepoint | zscaler | ironport | cisco[-_ ]?(email|secure) | vade(secure|retro)? | checkpoint | avanan
    | fortinet | bitdefender | virustotal | urlscan | phishtank | netcraft | censys | zgrab | masscan | nmap
    | nuclei | nikto | sqlmap
    | facebookexternalhit | whatsapp/ | slack-imgproxy | skypeuripreview | pinterest/ | archive\.org
    | microsoft\ office\ existence\ discovery | ms-office-url | mediapartners | feedfetcher
    """,
    re.IGNORECASE | re.VERBOSE,
)


def is_persons_proxy(agent: str) -> bool:
    """Whether it is an image proxy that fetches when a person opens (Gmail, Yahoo Mail)."""
    return _PERSONS_PROXY.search(agent) is not None


def is_crawler(agent: str) -> bool:
    """Whether the agent is known for reading links that no person clicked."""
    return _CRAWLER.search(agent) is not None


def is_bare(agent: str) -> bool:
    """Whether the agent is exactly what Apple's privacy proxy sends."""
    return agent.strip() == "Mozilla/5.0"
