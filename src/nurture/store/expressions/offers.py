"""What a contact holds of the offer that is asked about."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, func, null, select

from nurture.audience.expressions.tree import OfferFact
from nurture.offers.offer import Offer
from nurture.store.expressions.asking import CONTACTS, NOBODY, Asking, flag, moment, text
from nurture.store.statements import table
from nurture.store.tables import CodeRow

_CODES = table(CodeRow)


def offer_fact(asking: Asking, node: OfferFact) -> ColumnElement[Any]:
    """A fact of the code they were given last, or of the offer itself."""
    offer = asking.offer
    if offer is None:
        return null()
    match node.name:
        case "says":
            return text(offer.says)
        case "discount":
            return text(offer.discount)
        case "code":
            return func.coalesce(_latest(offer, "code"), text(""), type_=Text)
        case "redeemed":
            return flag(func.coalesce(_latest(offer, "redeemed_at"), NOBODY) != NOBODY)
        case _:
            stored = func.nullif(_latest(offer, "expires_at"), NOBODY, type_=BigInteger)
            if offer.expires is None:
                return stored
            return func.coalesce(stored, moment(asking.now + offer.expires), type_=BigInteger)


def _latest(offer: Offer, column: str) -> ColumnElement[Any]:
    codes = _CODES.alias()
    of = select(codes.c[column]).where(codes.c.offer == offer.key, codes.c.contact_id == CONTACTS.c.id)
    return of.order_by(codes.c.issued_at.desc()).limit(1).correlate_except(codes).scalar_subquery()
