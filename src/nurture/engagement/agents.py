"""What the name alone tells that a browser or a program gives itself. Hostile text."""

from __future__ import annotations

import re
from functools import lru_cache

from nurture.engagement.known import is_listed

APPLE = "Mozilla/5.0"
"""All that Apple's privacy proxy says of itself."""

GOOGLE_AHEAD = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 "
    "Safari/537.36 Edge/12.246 Mozilla/5.0"
)
"""Under this name Google fetches pictures before anybody opens; it is no browser's."""

_LOOKED_AT = 400
"""Characters of an agent that are looked at; the agents of browsers are shorter."""

_PERSONS_PROXY = re.compile(r"GoogleImageProxy|YahooMailProxy", re.IGNORECASE)

_BROWSER = re.compile(r"Mozilla/[45]\.0 \(|Opera/\d|UCWEB/\d")
"""How the agents of browsers begin, since 1998."""

_MODERN = re.compile(r"\b(Chrome|Firefox|Version|CriOS|FxiOS|Edg|OPR)/\d")
"""What only browsers have besides, and not the mail programs that share their beginning."""

_CRAWLER = re.compile(
    r"""
    (?<!cu)bot\b | bot[/;_-] | crawl | spider | slurp | scanner | \bscan\b | preview | prefetch | fetcher
    | headless | phantomjs | selenium | puppeteer | playwright | lighthouse | validator | embedly | iframely
    | https?:// | \bwww\. | @
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
"""Words of those who do not hide it, and addresses where more is to be read about them: browsers have none."""


def is_persons_proxy(agent: str) -> bool:
    """Whether it is an image proxy that fetches when a person opens (Gmail, Yahoo Mail)."""
    return _PERSONS_PROXY.search(agent, 0, _LOOKED_AT) is not None


@lru_cache(maxsize=4096)
def is_crawler(agent: str) -> bool:
    """Whether the agent is known for reading links that no person clicked."""
    agent = agent[:_LOOKED_AT]
    return _CRAWLER.search(agent) is not None or is_listed(agent)


def is_bare(agent: str) -> bool:
    """Whether the agent is exactly what Apple's privacy proxy sends."""
    return agent.strip() == APPLE


def is_ahead(agent: str) -> bool:
    """Whether the agent is the one under which Google fetches pictures ahead."""
    return agent.strip() == GOOGLE_AHEAD


def is_browser(agent: str) -> bool:
    """Whether the agent begins as those of browsers do; mail programs that show messages in one do as well."""
    return _BROWSER.match(agent) is not None


def names_language(agent: str) -> bool:
    """Whether a request under this agent says which language it wants, as every browser's does."""
    return is_browser(agent) and _MODERN.search(agent, 0, _LOOKED_AT) is not None
