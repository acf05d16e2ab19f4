"""Layouts and parts in a language: `layouts/base.de.html` stands in for `layouts/base.html` in German messages."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_NAMES_A_FILE = re.compile(
    r"(\{%[-+]?\s*(?:extends|include|from)\s+)(?P<quote>[\"'])(?P<path>[^\"']+)(?P=quote)"
)

_HTML = re.compile(r"<html(?P<rest>(?:\s[^<>]*)?)>", re.IGNORECASE)
_LANG = re.compile(r"(?P<before>\slang\s*=\s*)(?P<value>\"[^\"{]*\"|'[^'{]*'|[^\s\"'{>]+)", re.IGNORECASE)
_ANY_LANG = re.compile(r"\slang\s*=", re.IGNORECASE)


def speaking(html: str, language: str, *, always: bool) -> str:
    """The document with its language said in <html>; `always`: in place of another that is written there."""

    def put(match: re.Match[str]) -> str:
        rest = match["rest"]
        if not _ANY_LANG.search(rest):
            return f'<html lang="{language}"{rest}>'
        said = f'\\g<before>"{language}"'
        return f"<html{_LANG.sub(said, rest)}>" if always else match[0]

    return _HTML.sub(put, html, count=1)


def variant(path: str, locale: str, known: Collection[str]) -> str:
    """The file that stands in for `path` in messages in `locale`: de-at, else de, else `path` itself."""
    stem, dot, ending = path.rpartition(".")
    for language in dict.fromkeys((locale, locale.partition("-")[0])):
        if language and dot and f"{stem}.{language}.{ending}" in known:
            return f"{stem}.{language}.{ending}"
    return path


def in_language(parts: Mapping[str, str], locale: str) -> dict[str, str]:
    """`parts` with the names of other files in them changed to those in `locale`."""

    def speaking(own: str, text: str) -> str:
        def put(match: re.Match[str]) -> str:
            found = variant(match["path"], locale, parts)
            # What stands in for a file may itself be made of that file.
            return match[0] if found == own else f"{match[1]}{match['quote']}{found}{match['quote']}"

        return _NAMES_A_FILE.sub(put, text)

    return {path: speaking(path, text) for path, text in parts.items()}
