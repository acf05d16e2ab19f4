"""Codes that the shop does not know yet, and those that it was told of: exported for it, or pushed to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, literal_column, select, update

from nurture.clock import Moment
from nurture.store.bulk import among
from nurture.store.codes import CODE_COLUMNS, OWN, Code, codes, codes_in
from nurture.store.engine import Tx
from nurture.store.made_codes import TOGETHER
from nurture.store.statements import chunks

# As the partial index spells it: SQLite does not see that `own = 1` says the same.
_NEW: ColumnElement[bool] = literal_column("codes.own AND codes.known_at = 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCode:
    """A code that the shop does not know."""

    id: int
    code: str
    discount: str
    """As it was written when the code was made; empty: it was not written."""


def own_codes(tx: Tx, offer: str, *, only_new: bool) -> Iterator[list[Code]]:
    """The own codes of an offer, oldest first, in lists of TOGETHER: all, or those that the shop does not know."""
    last = 0
    its = select(*CODE_COLUMNS).where(codes.c.offer == offer, _NEW if only_new else OWN)
    its = its.order_by(codes.c.id).limit(TOGETHER)
    while found := codes_in(tx.execute(its.where(codes.c.id > last))):
        yield found
        last = found[-1].id


def unknown(tx: Tx, offer: str, after: int, limit: int) -> list[UnknownCode]:
    """The next codes of the offer that no shop was told of, behind the id `after`: free ones and given ones, but none
    that was used, or whose contact was erased."""
    rows = tx.execute(
        select(codes.c.id, codes.c.code, codes.c.discount)
        .where(_NEW, _of(offer), codes.c.id > after)
        .order_by(codes.c.id)
        .limit(limit)
    )
    return [UnknownCode(id=id_, code=code, discount=discount) for id_, code, discount in rows]


def count_unknown(tx: Tx, offer: str) -> int:
    """How many there are."""
    return int(tx.execute(select(func.count()).select_from(codes).where(_NEW, _of(offer))).scalar_one())


def mark_known(tx: Tx, ids: Collection[int], at: Moment, *, discount: str = "") -> None:
    """The shop knows these codes now, and for this discount where one is said; those it knew already stay as they
    are."""
    values: dict[str, int | str] = {"known_at": at, "discount": discount} if discount else {"known_at": at}
    for some in chunks(sorted(ids)):
        its = update(codes).where(among(tx, codes.c.id, some), codes.c.known_at == 0)
        tx.execute(its.values(**values))


def _of(offer: str) -> ColumnElement[bool]:
    return (codes.c.offer == offer) & (codes.c.redeemed_at == 0) & (codes.c.contact_id >= 0)
