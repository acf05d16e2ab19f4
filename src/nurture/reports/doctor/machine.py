"""The machine itself: its clock, disk, database and key files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nurture.clock import MINUTE, SECOND, Span
from nurture.reports.doctor.verdict import Level, Verdict, verdict

_CLOCK_OFF: Span = 5 * SECOND
_CLOCK_WRONG: Span = 5 * MINUTE
_MIB = 1024 * 1024
_LITTLE = 2 * 1024 * _MIB
_NOTHING = 200 * _MIB


def clock(behind: Span | None, *, kept: bool | None, other: str) -> Verdict:
    """`behind`: how far this clock is behind that of `other`, None where no other could be asked; `kept`: whether the
    system says that time servers keep it right, None where it does not say."""
    if behind is not None and abs(behind) >= _CLOCK_OFF:
        which = "behind" if behind > 0 else "ahead of"
        level: Level = "missing" if abs(behind) >= _CLOCK_WRONG else "warning"
        what = f"this machine's clock is {abs(behind) / SECOND:,.0f} seconds {which} that of {other}"
        return verdict(level, "clock", what, "Run a time service on both, such as chrony.")
    agrees = f"agrees with that of {other}" if behind is not None else ""
    if kept:
        return verdict("ok", "clock", f"it {agrees or 'is kept right by a time service'}")
    if kept is False:
        what = "the system says that no time service keeps it" + (f"; it {agrees}" if agrees else "")
        return verdict("warning", "clock", what, "Run one, such as chrony or systemd-timesyncd.")
    if agrees:
        return verdict("ok", "clock", f"it {agrees}")
    return verdict(
        "note", "clock", "nothing here could say whether it is right", "Compare it with another one: date -u"
    )


def disk(folder: Path, free: int, total: int) -> Verdict:
    """Room for the database."""
    share = 100 * free / total if total else 0
    what = f"{_size(free)} free in {folder} ({share:.0f} %)"
    if free < _NOTHING:
        return verdict("missing", "disk", what, "Make room: on a full disk nothing is sent.")
    if free < _LITTLE:
        return verdict("warning", "disk", what, "Make room before it is full.")
    return verdict("ok", "disk", what)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSeen:
    """What the database says of itself."""

    where: str
    size: int
    """Bytes."""
    journal: str = ""
    """SQLite's journal_mode; empty on PostgreSQL."""
    durable: bool = True
    """Whether what is committed is on disk (SQLite: synchronous FULL; PostgreSQL: synchronous_commit and fsync)."""


def database(seen: DatabaseSeen) -> Verdict:
    """Whether it keeps what it is told."""
    what = f"{seen.where}: {_size(seen.size)}, tables up to date"
    if seen.journal not in ("", "wal"):
        remedy = "Put it on a local disk: SQLite needs shared memory for its log."
        return verdict("missing", "database", f"{what}, but its journal is {seen.journal}, not wal", remedy)
    if not seen.durable:
        what += "; what is committed may be lost in a power cut, and then be sent twice"
        return verdict("warning", "database", what, "Switch synchronous_commit and fsync on in PostgreSQL.")
    return verdict("ok", "database", what)


def key_file(path: Path, mode: int) -> Verdict | None:
    """A file with a secret that others may read; None: only its owner can."""
    if not mode & 0o077:
        return None
    who = "anybody on this machine" if mode & 0o007 else "its group"
    return verdict("warning", "keys", f"{path} can be read by {who}", f"chmod 600 {path}")


def _size(count: int) -> str:
    for unit, size in (("GB", 1024 * _MIB), ("MB", _MIB)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count / 1024:,.0f} kB"
