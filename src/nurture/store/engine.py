"""The way to the database: opening it, and transactions on it.

`with store.read() as tx` is a snapshot that cannot write; `with store.write() as tx` commits at its end and
rolls back when something is raised. On SQLite a write begins with BEGIN IMMEDIATE, so that it waits for its
turn at the start and never fails in the middle. Reading and writing mean the same on both engines. On SQLite each
transaction first looks whether the database's file is still the one that was opened.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool

from nurture.clock import Clock, Moment, SystemClock
from nurture.errors import StoreError, WorkspaceError
from nurture.settings.webhooks import Subscriber
from nurture.store import sqlite_functions
from nurture.store.database_file import DatabaseFile, FileId
from nurture.store.feeding import FEEDING, Feeding, by_kind
from nurture.store.ids import Ids
from nurture.store.nodes import Nodes
from nurture.store.schema import bring_up_to_date
from nurture.store.troubles import LOCKED, is_locked, translate

Tx: TypeAlias = Connection
"""An open transaction: the first argument of every query."""

Dialect: TypeAlias = Literal["sqlite", "postgresql"]

PATIENCE = 30.0
"""Seconds to wait for another writer on SQLite."""

_NAP_MS = 5
"""SQLite's own waiting naps for 1, 2, 5 and in the end 100 ms, and never queues: whoever writes again and again would
keep another process out for minutes. So it naps this long at most, and then we ask anew."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-32000",
    # What is erased is overwritten, and not only let go of. Debian's SQLite does so by default.
    "PRAGMA secure_delete=ON",
)


