"""Marks: how far a piece of periodic work has come, and what the workspace is, under a name."""

from __future__ import annotations

from sqlalchemy import select

from nurture.store.engine import Tx
from nurture.store.statements import table, upsert
from nurture.store.tables import MarkRow

_marks = table(MarkRow)

REPLAYED_TO = "replayed to"
"""The moment at which the last replay ended: what the dashboard shows first."""


def get(tx: Tx, name: str, default: str = "") -> str:
    """The value of a mark, or `default` where it was never set."""
    value: str | None = tx.execute(select(_marks.c.value).where(_marks.c.name == name)).scalar()
    return default if value is None else value


def put(tx: Tx, name: str, value: str) -> None:
    """Set a mark."""
    upsert(tx, _marks, [{"name": name, "value": value}], key=["name"], update=["value"])


def get_for_update(tx: Tx, name: str, default: str = "") -> str:
    """As `get`, and until the transaction ends nobody else gets it so: for work that only one may do."""
    upsert(tx, _marks, [{"name": name, "value": default}], key=["name"], update=[])
    return str(tx.execute(select(_marks.c.value).where(_marks.c.name == name).with_for_update()).scalar_one())
