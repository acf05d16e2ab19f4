"""The names that this workspace has recorded: attributes, events, lines. For checks, never for a decision."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select, text

from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import EventRow, LineRow

_events = table(EventRow)
_lines = table(LineRow)

_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_SQLITE = text(
    "SELECT DISTINCT it.key, CASE"
    f" WHEN it.type = 'text' AND (it.value GLOB '{_DAY}' OR it.value GLOB '{_DAY}[T ]*') THEN 'date'"
    " ELSE it.type END"
    " FROM contacts, json_each(contacts.attributes) AS it WHERE contacts.attributes <> '{}'"
)
_POSTGRESQL = text(
    "SELECT DISTINCT it.key, CASE"
    " WHEN jsonb_typeof(it.value) = 'string'"
    " AND it.value #>> '{}' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}($|[T ])' THEN 'date'"
    " ELSE jsonb_typeof(it.value) END"
    " FROM contacts, jsonb_each(contacts.attributes::jsonb) AS it WHERE contacts.attributes <> '{}'"
)
_TYPES: dict[str, type] = {
    "true": bool,
    "false": bool,
    "boolean": bool,
    "integer": float,
    "real": float,
    "number": float,
    "date": datetime,
}


def attributes(tx: Tx) -> dict[str, type]:
    """Each attribute's type: float, bool or datetime where all its values are (a day is a date, too), else str.

    Reads every contact once.
    """
    found: dict[str, set[type]] = defaultdict(set)
    for name, kind in tx.execute(_SQLITE if tx.dialect.name == "sqlite" else _POSTGRESQL):
        found[name].add(_TYPES.get(kind, str))
    return {name: kinds.pop() if len(kinds) == 1 else str for name, kinds in found.items()}


def events(tx: Tx) -> frozenset[str]:
    """The names of all events that were ever recorded."""
    return frozenset(tx.execute(select(_events.c.name).distinct()).scalars())


def lines(tx: Tx) -> frozenset[str]:
    """The names of the product lines."""
    return frozenset(tx.execute(select(_lines.c.name)).scalars())
