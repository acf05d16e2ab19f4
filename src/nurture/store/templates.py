"""Compiled templates, kept by their hash so that any host can render what was planned, now or later."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from nurture.messages.compiled import Compiled
from nurture.store.bulk import among
from nurture.store.engine import Tx
from nurture.store.statements import table, upsert
from nurture.store.tables import TemplateRow

_templates = table(TemplateRow)


def keep(tx: Tx, templates: Collection[Compiled]) -> None:
    """Keep compiled templates; those that are kept already stay as they are."""
    rows = {it.hash: {"hash": it.hash, "name": it.name, "compiled": it.to_json()} for it in templates}
    upsert(tx, _templates, list(rows.values()), key=("hash",), update=())


def by_hash(tx: Tx, hashes: Collection[str]) -> dict[str, Compiled]:
    """The templates with these hashes."""
    rows = tx.execute(
        select(_templates.c.hash, _templates.c.compiled).where(among(tx, _templates.c.hash, hashes))
    )
    return {hash_: Compiled.from_json(compiled) for hash_, compiled in rows}
