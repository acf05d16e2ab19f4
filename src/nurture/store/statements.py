"""Statements that both engines know but spell differently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

_CHUNK = 5_000
"""Values in one IN list; both engines take more, planners do not like it."""

T = TypeVar("T")


def table(row: type[SQLModel]) -> Table:
    """The Core table behind a row class."""
    return cast(Table, row.__table__)  # type: ignore[attr-defined]  # SQLModel does not declare what it sets


def insert(tx: Connection, into: Table) -> Any:
    """An INSERT that knows ON CONFLICT, for the engine at hand."""
    return (sqlite if tx.dialect.name == "sqlite" else postgresql).insert(into)


def upsert(
    tx: Connection,
    into: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    update: Sequence[str],
) -> None:
    """Insert `rows`; where `key` is there already, take the columns `update` from the new row. None: keep the old."""
    if not rows:
        return
    statement = insert(tx, into)
    if update:
        statement = statement.on_conflict_do_update(
            index_elements=list(key), set_={name: statement.excluded[name] for name in update}
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(key))
    tx.execute(statement, list(rows))


def chunks(values: Iterable[T], size: int = _CHUNK) -> Iterator[list[T]]:
    """`values` in lists of at most `size`."""
    chunk: list[T] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
