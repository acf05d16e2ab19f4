"""Compiled templates, kept by their hash so that any host can render what was planned, now or later."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from sqlalchemy import select

from nurture.messages.compiled import Compiled
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table, upsert
from nurture.store.tables import TemplateRow

_templates = table(TemplateRow)

_BY_HASH = select(_templates.c.hash, _templates.c.compiled).where(one_of(_templates.c.hash, "hashes"))


def keep(tx: Tx, templates: Collection[Compiled]) -> None:
    """Keep compiled templates; those that are kept already stay as they are."""
    rows = {it.hash: {"hash": it.hash, "name": it.name, "compiled": it.to_json()} for it in templates}
    upsert(tx, _templates, list(rows.values()), key=("hash",), update=())


def by_hash(tx: Tx, hashes: Collection[str]) -> dict[str, Compiled]:
    """The templates with these hashes."""
    rows = tx.execute(_BY_HASH, {"hashes": hashes}).all()
    return {hash_: _read(compiled) for hash_, compiled in rows}


@lru_cache(maxsize=128)
def _read(compiled: str) -> Compiled:
    """Remembered, since each group of messages asks for the same few."""
    return Compiled.from_json(compiled)
