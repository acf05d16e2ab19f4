"""What the database's errors mean for the person who has to put them right."""

from __future__ import annotations

import sqlite3

import psycopg
from sqlalchemy.exc import DBAPIError

from nurture.errors import StoreError

LOCKED = (
    "the database stayed locked by another process",
    "Look for a nurture command that hangs, or for another program that has the file open.",
)
"""What, and what to do."""

_SQLITE: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_READONLY: (
        "the database cannot be written: the disk, the folder or the file is read-only",
        "Make the file and its folder writable for this user (SQLite keeps two files beside it).",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "the database cannot be opened",
        "Look whether the folder is there and whether this user may write into it.",
    ),
    sqlite3.SQLITE_FULL: ("the disk is full", "Make room; nothing that was committed is lost."),
    sqlite3.SQLITE_IOERR: ("the disk could not be read or written", "Look into the machine's own log."),
    sqlite3.SQLITE_PERM: (
        "access to the database is refused",
        "Give this user the right to read and write it.",
    ),
    sqlite3.SQLITE_CORRUPT: ("the database is damaged", "Restore it from a copy."),
    sqlite3.SQLITE_NOTADB: (
        "this file is not a nurture database",
        "Name another file as `database`, or move this one away and run nurture init.",
    ),
}

_POSTGRES: dict[str, tuple[str, str]] = {
    "08": (
        "the database server cannot be reached",
        "Look whether it runs and whether `database` names it right.",
    ),
    "28": ("the database server refused the log-in", "Check user and password in NURTURE_DATABASE."),
    "3D": ("the database is not there", "Make it with createdb, then run nurture init."),
    "42501": (
        "the database user lacks the rights for this",
        "Grant it the rights to the schema and its tables.",
    ),
    "25006": ("the database is read-only", "Name the primary server in `database`."),
    "25P03": (
        "a transaction stood idle for too long and was ended",
        "Try again; the machine may be overloaded.",
    ),
    "40": ("two transactions stood in each other's way", "Try again."),
    "53100": ("the database server's disk is full", "Make room; nothing that was committed is lost."),
    "53": (
        "the database server has no more connections, memory or disk",
        "Raise its limits or use fewer processes.",
    ),
    "55P03": ("the database was locked by another process", "Try again."),
    "57": ("the database server is shutting down or ended our connection", "Try again when it is up."),
    "58": ("the database server had a disk error", "Look into its log."),
    "XX": ("the database server reports an error of its own", "Look into its log."),
}


def is_locked(error: DBAPIError) -> bool:
    """Whether another process holds SQLite's lock just now."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def translate(error: DBAPIError, where: str) -> StoreError | None:
    """The trouble in an operator's words, or None where the mistake is ours and should be seen as such."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        # The low byte is the kind; the rest tells kinds of it apart (https://sqlite.org/rescode.html).
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        known = _SQLITE.get(code)
    elif isinstance(cause, psycopg.Error):
        state = cause.sqlstate or ""
        known = _POSTGRES.get(state) or _POSTGRES.get(state[:2])
        if not known and not state and isinstance(cause, psycopg.OperationalError):
            known = _no_connection(cause)
    else:
        known = None
    return StoreError(known[0], where=where, remedy=known[1]) if known else None


def _no_connection(cause: psycopg.Error) -> tuple[str, str]:
    """While a connection is made there are only the server's words; they never hold the password."""
    what, remedy = _POSTGRES["08"]
    said = (str(cause).strip().splitlines() or [""])[-1].strip()
    return f"{what}: {said}" if said else what, remedy
