"""Quoted-printable (RFC 2045 section 6.7): a text at once, or chunk by chunk where most chunks are known beforehand."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Mapping
from types import CodeType
from typing import NamedTuple

_MOST = 75
"""Characters of a line that a soft break, of one character, may still end (section 6.7, rule 5)."""
_SOFT_BREAK = "=\r\n"
_NO_BREAK = -1
_OVER_LONG = re.compile(rb"^([^\r\n]{74,75})(=(?:20|09)\r\n)", re.MULTILINE)


class Piece(NamedTuple):
    """A chunk in quoted-printable, without the breaks that joining it to others may need."""

    data: str
    head: int
    """Characters before its first line break; all of them where it has none."""
    tail: int
    """Characters behind its last line break; _NO_BREAK where it has none."""


def quoted(text: str) -> bytes:
    """`text` with one line end at its end, every line of at most 76 characters."""
    return _encoded(_one_kind_of_line_end(text).rstrip("\n") + "\n")


def known_pieces(code: CodeType) -> dict[str, Piece]:
    """The texts that `code` and the functions in it hold, ready to be joined."""
    found: dict[str, Piece] = {}
    for constant in code.co_consts:
        if isinstance(constant, str) and constant and "\r" not in constant:
            found[constant] = _piece(constant)
        elif isinstance(constant, CodeType):
            found |= known_pieces(constant)
    return found


def quoted_chunks(chunks: Iterable[str], known: Mapping[str, Piece]) -> bytes:
    """What decodes to the same as `quoted` of all chunks together. `chunks` can be run through twice."""
    out: list[str] = []
    column = 0
    find, add = known.get, out.append
    for chunk in chunks:
        piece = find(chunk)
        if piece is None:
            # By far most of what varies: some words, or an address.
            if chunk.isascii() and chunk.isprintable() and "=" not in chunk and len(chunk) <= _MOST:
                if chunk:
                    column += len(chunk)
                    if column > _MOST:
                        add(_SOFT_BREAK)
                        column = len(chunk)
                    add(chunk)
                continue
            if "\r" in chunk:
                # It may be half of a line end: together with the next chunk it is told.
                return quoted("".join(chunks))
            piece = _piece(chunk)
        data, head, tail = piece
        # A blank before a line end has to be protected (rule 3): here by a soft break between the two.
        if (column and column + head > _MOST) or (not head and out and out[-1].endswith((" ", "\t"))):
            add(_SOFT_BREAK)
            column = 0
        add(data)
        column = column + head if tail < 0 else tail
    return _ended("".join(out)).encode("ascii")


def _piece(text: str) -> Piece:
    """Of a `text` that is not empty and has no carriage return."""
    # The line end is for the codec, see `_encoded`. It encodes a blank before it, which need not be in mid-line.
    data = _encoded(text + "\n")[:-2].decode("ascii")
    if data.endswith("=20"):
        data = data[:-3] + " "
    head, last = data.find("\r\n"), data.rfind("\r\n")
    if head < 0:
        return Piece(data, len(data), _NO_BREAK)
    return Piece(data, head, len(data) - last - 2)


def _ended(data: str) -> str:
    """One line end at the end; what is before it stays as it is."""
    data = data.rstrip("\r\n")
    if data.endswith((" ", "\t")):
        data += "="
    return f"{data}\r\n\r\n" if data.endswith("=") else f"{data}\r\n"


def _one_kind_of_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _encoded(text: str) -> bytes:
    """`text` ends with a line end: the codec takes that of the first line for its soft breaks too."""
    data = binascii.b2a_qp(text.encode("utf-8", "replace").replace(b"\n", b"\r\n"), istext=True)
    # For a blank at the end of a line the codec does not look whether there is room.
    return _OVER_LONG.sub(rb"\1=\r\n\2", data) if b"=20\r\n" in data or b"=09\r\n" in data else data
