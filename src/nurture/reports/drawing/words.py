"""Texts that people wrote, made fit for a box: cleaned, measured and broken into lines."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from rich.cells import cell_len

MORE = "…"

Measure = Callable[[str], int]
"""How wide a text is."""

_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of writing for what stands around them."""


def plain(text: str) -> str:
    """`text` on one line, without what moves a cursor, turns the writing round or may not stand in XML."""
    return " ".join("".join(" " if _is_hostile(it) else it for it in text).split())


def _is_hostile(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind in ("Cc", "Cs", "Zl", "Zp") or character in _TURNS or ord(character) & 0xFFFE == 0xFFFE


def cells(text: str) -> int:
    """How many columns of a terminal it takes, character by character."""
    return len(text) if text.isascii() else sum(map(cell_len, text))


_NARROW = frozenset("iljtfrI.,:;'|!()[]{}/\\ ")
_BROAD = frozenset("mwMW@%=<>+~")


def pixels(text: str) -> int:
    """How wide it is at 14 px, measured for DejaVu Sans: other fonts that systems have are narrower."""
    return round(sum(map(_pixels, text)))


def _pixels(character: str) -> float:
    if character in _BROAD:
        return 13.8
    if character in _NARROW:
        return 5.5
    if character.isascii():
        return 10.8 if character.isupper() else 8.9
    return 9.0 * cell_len(character)


def wrap(text: str, room: int, most: int, measure: Measure) -> list[str]:
    """At most `most` lines no wider than `room`; what does not fit is cut off with an ellipsis."""
    longest = room * most
    if len(text) > longest:
        text = text[:longest] + MORE
    lines: list[str] = []
    for word in text.split(" "):
        lines = _put(lines, word, room, measure)
    if len(lines) > most:
        lines = [*lines[: most - 1], shorten(" ".join(lines[most - 1 :]), room, measure)]
    return lines


def _put(lines: list[str], word: str, room: int, measure: Measure) -> list[str]:
    *before, last = lines or [""]
    longer = f"{last} {word}" if last else word
    if measure(longer) <= room:
        return [*before, longer]
    pieces = _broken(word, room, measure)
    return [*before, *([last] if last else []), *pieces]


def _broken(word: str, room: int, measure: Measure) -> list[str]:
    """A word in pieces that fit, where it does not."""
    pieces = [""]
    for character in word:
        if pieces[-1] and measure(pieces[-1] + character) > room:
            pieces.append("")
        pieces[-1] += character
    return pieces


def shorten(text: str, room: int, measure: Measure) -> str:
    """As much of it as fits, with an ellipsis where something is cut off."""
    if measure(text) <= room:
        return text
    while text and measure(text + MORE) > room:
        text = text[:-1]
    return text.rstrip() + MORE
