"""Codes that are there before anybody has one: made here, or out of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from nurture.clock import Moment
from nurture.offers.codes import BITS, canonical, spell
from nurture.store.bulk import among, insert_new
from nurture.store.codes import OWN, codes
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.new_codes import COLUMNS, Maker, new_code

_MANY = 1_000

TOGETHER = 25_000
"""Codes in one transaction, so that others write between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of some codes of a file."""

    new: int
    known: int
    """They were there already, for this offer."""
    elsewhere: tuple[str, ...]
    """They are codes of another offer, as the file spells them."""


def make(tx: Tx, offer: str, first: str, count: int, maker: Maker, now: Moment) -> int:
    """Make `count` free codes that begin with `first`; the shop does not know them yet. Returns how many were made:
    one that is there already, whoever made it, is left out."""
    ids = maker.ids.take(count, now)
    rows = [new_code(id_, offer, spell(maker.chance(BITS), first), now) for id_ in ids]
    return len(insert_new(tx, codes, COLUMNS, rows, ("id",)))


def take_in(tx: Tx, offer: str, given: Sequence[str], ids: Ids, now: Moment) -> Taken:
    """Take in free codes that the shop knows. Again is harmless; what is another offer's stays there."""
    by_name = {canonical(code): code for code in reversed(given)}
    rows = [
        new_code(id_, offer, code, now, known_at=now)
        for id_, code in zip(ids.take(len(by_name), now), by_name.values(), strict=True)
    ]
    new = {name for (name,) in insert_new(tx, codes, COLUMNS, rows, ("canonical",))}
    others = [name for name in by_name if name not in new]
    there = select(codes.c.canonical, codes.c.offer).where(OWN, among(tx, codes.c.canonical, others))
    theirs = {row.canonical: row.offer for row in tx.execute(there)} if others else {}
    elsewhere = tuple(by_name[name] for name in others if theirs.get(name) != offer)
    return Taken(new=len(new), known=len(others) - len(elsewhere), elsewhere=elsewhere)


def look_around(tx: Tx, made: int) -> None:
    """Have PostgreSQL learn of so many new codes now, not within a minute or two: until it does, it takes every contact
    to hold a large part of them, and reads the whole table for what a few hold."""
    if made >= _MANY and tx.dialect.name == "postgresql":
        tx.exec_driver_sql("ANALYZE codes")
