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

    In the middle of a step it could leave tasks of an event loop waiting for ever, or nobody knowing what was done.
    Where Ctrl-C is ignored, as behind a shell, it stays so.
    """
    heard = False

    def note(_number: int, _frame: object) -> None:
        nonlocal heard
        heard = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def check() -> None:
        if heard:
            raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
