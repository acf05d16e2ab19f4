"""Codes of offers: one for a contact and an offer, in the first message and in the reminder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import bindparam, func, select, tuple_

from nurture.audience.facts import OfferFacts
from nurture.clock import Moment
from nurture.offers.offer import Offer
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import CodeRow

_codes = table(CodeRow)

Holder = tuple[str, int]
"""An offer's key and a contact's id."""

_HELD = (
    select(_codes)
    .where(tuple_(_codes.c.offer, _codes.c.contact_id).in_(bindparam("holders", expanding=True)))
    .order_by(_codes.c.issued_at)
)


def held(
    tx: Tx, holders: Collection[Holder], offers: Mapping[str, Offer], now: Moment
) -> dict[Holder, OfferFacts]:
    """The latest that each contact was given of each offer, over or not; without a code where none was issued."""
    rows = tx.execute(_HELD, {"holders": list(holders)}) if holders else ()
    found = {(row.offer, row.contact_id): row for row in rows}
    facts = {}
    for holder in holders:
        offer, row = offers[holder[0]], found.get(holder)
        facts[holder] = OfferFacts(
            key=offer.key,
            says=offer.says,
            discount=offer.discount,
            code=row.code if row else "",
            expires_at=_expiry(offer, row.expires_at if row else 0, now),
            redeemed=bool(row and row.redeemed_at),
        )
    return facts


def issue(
    tx: Tx, wanted: Sequence[Holder], offers: Mapping[str, Offer], spell: Callable[[str], str], now: Moment
) -> dict[Holder, OfferFacts]:
    """Give each contact a code for each offer that has codes, unless it holds one that is not over.

    `spell(offer key)` makes a new code. Should one ever be made twice, the table refuses it and the caller's
    transaction fails whole, to be tried again.
    """
    coded = [holder for holder in dict.fromkeys(wanted) if offers[holder[0]].unique or offers[holder[0]].code]
    have = held(tx, coded, offers, now)
    rows = []
    for holder in coded:
        facts = have[holder]
        if facts.code and (facts.expires_at is None or facts.expires_at > now):
            continue
        offer = offers[holder[0]]
        rows.append(
            {
                "offer": offer.key,
                "contact_id": holder[1],
                "code": spell(offer.key) if offer.unique else offer.code,
                "own": offer.unique,
                "issued_at": now,
                "handed_at": 0,
                "expires_at": 0,
                "redeemed_at": 0,
            }
        )
    if rows:
        tx.execute(_codes.insert(), rows)
    return held(tx, list(dict.fromkeys(wanted)), offers, now)


def issued(tx: Tx) -> int:
    """How many codes there are."""
    return tx.execute(select(func.count()).select_from(_codes)).scalar_one()


def _expiry(offer: Offer, stored: Moment, now: Moment) -> Moment | None:
    """The stored end; before the handover, the end that a handover now would give."""
    if stored:
        return stored
    return now + offer.expires if offer.expires is not None else None
