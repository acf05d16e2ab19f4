"""Senders: which incarnations of which processes hold messages, and which of them are dead.

On PostgreSQL a sender that gave no sign for 30 seconds is dead, and at once one that `runner/neighbours.py` knows to
have ended. On SQLite one process at a time hands over, which the lock on a file beside the database says, at once and
also after kill -9.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import or_, select, update

from nurture.clock import SECOND, Moment, Span
from nurture.errors import StoreError
from nurture.store.engine import Store, Tx
from nurture.store.statements import table
from nurture.store.tables import OutboxRow, SenderRow

HEARTBEAT: Span = 5 * SECOND
DEAD_AFTER: Span = 30 * SECOND

_outbox = table(OutboxRow)
_senders = table(SenderRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingLocked:
    """Another process hands over for this database."""

    holder: str
    """Host and process, as it wrote them down."""


class SendingLock:
    """The right to hand over for one SQLite database. The machine takes it back from a process that ends."""

    def __init__(self, store: Store) -> None:
        self._path = Path(store.where + ".sending") if store.dialect == "sqlite" else None
        self._file: int | None = None

    def take(self, host: str, pid: int) -> SendingLocked | None:
        """Take the lock, or say who has it. On PostgreSQL, where nobody needs it, it is always had.

        Raises StoreError where its file cannot be opened.
        """
        if self._path is None or self._file is not None:
            return None
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(
                f"the lock of the one process that sends cannot be opened: {error.strerror}",
                where=str(self._path),
                remedy="Make the file and its folder writable for this user.",
            ) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 200, 0).decode("utf-8", "replace").strip()
            os.close(file)
            return SendingLocked(holder=holder or "a process that has only just started")
        except BaseException:
            os.close(file)
            raise
        os.ftruncate(file, 0)
        os.pwrite(file, f"process {pid} on {host}\n".encode(), 0)
        self._file = file
        return None

    def release(self) -> None:
        """Give it back. Again is harmless."""
        if self._file is not None:
            file, self._file = self._file, None
            with contextlib.suppress(OSError):
                os.ftruncate(file, 0)
            os.close(file)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Give it back at the end."""
        try:
            yield
        finally:
            self.release()


class Living(NamedTuple):
    """A sender that is not known to be dead."""

    id: int
    host: str
    beaten_at: Moment
    """Its last sign of life."""


def register(tx: Tx, sender: int, *, host: str, pid: int, now: Moment) -> None:
    """Begin a new incarnation under the id `sender`."""
    row = {"id": sender, "host": host, "pid": pid, "started_at": now, "heartbeat_at": now, "ended_at": 0}
    tx.execute(_senders.insert(), row)


def beat(tx: Tx, sender: int, now: Moment) -> bool:
    """Give a sign of life. False: others took this sender for dead; it must begin a new incarnation."""
    statement = (
        update(_senders).where(_senders.c.id == sender, _senders.c.ended_at == 0).values(heartbeat_at=now)
    )
    return tx.execute(statement).rowcount == 1


def alive(tx: Tx) -> list[int]:
    """The ids of all that live, the oldest first."""
    return list(
        tx.execute(select(_senders.c.id).where(_senders.c.ended_at == 0).order_by(_senders.c.id)).scalars()
    )


def living(tx: Tx) -> list[Living]:
    """All that live, with where and when they showed it."""
    columns = (_senders.c.id, _senders.c.host, _senders.c.heartbeat_at)
    return [Living(*row) for row in tx.execute(select(*columns).where(_senders.c.ended_at == 0))]


def end(tx: Tx, sender: int, now: Moment) -> None:
    """This incarnation holds nothing any more."""
    tx.execute(update(_senders).where(_senders.c.id == sender, _senders.c.ended_at == 0).values(ended_at=now))


def bury(
    tx: Tx, now: Moment, *, only: int = 0, dead_after: Span = DEAD_AFTER, known: Collection[int] = ()
) -> list[int]:
    """The ids of senders that are dead by `now`, now ended; `only` one may live on: all others are dead.

    `only` is for SQLite, where whoever has the lock knows that nobody else is alive; 0: go by the sign of
    life. `known` are dead for certain.
    """
    silent = or_(_senders.c.heartbeat_at < now - dead_after, _senders.c.id.in_(known))
    dead = _senders.c.id != only if only else silent
    rows = tx.execute(
        update(_senders).where(_senders.c.ended_at == 0, dead).values(ended_at=now).returning(_senders.c.id)
    )
    buried = set(rows.scalars())
    if only:
        # One that was killed between ending and giving back what it held leaves rows without a living sender.
        buried.update(
            tx.execute(
                select(_outbox.c.sender).where(_outbox.c.sender.not_in((0, only))).distinct()
            ).scalars()
        )
    return sorted(buried)
