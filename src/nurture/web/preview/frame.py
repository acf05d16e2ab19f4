"""A message made ready for the frame of the preview page, in which it is light or dark whatever the screen is."""

from __future__ import annotations

import re

from nurture.web.letters import for_frame

_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
# Each ends at the next that begins, so that one that is never closed is not looked for again and again.
_STYLE = re.compile(r"<style\b[^<>]*>[^<]*(?:<(?!/?style\b)[^<]*)*</style\s*>", re.IGNORECASE)
_MEDIA = re.compile(r"\smedia\s*=\s*(?:\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_META = re.compile(
    r"(<meta\s[^<>]{0,200}?name\s*=\s*[\"']?color-scheme[\"']?[^<>]{0,200}?content\s*=\s*)(\"[^\"]*\"|'[^']*')",
    re.IGNORECASE,
)
_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"


def in_scheme(html: str, *, dark: bool) -> str:
    """The HTML as a mail program shows it that is set to dark, or to light.

    Browsers answer `prefers-color-scheme` by the screen's setting, and not by ours: so the question is answered here.
    A message that says nothing of dark stays light, as it does in programs that leave colours alone.
    """
    wanted = "dark" if dark else "light"

    def answered(part: re.Match[str]) -> str:
        return _SCHEME.sub(lambda it: _ALWAYS if it[1].lower() == wanted else _NEVER, part[0])

    html = _MEDIA.sub(answered, _STYLE.sub(answered, html))
    return _META.sub(lambda it: f'{it[1]}"{wanted if wanted in it[2].lower() else "light"}"', html)


def knows_dark(html: str) -> bool:
    """Whether a message has styles of its own for dark."""
    return any(it[1].lower() == "dark" for it in _SCHEME.finditer(html))


def framed(html: str, *, dark: bool) -> str:
    """What stands in the frame: links open outside of it."""
    return for_frame(in_scheme(html, dark=dark))
