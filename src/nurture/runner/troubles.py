"""Saying what is wrong once a minute, however often it happens, and whoever it happens to."""

from __future__ import annotations

import threading
import time
from collections import defaultdict

import structlog

from nurture.errors import NurtureError


class Troubles:
    """Writes one log line when a trouble begins, one a minute while it lasts, and one when it is over.

    Several parts may share it: a full disk stops all of them, and is one trouble until the last of them can go on.
    """

    def __init__(self, *, every: float = 60.0) -> None:
        self._every = every
        self._lock = threading.Lock()
        self._said: dict[str, float] = {}
        self._times: dict[str, int] = {}
        self._stopped: defaultdict[str, set[str]] = defaultdict(set)
        self._log = structlog.get_logger("nurture.sending")

    def say(self, kind: str, error: NurtureError, doing: str, *, by: str = "") -> None:
        """`kind` tells troubles apart; `doing` is what goes on meanwhile; `by` is the part that cannot go on."""
        with self._lock:
            self._stopped[kind].add(by)
            self._times[kind] = self._times.get(kind, 0) + 1
            now = time.monotonic()
            if now - self._said.get(kind, -self._every) < self._every:
                return
            self._said[kind] = now
            times = self._times[kind]
        self._log.warning(
            error.message, trouble=kind, where=error.where, remedy=error.remedy, doing=doing, times=times
        )

    def lasting(self) -> frozenset[str]:
        """The kinds of trouble that are not over. May be asked from any thread."""
        with self._lock:
            return frozenset(self._times)

    def over(self, kind: str, *, by: str = "") -> None:
        """It is over for this part. Harmless where it never began."""
        with self._lock:
            self._stopped[kind].discard(by)
            if self._stopped[kind]:
                return
            self._said.pop(kind, None)
            times = self._times.pop(kind, 0)
        if times:
            self._log.info("it works again", trouble=kind, times=times)
