"""From a place within a value to the place in the file where it was written."""

from __future__ import annotations

import re

from nurture.campaigns.tree import Mark, Scalar

BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What YAML takes as the end of a line."""

_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}


def lines_of(text: str) -> list[str]:
    """The lines of a file, as YAML counts them."""
    return BREAK.split(text)


def mark_at(text: str, index: int) -> Mark:
    """The mark of the character `index`."""
    line, begin = 0, 0
    for found in BREAK.finditer(text, 0, index):
        line, begin = line + 1, found.end()
    return Mark(line, index - begin, index)


def inside(text: str, scalar: Scalar, offset: int) -> Mark:
    """The mark of the character `offset` of the scalar's value.

    Values that fold over lines, or hold quoted characters, are followed through their source: what is not
    white space stands there in the same order.
    """
    at, stop = _begin(text, scalar), scalar.end.index
    for character in scalar.value[:offset]:
        if character.isspace() and not text[at : at + 1].isspace():
            if scalar.style == '"' and text[at : at + 1] == "\\":
                at += _written(text, at, scalar.style)
            continue
        if not character.isspace():
            at = _past_space(text, at, stop, scalar.style)
        at += _written(text, at, scalar.style)
    if offset < len(scalar.value) and not scalar.value[offset].isspace():
        at = _past_space(text, at, stop, scalar.style)
    return mark_at(text, min(at, stop, len(text)))


def _begin(text: str, scalar: Scalar) -> int:
    begin = scalar.start.index
    if scalar.style in ("'", '"'):
        return begin + 1
    if scalar.style in ("|", ">"):
        header_end = BREAK.search(text, begin)
        return _past_space(text, header_end.end() if header_end else begin, scalar.end.index, scalar.style)
    return begin


def _past_space(text: str, at: int, stop: int, style: str) -> int:
    joins = ("\\\n", "\\\r") if style == '"' else ()
    while at < stop and (text[at].isspace() or text[at : at + 2] in joins):
        at += 1
    return at


def _written(text: str, at: int, style: str) -> int:
    """How many characters of the file stand for the one character at `at`."""
    if style == "'" and text[at : at + 2] == "''":
        return 2
    if style == '"' and text[at : at + 1] == "\\":
        return _ESCAPE_LENGTHS.get(text[at + 1 : at + 2], 2)
    return 1
