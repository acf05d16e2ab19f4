"""The signs that one request bears by itself: its agent, its address, its header fields, its time."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nurture.clock import Moment
from nurture.engagement.agents import (
    is_ahead,
    is_bare,
    is_browser,
    is_crawler,
    is_persons_proxy,
    names_language,
)
from nurture.engagement.hit import Hit
from nurture.engagement.known import filter_at
from nurture.engagement.signs import AT_ONCE, EARLY

_PURPOSE = ("sec-purpose", "purpose", "x-purpose", "x-moz")
"""Fields in which a browser says that nobody has asked for it yet; the first is of the Fetch standard."""

_AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)

_WEBMAIL = re.compile(
    r"https://(mail\.google\.com|mail\.(yahoo|aol)\.com|outlook\.(live|office|office365)\.com"
    r"|deref-(gmx|web|mail)(-\d+)?\.(net|com|de)|e\.mail\.ru|mail\.yandex\.(ru|com))(/|$)",
    re.IGNORECASE,
)
"""Pages on which people read mail, as their browsers name them in Referer."""


def signs(hit: Hit, delivered_at: Moment, *, opened: bool) -> Iterable[str]:
    """The names of the signs; `opened`: a person had the message before them shortly before.

    `delivered_at` is the handover; 0 where it is not known.
    """
    if hit.kind == "hidden":
        yield "hidden"
    if hit.method == "HEAD":
        yield "head"
    if hit.kind == "open" and is_persons_proxy(hit.agent):
        return
    yield from _agent(hit)
    if any(_AHEAD.search(hit.extra.get(name, "")) for name in _PURPOSE):
        yield "purpose"
    if filter_at(hit.ip):
        yield "network"
    if delivered_at:
        yield from _age(hit, delivered_at, opened or _from_webmail(hit))


def _agent(hit: Hit) -> Iterable[str]:
    agent, opens = hit.agent, hit.kind == "open"
    if not agent.strip():
        yield "no agent"
    elif is_bare(agent):
        yield "apple" if opens else "bare agent"
    elif is_ahead(agent):
        yield "ahead"
    elif is_crawler(agent):
        yield "crawler"
    elif not opens and not is_browser(agent):
        yield "no browser"
    # Where the field is not in `extra` at all, nobody wrote down whether it was sent.
    elif not opens and names_language(agent) and not hit.extra.get("accept-language", "?").strip():
        yield "no language"


def _age(hit: Hit, delivered_at: Moment, reading: bool) -> Iterable[str]:
    age = hit.at - delivered_at
    if age < 0:
        yield "transit"
    elif hit.kind == "click" and age < AT_ONCE:
        yield "click at once"
    elif hit.kind == "click" and age < EARLY and not reading:
        yield "click early"
    elif hit.kind == "open" and age < AT_ONCE:
        yield "open at once"


def _from_webmail(hit: Hit) -> bool:
    return _WEBMAIL.match(hit.extra.get("referer", "")) is not None
