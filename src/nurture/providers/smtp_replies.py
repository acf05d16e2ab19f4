"""Reading what an SMTP server answers (RFC 5321 4.2), whatever it sends and in whatever pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

MAX_LINE = 8_192
MAX_REPLY = 65_536
"""Bytes; servers send a few hundred. More is not an answer but an attack."""

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_WHOLE = {f"{code} ": code for code in range(200, 600)}
"""The beginnings of an answer of one line, and their codes."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Garbage(Exception):
    """What came is not an SMTP answer."""


class Reply(NamedTuple):
    """One answer: its code, and its lines as one, without control characters. A tuple: there are four a message."""

    code: int
    text: str


def clean(text: str) -> str:
    """`text` on one line, fit to be stored and shown: no control characters, no halves of characters."""
    return _CONTROL.sub(" ", text.encode("utf-8", "replace").decode("utf-8")).strip()


class ReplyParser:
    """Takes bytes as they come in and gives whole answers."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Reply]:
        """The answers that `data` completes. Raises Garbage; the parser is of no use afterwards."""
        if not self._rest and not self._lines:
            plain = _plain(data)
            if plain:
                return iter(plain)
        return self._read(data)

    def _read(self, data: bytes) -> Iterator[Reply]:
        buffer = self._rest + data
        start = 0
        while (end := buffer.find(b"\n", start)) >= 0:
            line = buffer[start:end].removesuffix(b"\r")
            start = end + 1
            found = _LINE.fullmatch(line) if len(line) <= MAX_LINE else None
            self._size += len(line)
            if found is None or self._size > MAX_REPLY:
                raise Garbage(clean(line[:80].decode("utf-8", "replace")))
            code, separator, text = found.groups()
            self._lines.append((text or b"").decode("utf-8", "replace"))
            if separator != b"-":
                lines, self._lines, self._size = self._lines, [], 0
                yield Reply(int(code), clean(" ".join(lines)))
        self._rest = buffer[start:]
        if len(self._rest) > MAX_LINE:
            raise Garbage(clean(self._rest[:80].decode("utf-8", "replace")))


def _plain(data: bytes) -> list[Reply]:
    """The answers in `data` where all are whole, of one line and of plain text, as nearly all are; else none."""
    if len(data) > MAX_LINE or not data.isascii() or not data.endswith(b"\r\n"):
        return []
    replies = []
    for line in data[:-2].decode("ascii").split("\r\n"):
        reply = _one_line(line)
        if reply is None:
            return []
        replies.append(reply)
    return replies


@lru_cache(maxsize=1_000)
def _one_line(line: str) -> Reply | None:
    # Three of four answers are the same for all messages.
    code = _WHOLE.get(line[:4])
    return None if code is None or not line.isprintable() else Reply(code, line[4:].strip())
