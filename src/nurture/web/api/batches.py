"""A stream of NDJSON, cut into batches of lines as it comes in."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import TypeAlias

LONGEST_LINE = 1024 * 1024
"""Bytes in one line."""

BATCH = 2_000
"""Lines in one transaction."""

Line: TypeAlias = tuple[int, bytes | None]
"""Its number, from 1, and what it holds; None: it is too long."""


class Lines:
    """Puts lines together from pieces. Keeps no more than a line that is not at its end."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._number = 0
        self._is_too_long = False

    def feed(self, piece: bytes) -> list[Line]:
        """The lines that this piece ends; empty ones are left out."""
        *ended, rest = piece.split(b"\n")
        found = [line for end in ended if (line := self._end(end)) is not None]
        self._keep(rest)
        return found

    def last(self) -> list[Line]:
        """What stands behind the last line break."""
        line = self._end(b"")
        return [line] if line is not None else []

    def _end(self, end: bytes) -> Line | None:
        self._keep(end)
        self._number += 1
        whole, is_too_long = bytes(self._rest).strip(), self._is_too_long
        self._rest.clear()
        self._is_too_long = False
        if is_too_long:
            return self._number, None
        return (self._number, whole) if whole else None

    def _keep(self, piece: bytes) -> None:
        if len(self._rest) + len(piece) > LONGEST_LINE:
            self._is_too_long = True
            self._rest.clear()
        if not self._is_too_long:
            self._rest += piece


async def batches(pieces: AsyncIterable[bytes]) -> AsyncIterator[list[Line]]:
    """The lines of a body, so many at a time."""
    lines = Lines()
    waiting: list[Line] = []
    async for piece in pieces:
        waiting += lines.feed(piece)
        while len(waiting) >= BATCH:
            yield waiting[:BATCH]
            waiting = waiting[BATCH:]
    waiting += lines.last()
    if waiting:
        yield waiting
