"""Addresses that are never mailed again. Only a keyed hash is kept, so that it can outlive the contact."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from sqlalchemy import delete, select

from nurture.clock import Moment
from nurture.store.bulk import among, insert_many
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table
from nurture.store.tables import SuppressionRow

_suppressions = table(SuppressionRow)

_SUPPRESSED = select(_suppressions.c.address_hash, _suppressions.c.reason).where(
    one_of(_suppressions.c.address_hash, "hashes")
)


def hash_address(key: bytes, address: str) -> str:
    """HMAC-SHA256 of the address in lower case, in hexadecimal (RFC 2104)."""
    return hmac.digest(key, address.strip().lower().encode(), "sha256").hex()


def suppress(tx: Tx, key: bytes, addresses: Iterable[str], *, reason: str, at: Moment) -> None:
    """Never mail these again. Where one is suppressed already, the first reason stays."""
    rows = [(hash_address(key, address), reason, at) for address in addresses]
    insert_many(tx, _suppressions, ["address_hash", "reason", "at"], rows, keep_old=True)


def release(tx: Tx, key: bytes, addresses: Iterable[str]) -> int:
    """Allow mail to these again; returns how many were suppressed."""
    hashes = [hash_address(key, address) for address in addresses]
    return tx.execute(delete(_suppressions).where(among(tx, _suppressions.c.address_hash, hashes))).rowcount


def suppressed(tx: Tx, key: bytes, addresses: Iterable[str]) -> dict[str, str]:
    """Those of `addresses` that must not be mailed, with the reason."""
    hashes = {hash_address(key, address): address for address in addresses}
    rows = tx.execute(_SUPPRESSED, {"hashes": hashes})
    return {hashes[found]: reason for found, reason in rows}


def hashes(tx: Tx) -> set[str]:
    """Of every address that must not be mailed: for whoever goes through all contacts anyway."""
    return set(tx.execute(select(_suppressions.c.address_hash)).scalars())
