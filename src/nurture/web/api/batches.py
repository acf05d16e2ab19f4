"""A stream of NDJSON, cut into batches of lines as it comes in."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import TypeAlias

from nurture.web.api.problems import Problem

LONGEST_LINE = 1024 * 1024
"""Bytes in one line."""

MOST_LINES = 500_000
"""In one body, blank ones included: to count line breaks takes time, too."""

BATCH = 2_000
"""Lines in one transaction."""

Line: TypeAlias = tuple[int, bytes | None]
"""Its number, from 1, and what it holds; None: it is too long."""


class Lines:
    """Puts lines together from pieces. Keeps no more than a line that is not at its end."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self.number = 0
        """Of the line that ended last."""
        self._is_too_long = False

    def feed(self, piece: bytes) -> list[Line]:
        """The lines that this piece ends; empty ones are left out."""
        first, *ended = piece.split(b"\n")
        if not ended:
            self._keep(first)
            return []
        line = self._end(first)
        found: list[Line] = [line] if line is not None else []
        rest = ended.pop()
        for number, whole in enumerate(ended, self.number + 1):
            if stripped := whole.strip():
                found.append((number, stripped if len(whole) <= LONGEST_LINE else None))
        self.number += len(ended)
        self._keep(rest)
        return found

    def last(self) -> list[Line]:
        """What stands behind the last line break."""
        line = self._end(b"")
        return [line] if line is not None else []

    def _end(self, end: bytes) -> Line | None:
        self._keep(end)
        self.number += 1
        whole, is_too_long = bytes(self._rest).strip(), self._is_too_long
        self._rest.clear()
        self._is_too_long = False
        if is_too_long:
            return self.number, None
        return (self.number, whole) if whole else None

    def _keep(self, piece: bytes) -> None:
        if len(self._rest) + len(piece) > LONGEST_LINE:
            self._is_too_long = True
            self._rest.clear()
        if not self._is_too_long:
            self._rest += piece


async def batches(pieces: AsyncIterable[bytes]) -> AsyncIterator[list[Line]]:
    """The lines of a body, so many at a time. Raises Problem 413 where there are too many."""
    lines = Lines()
    waiting: list[Line] = []
    async for piece in pieces:
        waiting += lines.feed(piece)
        if lines.number > MOST_LINES:
            raise Problem("too-large", f"a batch has {MOST_LINES:,} lines at most; those before were taken")
        while len(waiting) >= BATCH:
            yield waiting[:BATCH]
            waiting = waiting[BATCH:]
    waiting += lines.last()
    if waiting:
        yield waiting
