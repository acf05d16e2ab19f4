"""Ctrl-C where it must not come in the middle of something."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias


class Interrupted(Exception):
    """After a Ctrl-C: what became of the work, and how to go on where the same command again would not."""


Check: TypeAlias = Callable[[], None]
"""To be called between steps. Raises KeyboardInterrupt where there was a Ctrl-C."""


@contextmanager
def between_steps() -> Iterator[Check]:
    """Until its end a Ctrl-C waits for the next check; a second one ends the process at once, as a kill would.

    For work on an event loop: an exception that comes up within one of its tasks leaves others waiting for ever.
    """
    heard = False

    def note(_number: int, _frame: object) -> None:
        nonlocal heard
        heard = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def check() -> None:
        if heard:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
