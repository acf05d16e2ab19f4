"""What is wrong with a compiled message that can be rendered all the same: how it will look, and to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from lxml import etree, html

from nurture.errors import TemplateError
from nurture.messages.compiled import Compiled
from nurture.messages.dropped_css import DROPPED, OUTLOOK, Dropped
from nurture.messages.inlining import inline
from nurture.messages.masking import Masker

FORMAT = 1
"""Raised by whoever changes what is found in the same message."""
CLIPPED_AT = 102_400
"""Bytes of HTML, images not counted: Gmail shows no more of a message, and a link to the rest."""

_PARSER = html.HTMLParser(encoding="utf-8")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_WAYS_OUT = ("unsubscribe_url", "preferences_url")
_IMPORT = re.compile(r"@import\b", re.IGNORECASE)
_UNSEEN = frozenset({"head", "title", "script", "template"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One thing. Where it is written is for whoever has the files to find, by `pattern`."""

    code: str
    message: str
    hint: str
    pattern: str = ""
    """A regular expression for the place; empty: the message as a whole."""


def lint(compiled: Compiled) -> tuple[Flaw, ...]:
    """Everything that one look at a compiled message shows, each once."""
    masker = Masker(compiled.html)
    masked = masker.mask(compiled.html)
    if compiled.inline_each:
        with suppress(TemplateError):
            masked = inline(masked)
    root = etree.fromstring(masked.encode(), _PARSER)
    found = [*_size(compiled), *_images(root), *_sheets(root), *_styles(root, compiled.html)]
    return tuple(dict.fromkeys(found))


def can_be_left(compiled: Compiled) -> bool:
    """Whether both parts show a way to unsubscribe."""
    return all(any(it in part for it in _WAYS_OUT) for part in (compiled.html, compiled.text))


def is_clipped(html: str) -> int:
    """The size of a message's HTML in bytes where Gmail shows only a part of it, else 0."""
    size = len(html.encode("utf-8", "replace"))
    return size if size > CLIPPED_AT else 0


def clipped(name: str, size: int, whom: str = "") -> Flaw:
    """What there is to say of a message of `size` bytes."""
    told = f" for {whom}" if whom else ""
    return Flaw(
        code="clipped",
        message=f"{name} has {size / 1024:,.0f} KB of HTML{told}: Gmail cuts it off at 102 KB",
        hint="make it shorter, or its style sheet; how to unsubscribe is at its end",
    )


def _size(compiled: Compiled) -> Iterator[Flaw]:
    size = is_clipped(compiled.html)
    if size:
        yield clipped(compiled.name, size)


def _images(root: etree._Element) -> Iterator[Flaw]:
    for image in root.iter("img"):
        if "alt" not in image.attrib:
            yield Flaw(
                code="no-alt",
                message="this image has no alt",
                hint='say in alt="…" what it shows; alt="" where it shows nothing that matters',
                pattern=r"<img\b(?![^>]*\salt\s*=)[^>]*>?",
            )


def _sheets(root: etree._Element) -> Iterator[Flaw]:
    """caniemail.com: html-style, css-at-import, html-link."""
    if next(root.iterfind(".//body//style"), None) is not None:
        yield Flaw(
            code="css-dropped",
            message="Gmail and Outlook for Windows drop a <style> that stands in the body",
            hint="put it into the layout's <head>",
            pattern=r"<style\b",
        )
    if any(_IMPORT.search(style.text or "") for style in root.iter("style")):
        yield Flaw(
            code="css-dropped",
            message="Gmail drops @import",
            hint="write the styles into the layout's <style>",
            pattern=r"@import\b",
        )
    if any("stylesheet" in (link.get("rel") or "").lower() for link in root.iter("link")):
        yield Flaw(
            code="css-dropped",
            message="Gmail drops style sheets that stand in a file of their own",
            hint="write the styles into the layout's <style>",
            pattern=r"<link\b",
        )


def _styles(root: etree._Element, source: str) -> Iterator[Flaw]:
    threats = [it for it in DROPPED if not (it.made_good_by and it.made_good_by in source)]
    for element, outlook in _seen(root):
        declared = dict(_declarations(element.get("style") or ""))
        said = {*declared, *map(str, element.attrib)}
        for it in threats:
            harmless = element.tag in it.not_on or it.beside & said or (it.by == OUTLOOK and not outlook)
            if not harmless and any(_is_dropped(it, *pair) for pair in declared.items()):
                yield Flaw(
                    code="css-dropped",
                    message=f"{it.by} {'drops' if it.by == OUTLOOK else 'drop'} {it.said}",
                    hint=it.hint,
                    pattern=rf"(?<![\w-]){it.name.pattern}\s*:[^;}}\"']*?(?:{it.value.pattern})",
                )


def _is_dropped(it: Dropped, name: str, value: str) -> bool:
    return it.name.fullmatch(name) is not None and it.value.search(value) is not None


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for part in style.split(";"):
        name, colon, value = part.partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def _seen(root: etree._Element) -> Iterator[tuple[etree._Element, bool]]:
    """The elements that people see, and whether those with Outlook do: what is not for it says so in a comment."""
    outlook = True
    hidden: etree._Element | None = None
    for event, element in etree.iterwalk(root, events=("start", "end", "comment")):
        if event == "comment":
            said = (element.text or "").strip().lower()
            outlook = outlook and not said.startswith("[if !mso")
            outlook = outlook or "<![endif]" in said
        elif event == "end":
            hidden = None if element is hidden else hidden
        elif hidden is None:
            if element.tag in _UNSEEN or _HIDDEN.search(element.get("style") or ""):
                hidden = element
            else:
                yield element, outlook
