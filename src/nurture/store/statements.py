"""Statements that both engines know but spell differently."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Table,
    Text,
    TypeDecorator,
    bindparam,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

_CHUNK = 5_000
"""Values in one IN list; both engines take more, planners do not like it."""

T = TypeVar("T")


def table(row: type[SQLModel]) -> Table:
    """The Core table behind a row class."""
    return cast(Table, row.__table__)  # type: ignore[attr-defined]  # SQLModel does not declare what it sets


class _List(TypeDecorator[Any]):
    """A list as one parameter: JSON on SQLite, an array on PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else ARRAY(self.of)

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        values = list(value or ())
        return json.dumps(values) if dialect.name == "sqlite" else values


class _OneOf(FunctionElement[bool]):
    # Its type is left open: a Boolean would be spelled `(…) = 1` on SQLite, which no index answers.
    inherit_cache = True


@compiles(_OneOf, "sqlite")
def _one_of_json(element: _OneOf, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = element.clauses
    return (
        f"{compiler.process(column, **kw)} IN (SELECT value FROM json_each({compiler.process(values, **kw)}))"
    )


@compiles(_OneOf, "postgresql")
def _one_of_array(element: _OneOf, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **kw)} = ANY ({compiler.process(values, **kw)})"


def one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """`column IN` the list that is given as the parameter `name`.

    One parameter for any number of values, so that a statement made once is spelled out and prepared once:
    with SQLAlchemy's expanding parameters that is done again at each call.
    """
    kind = BigInteger() if isinstance(column.type, BigInteger) else Text()
    return cast("ColumnElement[bool]", _OneOf(column, bindparam(name, type_=_List(kind))))


def insert(dialect: str, into: Table) -> Any:
    """An INSERT that knows ON CONFLICT, for the engine of that name. To be made once."""
    return (sqlite if dialect == "sqlite" else postgresql).insert(into)


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
    tx.execute(_upserting(tx.dialect.name, into, tuple(key), tuple(update)), list(rows))


@cache
def _upserting(dialect: str, into: Table, key: tuple[str, ...], update: tuple[str, ...]) -> Executable:
    """Made once: putting such a statement together costs more than SQLite takes to carry it out."""
    statement = insert(dialect, into)
    if update:
        made = statement.on_conflict_do_update(
            index_elements=list(key), set_={name: statement.excluded[name] for name in update}
        )
    else:
        made = statement.on_conflict_do_nothing(index_elements=list(key))
    return cast(Executable, made)


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
