"""Text of others made fit to stand in a mail, and rows of it as text and as HTML."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TypeAlias
from urllib.parse import quote

from markupsafe import Markup

from nurture.messages.notice import LONGEST_NOTE, LONGEST_VALUE

Rows: TypeAlias = list[tuple[str, str]]
Section: TypeAlias = tuple[str, Rows]
"""A title with rows of name and value."""


def plain(text: str, longest: int = LONGEST_VALUE) -> str:
    """On one line, without characters that control, hide or turn text, and without encoded words."""
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text[: 4 * longest])
    kept = " ".join(kept.replace("=?", "= ?").split())
    return kept if len(kept) <= longest else kept[: longest - 1].rstrip() + "…"


def plain_lines(text: str) -> list[str]:
    """The lines of a note."""
    return (
        [plain(line) for line in re.split(r"\r\n|[\r\n]", text[:LONGEST_NOTE].strip())]
        if text.strip()
        else []
    )


def sections_text(sections: Sequence[Section]) -> str:
    """Sections as plain text, the values of each under one another."""
    parts = []
    for title, rows in sections:
        wide = max(len(name) for name, _ in rows)
        lines = [f"{name:<{wide}}  {value}" for name, value in rows]
        parts.append("\n".join([title, "-" * len(title), *lines]))
    return "\n\n".join(parts)


PAGE = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
    '<body style="font-family:sans-serif;font-size:15px;line-height:1.4">{content}</body></html>'
)
_ROW = Markup(
    '<tr><th scope="row" style="text-align:left;vertical-align:top;padding:2px 16px 2px 0;font-weight:normal;'
    'color:#555">{name}</th><td style="padding:2px 0">{value}</td></tr>'
)
_LINK = Markup('<a href="mailto:{to}">{shown}</a>')


def sections_html(sections: Sequence[Section]) -> Markup:
    """Sections as tables; an address under Who is a link."""
    parts = []
    for title, rows in sections:
        parts.append(Markup('<h2 style="font-size:17px">{}</h2>').format(title))
        shown = (
            _ROW.format(
                name=name,
                value=_LINK.format(to=quote(value, safe="@"), shown=value)
                if (title, name) == ("Who", "Address")
                else value,
            )
            for name, value in rows
        )
        parts.append(Markup("<table>{}</table>").format(Markup("").join(shown)))
    return Markup("\n").join(parts)
