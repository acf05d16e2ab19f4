"""Addresses that are never mailed again, and addresses that said no to a topic where they came from. Only a keyed hash
is kept, so that it can outlive the contact."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, exists, func, literal_column, select, update

from nurture.clock import Moment
from nurture.store import marks
from nurture.store.bulk import among, insert_many
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table
from nurture.store.tables import SuppressionRow

_suppressions = table(SuppressionRow)

ERASED = "erased"
"""Nothing else is kept of whoever had it."""

LEFT = "said no, and has another address now"
"""So that no file brings it back as somebody who never said anything."""

BY_HAND = "by hand"

ELSEWHERE = "elsewhere"
"""Behind the reason that the system gave where it came from: `unsubscribed elsewhere`."""

_SUPPRESSED = select(_suppressions.c.address_hash, _suppressions.c.reason).where(
    one_of(_suppressions.c.address_hash, "hashes")
)
_SINCE = select(_suppressions.c.address_hash, _suppressions.c.reason, _suppressions.c.at).where(
    one_of(_suppressions.c.address_hash, "hashes")
)
_ANY = select(exists(select(literal_column("1")).select_from(_suppressions)))


def hash_address(key: bytes, address: str, topic: str = "") -> str:
    """HMAC-SHA256 of the address in lower case, in hexadecimal (RFC 2104); with `topic`, of both together.

    An address holds no line break, so no address is taken for one with a topic.
    """
    named = address.strip().lower() + (f"\n{topic}" if topic else "")
    return hmac.digest(key, named.encode(errors="replace"), "sha256").hex()


def suppress(tx: Tx, key: bytes, addresses: Iterable[str], *, reason: str, at: Moment) -> None:
    """Never mail these again. Where one is suppressed already, the first reason stays."""
    rows = [(hash_address(key, address), reason, at) for address in addresses]
    insert_many(tx, _suppressions, ["address_hash", "reason", "at"], rows, keep_old=True)


def suppress_topics(tx: Tx, key: bytes, noes: Iterable[tuple[str, str, str, Moment]]) -> None:
    """Keep, for each (address, topic, reason, moment), that no file brings consent to that topic there."""
    rows = [(hash_address(key, address, topic), reason, at) for address, topic, reason, at in noes]
    insert_many(tx, _suppressions, ["address_hash", "reason", "at"], rows, keep_old=True)


def erase(tx: Tx, key: bytes, address: str, at: Moment) -> None:
    """Never mail it again, and keep nothing of why it was suppressed before: an answer may have held the address."""
    hashed = hash_address(key, address)
    insert_many(
        tx,
        _suppressions,
        ["address_hash", "reason", "at"],
        [(hashed, ERASED, at)],
        conflict="(address_hash) DO UPDATE SET reason = excluded.reason, at = excluded.at",
    )


def release(tx: Tx, key: bytes, addresses: Iterable[str]) -> int:
    """Allow mail to these again; returns how many were suppressed."""
    hashes = [hash_address(key, address) for address in addresses]
    return tx.execute(delete(_suppressions).where(among(tx, _suppressions.c.address_hash, hashes))).rowcount


def is_no(reason: str) -> bool:
    """Whether an address is suppressed because somebody wants no mail there; else it bounced."""
    return not reason.startswith("bounced")


def suppressed(tx: Tx, key: bytes, addresses: Iterable[str]) -> dict[str, str]:
    """Those of `addresses` that must not be mailed, with the reason."""
    hashes = {hash_address(key, address): address for address in addresses}
    rows = tx.execute(_SUPPRESSED, {"hashes": hashes})
    return {hashes[found]: reason for found, reason in rows}


def standing(tx: Tx, key: bytes, addresses: Collection[str]) -> dict[str, tuple[str, Moment]]:
    """As `suppressed`, with the moment since when."""
    if not addresses or not _any(tx):
        return {}
    hashes = {hash_address(key, address): address for address in addresses}
    return {hashes[it]: (reason, int(at)) for it, reason, at in tx.execute(_SINCE, {"hashes": hashes})}


def topics_refused(
    tx: Tx, key: bytes, addresses: Collection[str], topics: Sequence[str]
) -> dict[tuple[str, str], str]:
    """Those pairs of address and topic to which no file brings consent, with the reason."""
    if not addresses or not topics or not _any(tx):
        return {}
    hashes = {
        hash_address(key, address, topic): (address, topic) for address in addresses for topic in topics
    }
    rows = tx.execute(_SUPPRESSED, {"hashes": hashes})
    return {hashes[found]: reason for found, reason in rows}


def hashes(tx: Tx) -> set[str]:
    """Of every address that must not be mailed: for whoever goes through all contacts anyway."""
    return set(tx.execute(select(_suppressions.c.address_hash)).scalars())


_MARK = "address key"


def mark_of(key: bytes) -> str:
    """By which a key is known again without being kept."""
    return hmac.digest(key, b"the key under which addresses are suppressed", "sha256").hex()[:32]


def key_mark(tx: Tx) -> str:
    """That of the key under which addresses are suppressed here; empty where none was yet."""
    return marks.get(tx, _MARK)


def sign(tx: Tx, key: bytes) -> None:
    """Keep the mark of the key under which addresses are suppressed from now on."""
    marks.put(tx, _MARK, mark_of(key))


def count(tx: Tx) -> int:
    """How many addresses, and addresses with a topic, are suppressed."""
    return int(tx.execute(select(func.count()).select_from(_suppressions)).scalar_one())


def _any(tx: Tx) -> bool:
    return bool(tx.execute(_ANY).scalar())


def forget_words(tx: Tx, address: str) -> int:
    """Shorten reasons in which the address itself stands, as in a server's answer; returns how many."""
    said = _suppressions.c.reason.icontains(address, autoescape=True)
    return tx.execute(update(_suppressions).where(said).values(reason="bounced")).rowcount
