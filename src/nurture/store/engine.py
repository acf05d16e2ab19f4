"""The way to the database: opening it, and transactions on it.

`with store.read() as tx` is a snapshot that cannot write; `with store.write() as tx` commits at its end and
rolls back when something is raised. On SQLite a write begins with BEGIN IMMEDIATE, so that it waits for its
turn at the start and never fails in the middle. Reading and writing mean the same on both engines.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from nurture.clock import Moment, SystemClock
from nurture.errors import StoreError, WorkspaceError
from nurture.store import sqlite_functions
from nurture.store.ids import Ids
from nurture.store.nodes import Nodes
from nurture.store.schema import bring_up_to_date
from nurture.store.troubles import translate

Tx: TypeAlias = Connection
"""An open transaction: the first argument of every query."""

Dialect: TypeAlias = Literal["sqlite", "postgresql"]

PATIENCE = 30.0
"""Seconds to wait for another writer on SQLite."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-32000",
)


class Store:
    """An open database. Safe to share between threads; each thread opens its own transactions."""

    def __init__(self, engine: Engine, snapshots: Engine, *, where: str, patience: float) -> None:
        self._engine = engine
        self._snapshots = snapshots
        self._patience = patience
        self._where = where
        self._turn = threading.Lock()
        self._nodes = Nodes(self._write, SystemClock())

    @property
    def dialect(self) -> Dialect:
        """Which of the two engines it is."""
        return "postgresql" if self._engine.dialect.name == "postgresql" else "sqlite"

    @property
    def where(self) -> str:
        """The database as one may show it: its file, or its URL without the password."""
        return self._where

    @property
    def ids(self) -> Ids:
        """Makes ids. The process takes a node number of its own before the first one."""
        return self._nodes.ids()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A snapshot: all that is read in it is of one moment. Raises StoreError."""
        with self._translated(), self._snapshots.connect() as tx, tx.begin():
            if self.dialect == "sqlite":
                tx.exec_driver_sql("BEGIN")
            yield tx

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that commits at its end. Not to be opened within another. Raises StoreError."""
        self._nodes.keep()
        with self._write() as tx:
            yield tx

    @contextmanager
    def _write(self) -> Iterator[Tx]:
        with self._translated(), self._in_turn(), self._engine.connect() as tx, tx.begin():
            if self.dialect == "sqlite":
                tx.exec_driver_sql("BEGIN IMMEDIATE")
            yield tx

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """On SQLite the threads of one process queue here: its own waiting polls, and is not fair."""
        if self.dialect != "sqlite":
            yield
            return
        if not self._turn.acquire(timeout=self._patience):
            raise StoreError(
                f"another part of this process has been writing for {self._patience:.0f} seconds",
                where=self._where,
                remedy="Start nurture again; nothing that was committed is lost.",
            )
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            trouble = translate(error, self._where)
            if trouble is None:
                raise
            raise trouble from error

    def close(self) -> None:
        """Give the node number back and close all connections. Again is harmless."""
        try:
            self._nodes.give_back()
        finally:
            self._dispose()

    def _dispose(self) -> None:
        # The one that can write last: SQLite cleans up behind itself as the last connection closes.
        self._snapshots.dispose()
        self._engine.dispose()


def open_store(
    url: str, *, now: Moment, create: bool = False, durable: bool = True, patience: float = PATIENCE
) -> Store:
    """Open the database at `url`, its tables brought up to date; with `create`, made where there are none.

    With `durable` False a power cut may lose what was committed: for replays, which can be done again. Raises
    WorkspaceError where there is no database or a newer version made it, StoreError where it cannot be used.
    """
    engine, where = _engine(url, create=create, durable=durable, patience=patience)
    snapshots = _snapshots(engine, durable=durable, patience=patience)
    store = Store(engine, snapshots, where=where, patience=patience)
    try:
        with store._translated():
            bring_up_to_date(store._write, store.read, where=where, now=now, create=create)
    except BaseException:
        store._dispose()
        raise
    return store


def _snapshots(engine: Engine, *, durable: bool, patience: float) -> Engine:
    """The same database for reading.

    On SQLite through connections of its own: to forbid and allow writing on the same one makes SQLite prepare
    all its statements anew each time.
    """
    if engine.dialect.name == "sqlite":
        return _sqlite_engine(str(engine.url.database), durable=durable, patience=patience, reads=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _engine(url: str, *, create: bool, durable: bool, patience: float = PATIENCE) -> tuple[Engine, str]:
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        return _sqlite(url, create=create, durable=durable, patience=patience)
    if scheme in ("postgresql", "postgres"):
        return _postgresql(url)
    raise StoreError(
        f"`database` starts with {scheme[:20]!r}",
        remedy="Write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE.",
    )


def _sqlite(url: str, *, create: bool, durable: bool, patience: float) -> tuple[Engine, str]:
    name = url.removeprefix("sqlite:///")
    if name == url or not name or name.startswith(":memory:") or "?" in name:
        raise StoreError("`database` names no file", where=url, remedy="Write sqlite:///FILE.")
    path = Path(name)
    if not create and not path.is_file():
        raise WorkspaceError("there is no database here", where=str(path), remedy="Make it: nurture init DIR")
    return _sqlite_engine(str(path), durable=durable, patience=patience), str(path)


def _sqlite_engine(path: str, *, durable: bool, patience: float, reads: bool = False) -> Engine:
    engine = create_engine(
        make_url("sqlite://").set(database=path),
        # Transactions are begun by us: the driver's own would start late and never IMMEDIATE.
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": patience},
        pool_size=8,
        max_overflow=56,
        pool_use_lifo=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"PRAGMA busy_timeout={patience * 1000:.0f}",
            *_PRAGMAS,
            f"PRAGMA synchronous={'FULL' if durable else 'OFF'}",
            f"PRAGMA query_only={int(reads)}",
        ):
            cursor.execute(pragma)
        cursor.close()
        sqlite_functions.register(connection)

    return engine


def _postgresql(url: str) -> tuple[Engine, str]:
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
    return engine, parsed.set(query={}).render_as_string(hide_password=True)


def _with_limits(options: str | tuple[str, ...]) -> str:
    given = options if isinstance(options, str) else " ".join(options)
    # Compiling a plan costs more than any of our short statements.
    return f"{given} -c idle_in_transaction_session_timeout=10s -c jit=off".strip()