class Store:
    """An open database. Safe to share between threads; each thread opens its own transactions."""

    def __init__(
        self,
        engine: Engine,
        snapshots: Engine,
        *,
        where: str,
        patience: float,
        file: DatabaseFile | None = None,
    ) -> None:
        self._engine = engine
        self._snapshots = snapshots
        self._patience = patience
        self._where = where
        self._file = file
        self._turn = threading.Lock()
        self._writing = False
        self._writer: Connection | None = None
        """At rest; None: none, or it writes."""
        self._nodes = Nodes(self._write, SystemClock())
        self._subscribers: tuple[Sequence[Subscriber], Clock] | None = None

    @property
    def dialect(self) -> Dialect:
        """Which of the two engines it is."""
        return "postgresql" if self._engine.dialect.name == "postgresql" else "sqlite"

    @property
    def where(self) -> str:
        """The database as one may show it: its file, or its URL without the password."""
        return self._where

    @property
    def file_id(self) -> FileId | None:
        """Which file it is on SQLite, whatever stands at its path now."""
        return self._file.id if self._file is not None else None

    @property
    def ids(self) -> Ids:
        """Makes ids. The process takes a node number of its own before the first one."""
        return self._nodes.ids()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A snapshot: all that is read in it is of one moment. Raises StoreError."""
        self._check_file()
        with self._translated(), self._snapshots.connect() as tx, tx.begin():
            if self.dialect == "sqlite":
                tx.exec_driver_sql("BEGIN")
            yield tx

    @contextmanager
    def survey(self) -> Iterator[Tx]:
        """A snapshot for looks at a great deal, which may make temporary tables: they lie on disk and go at its end.

        Nobody waits for it, and nothing of it stays. Raises StoreError.
        """
        self._check_file()
        with self._translated(), self._engine.connect() as tx:
            if self.dialect != "sqlite":
                with tx.execution_options(isolation_level="REPEATABLE READ").begin() as own:
                    tx.exec_driver_sql("SET LOCAL work_mem = '64MB'")
                    yield tx
                    own.rollback()
                return
            with tx.begin():
                # Neither can be changed within a transaction.
                tx.exec_driver_sql("PRAGMA temp_store=FILE")
                tx.exec_driver_sql("BEGIN")
                try:
                    yield tx
                finally:
                    tx.exec_driver_sql("ROLLBACK")
                    tx.exec_driver_sql("PRAGMA temp_store=MEMORY")

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that commits at its end. Not to be opened within another. Raises StoreError."""
        self._nodes.keep()
        feeding = self._feeding()
        with self._write() as tx:
            # A connection is used again: what the last transaction was given is not for this one.
            tx.info[FEEDING] = feeding
            yield tx

    def subscribe(self, subscribers: Sequence[Subscriber], clock: Clock) -> None:
        """From now on what is written is put into the feed of these; none: nobody is told."""
        self._subscribers = (subscribers, clock) if subscribers else None

    def _feeding(self) -> Feeding | None:
        if self._subscribers is None:
            return None
        subscribers, clock = self._subscribers
        return Feeding(by_kind=by_kind(subscribers), ids=self.ids, now=clock.now())

    @contextmanager
    def _write(self) -> Iterator[Tx]:
        with self._translated(), self._in_turn(), self._connection() as tx, tx.begin():
            if self.dialect == "sqlite":
                self._begin_writing(tx)
                self._writing = True
            yield tx
            # What is committed to a file that is gone is lost: rather not commit it.
            self._check_file()

    def _begin_writing(self, tx: Connection) -> None:
        """Wait for the other processes that write."""
        deadline = monotonic() + self._patience
        while True:
            try:
                tx.exec_driver_sql("BEGIN IMMEDIATE")
                return
            except OperationalError as error:
                if not is_locked(error) or monotonic() >= deadline:
                    raise

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """On SQLite the same for all writing, since one at a time writes: to fetch one costs as much as a statement."""
        if self.dialect != "sqlite":
            with self._engine.connect() as tx:
                yield tx
            return
        writer, self._writer = self._writer or self._engine.connect(), None
        try:
            yield writer
        except BaseException:
            writer.close()
            raise
        self._writer = writer

    def _check_file(self) -> None:
        if self._file is not None:
            self._file.check()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """On SQLite the threads of one process queue here: its own waiting polls, and is not fair."""
        if self.dialect != "sqlite":
            yield
            return
        if not self._turn.acquire(timeout=self._patience):
            raise self._kept_waiting()
        try:
            self._check_file()
            yield
        finally:
            self._writing = False
            self._turn.release()

    def _kept_waiting(self) -> StoreError:
        """Whoever has the turn writes, or waits for another process itself."""
        if not self._writing:
            return StoreError(LOCKED[0], where=self._where, remedy=LOCKED[1])
        return StoreError(
            f"another part of this process has been writing for {self._patience:.0f} seconds",
            where=self._where,
            remedy="Start nurture again; nothing that was committed is lost.",
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            trouble = translate(error, self._where)
            if trouble is None:
                raise
            raise trouble from error

    def clean_up(self) -> bool:
        """Let go of older bytes of what was changed, on SQLite: True where none are left in the database's files.

        False: somebody reads, so that the journal is needed a while longer; or it is PostgreSQL, which does it by
        itself (VACUUM). Raises StoreError.
        """
        if self.dialect != "sqlite":
            return False
        with self._translated(), self._in_turn(), self._connection() as connection:
            # Others wait meanwhile: whoever reads for long is not waited for.
            connection.exec_driver_sql("PRAGMA busy_timeout=1000")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
            connection.exec_driver_sql(f"PRAGMA busy_timeout={self._patience * 1000:.0f}")
            connection.rollback()
        return not busy

    def close(self) -> None:
        """Give the node number back and close all connections. Again is harmless."""
        try:
            self._nodes.give_back()
        finally:
            self._dispose()

    def _dispose(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        # The one that can write last: SQLite cleans up behind itself as the last connection closes.
        self._snapshots.dispose()
        self._engine.dispose()


def open_store(
    url: str,
    *,
    now: Moment,
    create: bool = False,
    durable: bool = True,
    patience: float = PATIENCE,
    file_id: FileId | None = None,
) -> Store:
    """Open the database at `url`, its tables brought up to date; with `create`, made where there are none.

    With `file_id` it has to be this very file on SQLite: for processes that work for one that opened it before.
    With `durable` False a power cut may lose what was committed: for replays, which can be done again. Raises
    WorkspaceError where there is no database or a newer version made it, StoreError where it cannot be used.
    """
    store = _store(url, create=create, durable=durable, patience=patience, file_id=file_id)
    try:
        with store._translated():
            bring_up_to_date(store._write, store.read, where=store.where, now=now, create=create)
    except BaseException:
        store._dispose()
        raise
    return store


def _store(url: str, *, create: bool, durable: bool, patience: float, file_id: FileId | None = None) -> Store:
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        return _sqlite(url, create=create, durable=durable, patience=patience, file_id=file_id)
    if scheme in ("postgresql", "postgres"):
        return _postgresql(url, patience=patience)
    raise StoreError(
        f"`database` starts with {scheme[:20]!r}",
        remedy="Write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE.",
    )


def _sqlite(url: str, *, create: bool, durable: bool, patience: float, file_id: FileId | None) -> Store:
    name = url.removeprefix("sqlite:///")
    if name == url or not name or name.startswith(":memory:") or "?" in name:
        raise StoreError("`database` names no file", where=url, remedy="Write sqlite:///FILE.")
    path = Path(name)
    if not create and file_id is None and not path.is_file():
        raise WorkspaceError("there is no database here", where=str(path), remedy="Make it: nurture init DIR")
    file = DatabaseFile(path, create=create, known=file_id)
    # To forbid and allow writing on the same connection makes SQLite prepare all its statements anew each time.
    engine, snapshots = (
        _sqlite_engine(file, durable=durable, patience=patience, reads=reads) for reads in (False, True)
    )
    return Store(engine, snapshots, where=str(path), patience=patience, file=file)


def _sqlite_engine(file: DatabaseFile, *, durable: bool, patience: float, reads: bool) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=lambda: file.connect(patience=patience),
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=56,
        pool_use_lifo=True,
        # Every transaction is ended by who began it.
        pool_reset_on_return=None,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        waits = patience * 1000
        for pragma in (
            f"PRAGMA busy_timeout={waits:.0f}",
            *_PRAGMAS,
            f"PRAGMA synchronous={'FULL' if durable else 'OFF'}",
            f"PRAGMA query_only={int(reads)}",
            f"PRAGMA busy_timeout={waits if reads else min(waits, _NAP_MS):.0f}",
        ):
            cursor.execute(pragma)
        cursor.close()
        sqlite_functions.register(connection)

    return engine


def _postgresql(url: str, *, patience: float) -> Store:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(
            "`database` cannot be read",
            remedy="Write postgresql://USER:PASSWORD@HOST/DATABASE, with %40 for an @ in the password.",
        ) from None
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": 10, "options": _with_limits(parsed.query.get("options", ""))},
        pool_size=8,
        max_overflow=24,
        pool_use_lifo=True,
        pool_pre_ping=True,
    )
    snapshots = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    where = parsed.set(query={}).render_as_string(hide_password=True)
    return Store(engine, snapshots, where=where, patience=patience)


def _with_limits(options: str | tuple[str, ...]) -> str:
    given = options if isinstance(options, str) else " ".join(options)
    # Compiling a plan costs more than any of our short statements. What the URL says comes last and counts.
    return f"-c idle_in_transaction_session_timeout=10s -c jit=off {given}".strip()
