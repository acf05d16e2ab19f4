"""The bounds of a process that works on templates nobody vouches for: memory, and time for each of them.

Within the process `limit_memory` and `clock` see to it. Whoever waits for it has a `Watch`, for what heeds no clock of
its own: one long call in C, a process that was killed.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from nurture.messages.bounds import MEMORY, SECONDS, Overtime

_STATM = Path("/proc/self/statm")
_SOON = 0.9
"""The part of its time after which a template is told, so that it can say where it was."""
_LOOK = 0.02
"""Seconds between two looks at one that is slow."""
_STARVED = 5
"""How many times as long a template may take where other programs leave it no processor."""


def size() -> int:
    """Bytes of address space that this process has; 0 where that is not told, as on macOS."""
    try:
        return int(_STATM.read_bytes().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def limit_memory(extra: int = MEMORY) -> None:
    """Let this process have `extra` bytes more than it has now: beyond that it gets a MemoryError.

    Again is possible, before each piece of work. Where the size is not told, nothing is limited.
    """
    now, hard = size(), resource.getrlimit(resource.RLIMIT_AS)[1]
    if now:
        soft = now + extra if hard == resource.RLIM_INFINITY else min(now + extra, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def clock(seconds: float = SECONDS) -> Iterator[Callable[[], None]]:
    """Raise Overtime into what runs within, shortly before a `Watch` of so many seconds is over.

    What it gives is called to have the whole time once more. In the main thread only. Where Overtime does not get
    through, and nobody is left who waits for it, the process itself ends soon after.
    """
    limits, began = resource.getrlimit(resource.RLIMIT_CPU), [0.0, 0.0]

    def again() -> None:
        began[:] = time.monotonic(), time.process_time()
        signal.setitimer(signal.ITIMER_REAL, seconds * _SOON, _LOOK)
        last = int(began[1] + seconds) + 2
        if limits[1] == resource.RLIM_INFINITY or last < limits[1]:
            resource.setrlimit(resource.RLIMIT_CPU, (last, limits[1]))

    def look(number: int, frame: FrameType | None) -> None:
        waited, worked = time.monotonic() - began[0], time.process_time() - began[1]
        if _had_its_time(waited, worked, seconds * _SOON):
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise Overtime

    before = signal.signal(signal.SIGALRM, look)
    try:
        again()
        yield again
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_CPU, limits)


def _had_its_time(waited: float, worked: float, seconds: float) -> bool:
    """On a machine that is too busy to give it a processor for half of its time, it has longer."""
    return waited >= _STARVED * seconds or (waited >= seconds and worked >= seconds / 2)


class Watch:
    """How long a process has been at one thing, seen from another one. `seconds`: how long it may."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid = pid
        self._seconds = seconds
        self.begun(time.monotonic(), cpu_of(pid))

    def begun(self, at: float, cpu: float) -> None:
        """It began with the next thing when its clocks, `time.monotonic` and that of its processor, said so."""
        self._at = at
        self._cpu = cpu

    def left(self) -> float:
        """Seconds to wait before `is_over` is worth asking."""
        return max(_LOOK, self._at + self._seconds - time.monotonic())

    def is_over(self) -> bool:
        """Whether it has had its time."""
        waited, worked = time.monotonic() - self._at, cpu_of(self._pid) - self._cpu
        return _had_its_time(waited, worked, self._seconds)


def cpu_of(pid: int) -> float:
    """Seconds that a process of ours was running; without end where that is not told, or it is gone."""
    try:
        # Linux: the clock of a process has its number in it, see MAKE_PROCESS_CPUCLOCK and CPUCLOCK_SCHED.
        return time.clock_gettime((~pid << 3) | 2)
    except (OSError, OverflowError):
        return float("inf")


def end(pid: int) -> int:
    """Kill a child, if it is still there, and wait for its end. Its status, as `os.waitpid` tells it."""
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]
