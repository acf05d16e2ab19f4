"""Saying what is wrong once a minute, however often it happens."""

from __future__ import annotations

import threading
import time

import structlog

from nurture.errors import NurtureError


class Troubles:
    """Writes one log line when a trouble begins, one a minute while it lasts, and one when it is over."""

    def __init__(self, *, every: float = 60.0) -> None:
        self._every = every
        self._lock = threading.Lock()
        self._said: dict[str, float] = {}
        self._times: dict[str, int] = {}
        self._log = structlog.get_logger("nurture.sending")

    def say(self, kind: str, error: NurtureError, doing: str) -> None:
        """`kind` tells troubles apart; `doing` is what goes on meanwhile."""
        with self._lock:
            self._times[kind] = self._times.get(kind, 0) + 1
            now = time.monotonic()
            if now - self._said.get(kind, -self._every) < self._every:
                return
            self._said[kind] = now
            times = self._times[kind]
        self._log.warning(
            error.message, trouble=kind, where=error.where, remedy=error.remedy, doing=doing, times=times
        )

    def over(self, kind: str) -> None:
        """It is over. Harmless where it never began."""
        with self._lock:
            self._said.pop(kind, None)
            times = self._times.pop(kind, 0)
        if times:
            self._log.info("it works again", trouble=kind, times=times)
