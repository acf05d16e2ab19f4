"""Reading what an SMTP server answers (RFC 5321 4.2), whatever it sends and in whatever pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINE = 8_192
MAX_REPLY = 65_536
"""Bytes; servers send a few hundred. More is not an answer but an attack."""

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Garbage(Exception):
    """What came is not an SMTP answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its code, and its lines as one, without control characters."""

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
