"""Hits on their way to the disk: a bounded queue in memory and one thread that writes them in batches.

A person who clicks must not wait for the database. Hits are on disk within a second; while the database
does not take them they wait here, and only past the bound are they dropped, counted and told.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from nurture.engagement.hit import Hit
from nurture.errors import StoreError

_log = structlog.get_logger(__name__)

BOUND = 200_000
BATCH = 1_000
"""Hits in one transaction: a tenth of a second at most in which nobody else writes on SQLite."""
GATHER_SECONDS = 0.3
"""How long the first hit of a batch waits for others: to write seldom leaves room for those who send."""
CROWD = 2 * BATCH
"""From so many waiting hits on, answers are to be held back a little."""
GAP_SHARE = 8
"""Behind each batch others may write for so many times less than it took; most of that was judging, outside of any
transaction."""
LONGEST_GAP = 0.25
"""After each batch the database is left to others for half as long as that took; never longer than so many seconds."""
RETRY_SECONDS = 1.0
FLUSH_SECONDS = 20.0
"""How long the end of the program waits for a database that does not take the rest."""


class HitLog:
    """Takes hits from any thread and writes them from one of its own."""

    def __init__(self, write: Callable[[Sequence[Hit]], None], *, bound: int = BOUND) -> None:
        self._write = write
        self._bound = bound
        self._waiting: deque[Hit] = deque()
        self._some = threading.Event()
        """Set while there may be something to write, or the end has come."""
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._dropped = 0

    def start(self) -> None:
        """Start writing."""
        self._closing.clear()
        self._thread = threading.Thread(target=self._run, name="hits", daemon=True)
        self._thread.start()

    def put(self, hit: Hit) -> None:
        """Take one hit; never waits."""
        if len(self._waiting) >= self._bound:
            self._dropped += 1
            if self._dropped & (self._dropped - 1) == 0:  # at 1, 2, 4, 8 …: not a line for each
                _log.error("hits dropped: the database has not taken any for too long", dropped=self._dropped)
            return
        self._waiting.append(hit)
        if not self._some.is_set():
            self._some.set()

    @property
    def is_crowded(self) -> bool:
        """Whether hits come faster than they are written."""
        return len(self._waiting) >= CROWD

    @property
    def dropped(self) -> int:
        """How many hits were lost because the queue was full."""
        return self._dropped

    def close(self) -> None:
        """Write what waits, then stop. Again is harmless."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._closing.set()
        self._some.set()
        thread.join(FLUSH_SECONDS + 5)

    def _run(self) -> None:
        while True:
            self._some.wait()
            if len(self._waiting) < BATCH:
                self._closing.wait(GATHER_SECONDS)
            self._some.clear()
            while self._waiting:
                began = time.monotonic()
                if not self._write_stubbornly(self._next()):
                    return
                self._closing.wait(min(LONGEST_GAP, (time.monotonic() - began) / GAP_SHARE))
                if len(self._waiting) < BATCH and not self._closing.is_set():
                    self._some.set()
                    break
            else:
                if self._closing.is_set():
                    return

    def _next(self) -> list[Hit]:
        return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]

    def _write_stubbornly(self, batch: Sequence[Hit]) -> bool:
        """Write until it is done. False: the program ends and the database still does not take it."""
        give_up: float | None = None
        told = False
        while True:
            try:
                self._write(batch)
                return True
            except StoreError as error:
                if not told:
                    _log.warning("hits wait for the database", waiting=len(batch), why=error.message)
                    told = True
            except Exception:
                # A mistake of ours, or a hit like none before: it must not take the others with it.
                return self._write_singly(batch)
            if self._closing.is_set():
                give_up = give_up or time.monotonic() + FLUSH_SECONDS
                if time.monotonic() > give_up:
                    _log.error("hits lost at the end of the program", lost=len(batch) + len(self._waiting))
                    return False
                time.sleep(RETRY_SECONDS / 4)
            else:
                self._closing.wait(RETRY_SECONDS)

    def _write_singly(self, batch: Sequence[Hit]) -> bool:
        if len(batch) == 1:
            self._dropped += 1
            _log.error("a hit could not be kept", kind=batch[0].kind, exc_info=True)
            return True
        done = [self._write_stubbornly([hit]) for hit in batch]
        return all(done)
