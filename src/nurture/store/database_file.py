"""The file of a SQLite database: opened only where it is, and noticed when it is gone or another one stands there.

SQLite goes on with a file that was moved or removed as if nothing had happened, and what it writes there is lost; where
the file is not there, it makes a new, empty one. So the file is known by its device and inode.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TypeAlias

from nurture.errors import StoreError

FileId: TypeAlias = tuple[int, int]
"""Device and inode."""

_REMEDY_GONE = (
    "Move it back, and nurture goes on by itself. If it is lost: stop nurture, restore a backup, and start it"
    " again. No new one is made."
)
_REMEDY_OTHER = (
    "Put the first one back, and nurture goes on by itself. To go on with this one: stop nurture, remove the files"
    " -wal and -shm beside it, and start nurture again; mail that it does not know of will be sent again."
)


class DatabaseFile:
    """One file for as long as a store is open. Safe to share between threads."""

    def __init__(self, path: Path, *, create: bool, known: FileId | None = None) -> None:
        self._path = path.absolute()
        self._create = create
        self._opened = known
        """Which it is; None until the first connection."""

    @property
    def id(self) -> FileId:
        """Which file it is; to be asked once it was opened."""
        assert self._opened is not None
        return self._opened

    def connect(self, *, patience: float) -> sqlite3.Connection:
        """A new connection to it, which waits `patience` seconds for a lock. Only the first one may make the file.

        Raises StoreError where it is not the file that was opened first, sqlite3.Error where it cannot be opened.
        """
        self.check()
        first = self._opened is None
        mode = "rwc" if self._create and first else "rw"
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode={mode}",
            uri=True,
            timeout=patience,
            # Transactions are begun by us: the driver's own would start late and never IMMEDIATE.
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if first:
                self._opened = self._found()
            self.check()
        except BaseException:
            connection.close()
            raise
        return connection

    def check(self) -> None:
        """Raise StoreError where the file that was opened is not at its place any more. Costs 3 microseconds."""
        if self._opened is not None and self._found() != self._opened:
            raise StoreError(
                "another file stands where the database was when nurture started",
                where=str(self._path),
                remedy=_REMEDY_OTHER,
            )

    def _found(self) -> FileId:
        try:
            found = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise StoreError(
                "the database file was removed or moved away", where=str(self._path), remedy=_REMEDY_GONE
            ) from None
        except OSError as error:
            raise StoreError(
                f"the database file cannot be looked at: {error.strerror}",
                where=str(self._path),
                remedy="Look whether the disk is there and whether this user may read the folder.",
            ) from None
        return found.st_dev, found.st_ino
