"""Many rows in one statement: what carries an import."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    LargeBinary,
    Row,
    SmallInteger,
    Table,
    Text,
    any_,
    bindparam,
    func,
    select,
)

from nurture.store.statements import chunks

_INTAKE_LOCK = 0x6E757276

_TOGETHER = 200
"""Rows in one INSERT of SQLite's, as far as there are so many."""

_ROWS = 500
"""Rows in one statement of SQLite's that says what it inserted; it takes 32,766 values."""


def among(
    tx: Connection, column: Column[Any], values: Collection[int] | Collection[str]
) -> ColumnElement[bool]:
    """`column IN (values)`, all values as one parameter, so that the statement is the same for any number."""
    if tx.dialect.name == "sqlite":
        items = func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(select(items.c.value))
    kind = ARRAY(BigInteger if isinstance(column.type, BigInteger) else Text)
    return column == any_(bindparam(None, list(values), type_=kind))


def insert_many(
    tx: Connection,
    into: Table,
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    *,
    keep_old: bool = False,
    conflict: str = "",
) -> None:
    """Insert `rows`, a value for each of `columns`; with `keep_old`, leave out those that are there.

    `conflict` says instead what to do with those, as both engines spell it behind ON CONFLICT; no two rows may have
    the same key then.
    """
    if not rows:
        return
    head = f"INSERT INTO {into.name} ({', '.join(columns)})"
    tail = f" ON CONFLICT {conflict or 'DO NOTHING'}" if keep_old or conflict else ""
    if tx.dialect.name == "sqlite":
        _insert_in_sqlite(tx, head, tail, f"({', '.join('?' * len(columns))})", rows)
    else:
        tx.exec_driver_sql(f"{head} SELECT * FROM {_unnested(into, columns)}{tail}", _transposed(rows))


def _insert_in_sqlite(
    tx: Connection, head: str, tail: str, row: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Many together where there are many: a statement for each costs nearly twice as much."""
    whole = len(rows) - len(rows) % _TOGETHER
    if whole:
        statement = f"{head} VALUES {', '.join([row] * _TOGETHER)}{tail}"
        for start in range(0, whole, _TOGETHER):
            some = rows[start : start + _TOGETHER]
            tx.exec_driver_sql(statement, tuple(chain.from_iterable(some)))
    if whole < len(rows):
        tx.exec_driver_sql(f"{head} VALUES {row}{tail}", list(rows[whole:]))


def insert_new(
    tx: Connection,
    into: Table,
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    returning: Sequence[str],
) -> list[tuple[Any, ...]]:
    """Insert those of `rows` that are not there; gives the columns `returning` of each that was not."""
    head = f"INSERT INTO {into.name} ({', '.join(columns)})"
    tail = f" ON CONFLICT DO NOTHING RETURNING {', '.join(returning)}"
    made: list[Row[Any]] = []
    if tx.dialect.name == "sqlite":
        row = f"({', '.join('?' * len(columns))})"
        for some in chunks(rows, _ROWS):
            values = tuple(value for it in some for value in it)
            made += tx.exec_driver_sql(f"{head} VALUES {', '.join([row] * len(some))}{tail}", values).all()
    elif rows:
        statement = f"{head} SELECT * FROM {_unnested(into, columns)}{tail}"
        made += tx.exec_driver_sql(statement, _transposed(rows)).all()
    return [tuple(row) for row in made]


def update_many(
    tx: Connection,
    into: Table,
    key: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    *,
    only: str = "",
) -> None:
    """Set `columns` where `key` matches; each row has the values of `columns`, then those of `key`.

    `only` is a column that must be 0, too.
    """
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        changes = ", ".join(f"{name} = ?" for name in columns)
        where = " AND ".join(f"{name} = ?" for name in key) + (f" AND {only} = 0" if only else "")
        tx.exec_driver_sql(f"UPDATE {into.name} SET {changes} WHERE {where}", list(rows))
        return
    names = (*columns, *key)
    changes = ", ".join(f"{name} = new.{name}" for name in columns)
    where = " AND ".join(f"{into.name}.{name} = new.{name}" for name in key)
    where += f" AND {into.name}.{only} = 0" if only else ""
    source = f"{_unnested(into, names)} AS new ({', '.join(names)})"
    tx.exec_driver_sql(f"UPDATE {into.name} SET {changes} FROM {source} WHERE {where}", _transposed(rows))


def alone(tx: Connection) -> None:
    """One batch at a time is taken in: its reader would not see what another is about to insert.

    Held until the transaction ends, on PostgreSQL; on SQLite a write is alone already.
    """
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_INTAKE_LOCK})")


def _unnested(table: Table, columns: Sequence[str]) -> str:
    return f"unnest({', '.join(f'%s::{_kind(table.c[name])}[]' for name in columns)})"


def _kind(column: Column[Any]) -> str:
    match column.type:
        case SmallInteger():
            return "smallint"
        case BigInteger():
            return "bigint"
        case Boolean():
            return "boolean"
        case Float():
            return "double precision"
        case LargeBinary():
            return "bytea"
        case _:
            return "text"


def _transposed(rows: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    return tuple(list(values) for values in zip(*rows, strict=True))
