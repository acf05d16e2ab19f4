"""Mistakes in the elements of an MJML source: mrml takes a closing tag for any other, and unknown elements for HTML."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nurture.messages.segments import split

# fmt: off
ELEMENTS = frozenset({
    "mjml", "mj-head", "mj-body", "mj-attributes", "mj-all", "mj-class", "mj-breakpoint", "mj-font",
    "mj-html-attributes", "mj-selector", "mj-html-attribute", "mj-preview", "mj-style", "mj-title", "mj-raw",
    "mj-accordion", "mj-accordion-element", "mj-accordion-title", "mj-accordion-text", "mj-button", "mj-carousel",
    "mj-carousel-image", "mj-column", "mj-divider", "mj-group", "mj-hero", "mj-image", "mj-navbar", "mj-navbar-link",
    "mj-section", "mj-social", "mj-social-element", "mj-spacer", "mj-table", "mj-text", "mj-wrapper",
})
# fmt: on
"""MJML 4, as far as mrml makes something of it."""
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_RAW = re.compile(
    r"<(mj-raw|mj-style|style|script)\b[^>]*>.*?</\1\s*>|<!--.*?-->|<!DOCTYPE[^>]*>", re.DOTALL | re.I
)
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-zA-Z][\w:-]*)(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
_UNQUOTED = re.compile(r"=\s*[^\s\"'>]")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One mistake; `text` is how the source is written where it stands."""

    text: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    text: str
    is_end: bool
    is_empty: bool


def wrong_tag(source: str) -> Wrong | None:
    """The first mistake."""
    open_tags: list[_Tag] = []
    for tag in _tags(source):
        if tag.name.startswith("mj") and tag.name not in ELEMENTS:
            return _unknown(tag)
        if _UNQUOTED.search(_QUOTED.sub('""', tag.text)) and tag.name in ELEMENTS:
            return Wrong(tag.text, f"a value of <{tag.name}> has no quotes", 'Write it as color="red".')
        if tag.is_end:
            if not open_tags or open_tags[-1].name != tag.name:
                return _not_closed(tag, open_tags)
            open_tags.pop()
        elif not tag.is_empty and tag.name not in _VOID:
            open_tags.append(tag)
    if open_tags:
        it = open_tags[-1]
        return Wrong(it.text, f"<{it.name}> is not closed", f"Close it with </{it.name}>.")
    return None


def _tags(source: str) -> Iterator[_Tag]:
    """The tags of the HTML and MJML in it, without what stands in comments and in mj-raw."""
    # Marks may hold any sign: blanks of the same length stand for them.
    plain = "".join(it.text if it.kind == "data" else "\0" * len(it.text) for it in split(source))
    whole = "".join(it.text for it in split(source))
    plain = _RAW.sub(lambda found: " " * len(found[0]), plain)
    for found in _TAG.finditer(plain):
        yield _Tag(
            name=found["name"].lower(),
            text=whole[found.start() : found.end()],
            is_end=bool(found["end"]),
            is_empty=found["rest"].rstrip().endswith("/"),
        )


def _unknown(tag: _Tag) -> Wrong:
    if tag.name == "mj-include":
        return Wrong(
            tag.text,
            "<mj-include> opens no files here",
            'Use {% include "partials/…" %}, which does the same.',
        )
    near = difflib.get_close_matches(tag.name, ELEMENTS, 1)
    hint = f'did you mean "{near[0]}"?' if near else "Look at what MJML 4 has."
    return Wrong(tag.text, f'MJML has no "{tag.name}"', hint)


def _not_closed(tag: _Tag, open_tags: list[_Tag]) -> Wrong:
    if any(it.name == tag.name for it in open_tags):
        it = open_tags[-1]
        return Wrong(
            it.text, f"<{it.name}> is not closed before </{tag.name}>", f"Close it with </{it.name}>."
        )
    return Wrong(
        tag.text,
        f"</{tag.name}> closes nothing that is open",
        "Take it out, or open it within the same branch.",
    )
