"""The doctor's look at this machine: clock, disk, database, key files."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Iterable
from pathlib import Path

from nurture.clock import Clock, Span
from nurture.errors import NurtureError
from nurture.reports.doctor import machine
from nurture.reports.doctor.verdict import Verdict, verdict
from nurture.store.condition import condition
from nurture.store.engine import Store

_TIMEX_BYTES = 512
"""More than any system's `struct timex`; all zero, it only asks."""
_NOT_KEPT = 5
"""TIME_ERROR of adjtimex(2): nothing keeps the clock."""


def database(store: Store, clock: Clock) -> tuple[list[Verdict], Span | None]:
    """How it is, and how far this machine's clock is behind the server's; None: it has none of its own."""
    with store.read() as tx:
        begun = clock.now()
        found = condition(tx)
        ended = clock.now()
    seen = machine.DatabaseSeen(
        where=store.where, size=found.size, journal=found.journal, durable=found.durable
    )
    behind = None if found.now is None else found.now - (begun + ended) // 2
    return [machine.database(seen)], behind


def trouble(error: NurtureError) -> Verdict:
    """A database that cannot be used."""
    where = f"{error.where}: " if error.where else ""
    return verdict("missing", "database", f"{where}{error.message}", error.remedy)


def clock_is_kept() -> bool | None:
    """Whether the system says that its clock is kept right; None where it does not say."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError, TypeError):
        return None
    return None if state < 0 else state != _NOT_KEPT


def disk(folder: Path) -> Verdict:
    """Room in `folder`."""
    usage = shutil.disk_usage(folder)
    return machine.disk(folder, usage.free, usage.total)


def key_files(paths: Iterable[Path]) -> list[Verdict]:
    """Files with secrets that others may read."""
    files = [path for path in dict.fromkeys(paths) if path.is_file()]
    open_ = [found for path in files if (found := machine.key_file(path, path.stat().st_mode)) is not None]
    if open_ or not files:
        return open_
    names = ", ".join(path.name for path in files)
    return [verdict("ok", "keys", f"only their owner can read {names}")]
