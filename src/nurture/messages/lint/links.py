"""Links that lead nowhere, are not safe to follow, or hide where they lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from lxml import etree

from nurture.messages.compiled import Compiled
from nurture.messages.lint.flaw import Flaw
from nurture.messages.lint.seen import seen
from nurture.messages.masking import Masker
from nurture.messages.segments import split

# fmt: off
SHORTENERS = frozenset({
    "bit.ly", "bl.ink", "buff.ly", "cutt.ly", "goo.gl", "is.gd", "lnkd.in", "ow.ly", "rb.gy", "rebrand.ly",
    "s.id", "shorturl.at", "t.co", "t.ly", "tiny.cc", "tinyurl.com", "v.gd",
})
# fmt: on
"""Well known services that hide where a link leads; Spamhaus and others list many of their addresses."""

_HOST = re.compile(r"(?!-)[\w-]{1,63}(?<!-)(?:\.(?!-)[\w-]{1,63}(?<!-))+\.?", re.IGNORECASE)
_BLANK = re.compile(r"\s")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_OTHER = re.compile(r"(?:mailto|tel|sms|cid|https?):|#", re.IGNORECASE)


def bad_links(compiled: Compiled, root: etree._Element, masker: Masker) -> Iterator[Flaw]:
    """Each thing that is wrong with where the links of a message lead, as far as they are the same for everybody."""
    for link in compiled.links:
        yield from _tracked(link)
    for element, _ in seen(root):
        href = element.get("href") if element.tag in ("a", "area") else None
        if href is not None and not masker.numbers(href):
            yield from _untracked(href.strip())


def _tracked(link: str) -> Iterator[Flaw]:
    """`link` is http or https, or begins with a value, and may hold values further on."""
    segments = split(link)
    if not segments or segments[0].kind != "data":
        return
    known, whole = segments[0].text, len(segments) == 1
    if _BLANK.search(known):
        yield _flaw("bad-link", link, "has a blank in it", "write %20 for it")
        return
    try:
        parts = urlsplit(known)
        host = (parts.hostname or "").lower()
    except ValueError:
        yield _flaw("bad-link", link, "leads nowhere", "write it as https://shop.example/page")
        return
    if whole or "/" in known.partition("//")[2]:
        yield from _host(link, host, "@" in parts.netloc)
    if parts.scheme.lower() == "http" and host not in _LOCAL:
        yield _flaw("http-link", link, "is not encrypted", "write https: browsers warn of such pages")


def _host(link: str, host: str, with_user: bool) -> Iterator[Flaw]:
    if host in _LOCAL:
        return
    if with_user:
        yield _flaw("bad-link", link, "looks like a trick: what stands before @ is no page", "leave it out")
    elif _is_number(host):
        yield _flaw("bad-link", link, "leads to a number in place of a name", "filters take that for fraud")
    elif not _HOST.fullmatch(host):
        yield _flaw("bad-link", link, "leads nowhere", "write it as https://shop.example/page")
    elif host.removeprefix("www.") in SHORTENERS:
        hint = "write where it leads: filters distrust shorteners, and clicks are counted here anyway"
        yield _flaw("short-link", link, "hides where it leads", hint)


def _untracked(href: str) -> Iterator[Flaw]:
    if not href or href == "#":
        yield _flaw("bad-link", href, "leads nowhere", "write it as https://shop.example/page")
    elif href.lower().startswith(("javascript:", "vbscript:", "data:")):
        yield _flaw("bad-link", href, "is a script, which every mail program drops", "link to a page")
    elif not _OTHER.match(href):
        hint = (
            "write it in full, as https://shop.example/page: a message has no place that it could start from"
        )
        yield _flaw("bad-link", href, "leads nowhere", hint)


def _flaw(code: str, link: str, said: str, hint: str) -> Flaw:
    shown = link if len(link) <= 60 else link[:57] + "…"
    pattern = re.escape(link) if link else r"href\s*=\s*(?:\"\s*\"|'\s*'|(?=[\s>]))"
    return Flaw(code=code, message=f'the link "{shown}" {said}', hint=hint, pattern=pattern)


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
