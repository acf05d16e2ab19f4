"""Lists of message keys and small records as one parameter of a statement, so that one statement serves a
whole group."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Subquery,
    Text,
    bindparam,
    literal_column,
    text,
)

Kind: TypeAlias = Literal["int", "text"]


def listed(dialect: str, name: str, columns: Sequence[tuple[str, Kind]]) -> Subquery:
    """A table made of the JSON parameter `name`: a list of lists, one value a column. Give it with
    `as_json`."""
    if dialect == "postgresql":
        rows = f"jsonb_array_elements(CAST(:{name} AS jsonb)) AS item(value)"
        reading = {"int": "CAST(item.value->>{i} AS bigint)", "text": "item.value->>{i}"}
    else:
        rows = f"json_each(:{name}) AS item"
        reading = {"int": "json_extract(item.value, '$[{i}]')", "text": "json_extract(item.value, '$[{i}]')"}
    picked = ", ".join(f"{reading[kind].format(i=i)} AS {column}" for i, (column, kind) in enumerate(columns))
    statement = text(f"SELECT {picked} FROM {rows}").bindparams(bindparam(name, type_=Text))
    types = {"int": BigInteger, "text": Text}
    made: Any = statement.columns(*[Column(column, types[kind]) for column, kind in columns])
    return made.subquery(f"{name}_rows")  # type: ignore[no-any-return]  # TextualSelect is typed loosely


def by_key(column: ColumnElement[int]) -> ColumnElement[int]:
    """`column` in a condition that is to be tested on rows found by their key, never to be looked up in its
    own index.

    SQLite's planner otherwise walks over all that a sender holds, or all that waits, once for each key.
    """
    return column + literal_column("0")


def as_json(rows: Sequence[Sequence[int | str]]) -> str:
    """The parameter for `listed`. NUL, which PostgreSQL cannot keep in text, becomes U+FFFD."""
    return json.dumps(rows, separators=(",", ":")).replace("\\u0000", "\\ufffd")
