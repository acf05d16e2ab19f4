"""Keys to the API: their hashes, what each may do, and which were revoked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update

from nurture.clock import Moment
from nurture.store.bulk import insert_new
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.statements import table
from nurture.store.tables import ApiKeyRow

_keys = table(ApiKeyRow)
_COLUMNS = ("id", "name", "hash", "scopes", "publishable", "created_at", "used_at", "revoked_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key, without what it is."""

    id: int
    name: str
    scopes: tuple[str, ...]
    publishable: bool
    created_at: Moment
    used_at: Moment
    """To the hour; 0: never."""
    revoked_at: Moment
    """0: it is good."""


def add(
    tx: Tx, ids: Ids, name: str, hash_: str, scopes: Sequence[str], *, publishable: bool, now: Moment
) -> bool:
    """Keep a key by its hash; False where there is, or was, one of that name."""
    (id_,) = ids.take(1, now)
    row = (id_, name, hash_, json.dumps(list(scopes)), publishable, now, 0, 0)
    return bool(insert_new(tx, _keys, _COLUMNS, [row], ["id"]))


def find(tx: Tx, hash_: str) -> ApiKey | None:
    """The key with this hash, revoked or not."""
    row = tx.execute(select(_keys).where(_keys.c.hash == hash_)).one_or_none()
    return _key(row) if row is not None else None


def every(tx: Tx) -> list[ApiKey]:
    """All keys, the oldest first."""
    return [_key(row) for row in tx.execute(select(_keys).order_by(_keys.c.created_at, _keys.c.id))]


def revoke(tx: Tx, name: str, now: Moment) -> bool:
    """End a key; False where no good one is called so."""
    good = (_keys.c.name == name) & (_keys.c.revoked_at == 0)
    return tx.execute(update(_keys).where(good).values(revoked_at=now)).rowcount > 0


def used(tx: Tx, key_id: int, at: Moment) -> None:
    """Remember that the key was used."""
    tx.execute(update(_keys).where(_keys.c.id == key_id, _keys.c.used_at < at).values(used_at=at))


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        scopes=tuple(json.loads(row.scopes)),
        publishable=bool(row.publishable),
        created_at=row.created_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
