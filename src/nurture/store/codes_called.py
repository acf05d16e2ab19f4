"""Codes by what people typed: those of one contact alone, and those for all as some contacts were given them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, select

from nurture.offers.redemption import Given
from nurture.store.bulk import among
from nurture.store.codes import FOR_ALL, OWN, codes
from nurture.store.engine import Tx
from nurture.store.keys import as_json, listed


@dataclass(frozen=True, slots=True)
class CodesCalled:
    """Those of some names that are codes of ours, as rows: for this room alone."""

    own: dict[str, Row[Any]]
    """By name."""
    held: dict[tuple[str, int], list[Row[Any]]]
    """Codes for all, by name and contact."""
    for_all: dict[str, Row[Any]]
    """One row of each code for all, by name."""


def codes_called(tx: Tx, called: Collection[str], contacts: Collection[int]) -> CodesCalled:
    """The codes of these names, and those for all as these contacts were given them; four statements at most."""
    own = tx.execute(select(codes).where(OWN, among(tx, codes.c.canonical, list(called))))
    ours = {row.canonical: row for row in own}
    rest = sorted(set(called) - ours.keys())
    if not rest:
        return CodesCalled(ours, {}, {})
    last = [
        it
        for it in tx.execute(_last(tx.dialect.name), {"names": as_json([[it] for it in rest])}).scalars()
        if it
    ]
    for_all = (
        {row.canonical: row for row in tx.execute(select(codes).where(among(tx, codes.c.id, last)))}
        if last
        else {}
    )
    held: dict[tuple[str, int], list[Row[Any]]] = defaultdict(list)
    if for_all:
        theirs = select(codes).where(
            FOR_ALL,
            among(tx, codes.c.canonical, list(for_all)),
            among(tx, codes.c.contact_id, list(contacts)),
        )
        for row in tx.execute(theirs):
            held[row.canonical, row.contact_id].append(row)
    return CodesCalled(ours, held, for_all)


@cache
def _last(dialect: str) -> Select[Any]:
    """One row of each code for all, by its index: thousands may have been given it."""
    rows = listed(dialect, "names", (("name", "text"),))
    one = select(codes.c.id).where(FOR_ALL, codes.c.canonical == rows.c.name)
    return select(one.order_by(codes.c.contact_id.desc()).limit(1).correlate(rows).scalar_subquery())


def given_as(row: Row[Any]) -> Given:
    """A row as the verdict wants it."""
    return Given(
        code_id=row.id,
        own=bool(row.own),
        contact_id=row.contact_id,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        discount=row.discount,
        for_others=bool(row.for_others),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """A code that somebody asks about, as it stands."""

    code: str
    """As it is written for people."""
    offer: str
    discount: str
    """As it was written when the code was made; empty: it was not."""
    own: bool
    contact_id: int
    """Whose it is. 0: nobody's, or one for all. -1: whose it was has been erased."""
    issued_at: int
    expires_at: int
    redeemed_at: int
    for_others: bool


def look_up(tx: Tx, name: str, contact_id: int = 0) -> LookedUp | None:
    """The code of that canonical name; one for all as this contact was given it last, where they were.

    None: there is no such code.
    """
    found = codes_called(tx, [name], [contact_id] if contact_id else [])
    theirs = found.held.get((name, contact_id))
    if theirs:
        return _looked_up(max(theirs, key=lambda row: (row.issued_at, row.id)))
    row = found.own.get(name)
    if row is not None:
        return _looked_up(row)
    any_row = found.for_all.get(name)
    if any_row is None:
        return None
    return LookedUp(
        code=any_row.code,
        offer=any_row.offer,
        discount=any_row.discount,
        own=False,
        contact_id=0,
        issued_at=0,
        expires_at=0,
        redeemed_at=0,
        for_others=bool(any_row.for_others),
    )


def _looked_up(row: Row[Any]) -> LookedUp:
    return LookedUp(
        code=row.code,
        offer=row.offer,
        discount=row.discount,
        own=bool(row.own),
        contact_id=row.contact_id,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        redeemed_at=row.redeemed_at,
        for_others=bool(row.for_others),
    )
