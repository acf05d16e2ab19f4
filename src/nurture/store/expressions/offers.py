"""What a contact holds of the offer that is asked about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, case, func, null, select

from nurture.audience.expressions.tree import OfferFact
from nurture.offers.offer import Instead, Offer
from nurture.store.expressions.asking import CONTACTS, NOBODY, Asking, flag, moment, text
from nurture.store.statements import table
from nurture.store.tables import CodeRow

_CODES = table(CodeRow)


def offer_fact(asking: Asking, node: OfferFact) -> ColumnElement[Any]:
    """A fact of the code they were given last, or of the offer itself; of the one made in its place, where it was."""
    offer = asking.offer
    if offer is None:
        return null()
    match node.name:
        case "says":
            return _said(offer, lambda it: text(it.says))
        case "discount":
            return _said(offer, lambda it: text(it.discount))
        case "code":
            return func.coalesce(_latest(offer, "code"), text(""), type_=Text)
        case "redeemed":
            return flag(func.coalesce(_latest(offer, "redeemed_at"), NOBODY) != NOBODY)
        case _:
            stored = func.nullif(_latest(offer, "expires_at"), NOBODY, type_=BigInteger)
            ends = _said(offer, lambda it: null() if it.expires is None else moment(asking.now + it.expires))
            return func.coalesce(stored, ends, type_=BigInteger)


def _said(offer: Offer, of: Callable[[Offer], ColumnElement[Any]]) -> ColumnElement[Any]:
    """What the offer that they hold says of itself."""
    if not isinstance(offer.when_out, Instead):
        return of(offer)
    others = {it.key: of(it) for it in offer.others()}
    return case(others, value=_latest(offer, "offer"), else_=of(offer))


def _latest(offer: Offer, column: str) -> ColumnElement[Any]:
    codes = _CODES.alias()
    which = codes.c.offer == offer.key
    if others := [it.key for it in offer.others()]:
        which |= (codes.c.stands_for == offer.key) & codes.c.offer.in_(others)
    of = select(codes.c[column]).where(
        which, codes.c.contact_id == CONTACTS.c.id, codes.c.contact_id > NOBODY
    )
    latest = of.order_by(codes.c.issued_at.desc(), codes.c.id.desc()).limit(1)
    return latest.correlate_except(codes).scalar_subquery()
