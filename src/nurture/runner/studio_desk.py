"""Asks a process that works for the preview page, and starts another one where it ended."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, Any

from nurture.errors import NurtureError, ServiceError
from nurture.runner.bounded_talk import Ear, heard
from nurture.runner.studio_talk import READY, Ask, Start

_LONGEST = 600.0
"""Seconds that an answer may take: a check of a large workspace does."""
# -P: nothing is imported from the folder that the command was started in.
_COMMAND = (sys.executable, "-P", "-c", "from nurture.runner.studio_helper import main; main()")


class StudioDesk:
    """One process, asked one thing at a time. Safe to share between threads."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._closed = False

    def ask(self, asked: Ask) -> Any:
        """What it answers. Raises the NurtureError that it raised, ServiceError where it does not answer."""
        with self._lock:
            if self._closed:
                raise ServiceError("the preview is being closed")
            try:
                if self._running is None:
                    self._running = _Running(self._start)
                answer = self._running.ask(asked)
            except (EOFError, OSError):
                if self._running is not None:
                    self._running.end()
                self._running = None
                raise ServiceError(
                    "the process that works on previews ended", remedy="Load the page again."
                ) from None
        if isinstance(answer, NurtureError):
            raise answer
        return answer

    def close(self) -> None:
        """End it, whatever it is at."""
        self._closed = True
        running = self._running
        if running is not None:
            running.end()


class _Running:
    def __init__(self, start: Start) -> None:
        self._process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._asked: IO[bytes] = self._process.stdin
        self._said: IO[bytes] = self._process.stdout
        self._ear = Ear(self._said.fileno())
        try:
            self._put(start)
            if self._next() != READY:
                raise EOFError
        except (EOFError, OSError):
            self.end()
            raise

    def ask(self, asked: Ask) -> Any:
        self._put(asked)
        return self._next()

    def _put(self, value: object) -> None:
        self._asked.write(pickle.dumps(value))
        self._asked.flush()

    def _next(self) -> Any:
        said = self._ear.next(_LONGEST)
        if said is None:
            raise EOFError
        return heard(said)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._asked.close()
        self._said.close()
