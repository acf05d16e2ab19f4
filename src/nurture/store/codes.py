"""Codes of offers: what each contact holds, and what is known of a code. `issuing.py` gives them out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, Row, bindparam, func, literal_column, select

from nurture.audience.facts import OfferFacts
from nurture.clock import Moment
from nurture.offers.offer import Offer
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table
from nurture.store.tables import CodeRow

codes = table(CodeRow)

Holder = tuple[str, int]
"""An offer's key and a contact's id."""

State: TypeAlias = Literal["free", "issued", "handed over", "expired", "redeemed", "erased"]

FREE = 0
ERASED = -1
"""In place of a contact."""

SOMEBODYS: ColumnElement[bool] = codes.c.contact_id > literal_column("0")
"""That a contact holds it: in every search by contact, whose index has no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code, as it is stored."""

    id: int
    offer: str
    code: str
    own: bool
    contact_id: int
    made_at: Moment
    issued_at: Moment
    handed_at: Moment
    expires_at: Moment
    redeemed_at: Moment
    known_at: Moment

    def state(self, now: Moment) -> State:
        """What has become of it."""
        if self.redeemed_at:
            return "redeemed"
        if self.contact_id == ERASED:
            return "erased"
        if self.contact_id == FREE:
            return "free"
        if 0 < self.expires_at <= now:
            return "expired"
        return "handed over" if self.handed_at else "issued"


_COLUMNS = (
    codes.c.id,
    codes.c.offer,
    codes.c.code,
    codes.c.own,
    codes.c.contact_id,
    codes.c.made_at,
    codes.c.issued_at,
    codes.c.handed_at,
    codes.c.expires_at,
    codes.c.redeemed_at,
    codes.c.known_at,
)

_HELD = (
    select(
        codes.c.id,
        codes.c.offer,
        codes.c.stands_for,
        codes.c.contact_id,
        codes.c.code,
        codes.c.expires_at,
        codes.c.redeemed_at,
    )
    .where(
        one_of(codes.c.contact_id, "contacts"),
        SOMEBODYS,
        one_of(codes.c.offer, "offers") | one_of(codes.c.stands_for, "asked"),
    )
    .order_by(codes.c.issued_at, codes.c.id)
)


def held(
    tx: Tx, holders: Collection[Holder], offers: Mapping[str, Offer], now: Moment
) -> dict[Holder, OfferFacts]:
    """The latest that each contact was given of each offer, over or not; without a code where none was issued.

    Where another offer was made in its place, it is that one.
    """
    found = latest(tx, holders, offers)
    return {holder: facts_of(holder, found.get(holder), offers, now) for holder in holders}


def latest(tx: Tx, holders: Collection[Holder], offers: Mapping[str, Offer]) -> dict[Holder, Row[Any]]:
    """The row of the code that each holds: of the offer itself, or of one that was made in its place."""
    if not holders:
        return {}
    asked = list({offer for offer, _ in holders})
    given = {"contacts": list({contact for _, contact in holders}), "offers": asked, "asked": asked}
    rows: dict[int, list[Any]] = defaultdict(list)
    for row in tx.execute(_HELD, given):
        rows[row.contact_id].append(row)
    if not rows:
        return {}
    others = {key: {it.key for it in offers[key].others()} for key in asked}
    found: dict[Holder, Row[Any]] = {}
    for key, contact in holders:
        for row in rows.get(contact, ()):
            if row.offer == key or (row.stands_for == key and row.offer in others[key]):
                found[key, contact] = row
    return found


def facts_of(holder: Holder, row: Row[Any] | None, offers: Mapping[str, Offer], now: Moment) -> OfferFacts:
    """What conditions and messages see of it."""
    offer = offers[row.offer if row else holder[0]]
    return OfferFacts(
        key=offer.key,
        says=offer.says,
        discount=offer.discount,
        code=row.code if row else "",
        expires_at=_expiry(offer, row.expires_at if row else 0, now),
        redeemed=bool(row and row.redeemed_at),
    )


def _expiry(offer: Offer, stored: Moment, now: Moment) -> Moment | None:
    """The stored end; before the handover, the end that a handover now would give."""
    if stored:
        return stored
    return now + offer.expires if offer.expires is not None else None


# As the partial indexes spell it: SQLite does not see that `own = 1` says the same.
OWN: ColumnElement[bool] = literal_column("codes.own")
FOR_ALL: ColumnElement[bool] = literal_column("NOT codes.own")


def by_canonical(tx: Tx, canonicals: Collection[str]) -> dict[str, list[Code]]:
    """All codes that are typed so, by that; those for all with a row for each who was given it."""
    wanted = {"names": list(canonicals)}
    found: dict[str, list[Code]] = defaultdict(list)
    if canonicals:
        for which in (OWN, FOR_ALL):
            rows = select(codes.c.canonical, *_COLUMNS).where(one_of(codes.c.canonical, "names"), which)
            for canonical, *values in tx.execute(rows.order_by(codes.c.id), wanted):
                found[canonical].append(_code(values))
    return found


_FREE: ColumnElement[bool] = literal_column("codes.contact_id + 0 = 0")
_GIVEN: ColumnElement[bool] = literal_column("codes.contact_id + 0 <> 0")


def of_offer(tx: Tx, offer: str, limit: int) -> list[Code]:
    """Some of its codes: those that were given out, newest first, then free ones in the order in which they will be."""
    its = select(*_COLUMNS).where(codes.c.offer == bindparam("offer"))
    found = codes_in(tx.execute(its.where(_GIVEN).order_by(codes.c.id.desc()).limit(limit), {"offer": offer}))
    free = its.where(_FREE).order_by(codes.c.known_at, codes.c.id).limit(limit - len(found))
    return found + codes_in(tx.execute(free, {"offer": offer}))


def counted(tx: Tx, offer: str) -> dict[str, int]:
    """How many own codes of an offer are free, how many of those the shop knows, and how many contacts hold one."""
    its = select(func.count()).select_from(codes).where(codes.c.offer == bindparam("offer"))
    given = {"offer": offer}
    return {
        "free": tx.execute(its.where(_FREE), given).scalar_one(),
        "free and known": tx.execute(its.where(_FREE, codes.c.known_at > 0), given).scalar_one(),
        "issued": tx.execute(its.where(_GIVEN), given).scalar_one(),
    }


def issued(tx: Tx) -> int:
    """How many codes were given to somebody."""
    theirs = select(func.count()).select_from(codes).where(_GIVEN)
    return tx.execute(theirs).scalar_one()


def codes_in(rows: Iterable[Sequence[Any]]) -> list[Code]:
    """Codes out of rows of CODE_COLUMNS."""
    return [_code(row) for row in rows]


def _code(values: Sequence[Any]) -> Code:
    return Code(**dict(zip(_NAMES, values, strict=True)))


_NAMES = tuple(it.name for it in _COLUMNS)
CODE_COLUMNS = _COLUMNS
