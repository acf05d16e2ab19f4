"""How many codes are given of an offer that may give only so many: never more, on however many hosts.

The number is kept in one row for each such offer. Whoever issues codes of it holds that row until the transaction
ends, so the groups of messages that carry this offer are given their codes one after another, some milliseconds each;
offers without a limit wait for nobody. Codes that went back are found again by counting, once a minute at most and only
while the limit is reached.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, func, literal_column, select, update

from nurture.clock import MINUTE, Moment
from nurture.offers.offer import Offer
from nurture.store.bulk import insert_many
from nurture.store.codes import codes
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table
from nurture.store.tables import OfferDrawRow

COUNT_AGAIN = MINUTE

_draws = table(OfferDrawRow)

_COUNT = (
    select(func.count())
    .select_from(codes)
    .where(codes.c.offer == bindparam("offer"), literal_column("codes.contact_id + 0 <> 0"))
)


@dataclass(slots=True, kw_only=True)
class Draw:
    """How many codes of an offer are given; its row is locked."""

    drawn: int
    counted_at: Moment


def lock_draws(tx: Tx, limited: Collection[Offer]) -> dict[str, Draw]:
    """The rows of these offers, always in the same order: two who want the same ones wait, and never for each other."""
    keys = sorted({it.key for it in limited})
    if not keys:
        return {}
    insert_many(tx, _draws, ("offer", "drawn", "counted_at"), [(key, 0, 0) for key in keys], keep_old=True)
    its = select(_draws).where(one_of(_draws.c.offer, "offers")).order_by(_draws.c.offer)
    rows = tx.execute(its.with_for_update(), {"offers": keys})
    return {row.offer: Draw(drawn=row.drawn, counted_at=row.counted_at) for row in rows}


def room_under(tx: Tx, offer: Offer, draw: Draw, wanted: int, now: Moment) -> int:
    """For how many of `wanted` there is a code under the limit."""
    most = offer.most_codes or 0
    is_full = draw.drawn + wanted > most
    if draw.counted_at == 0 or (is_full and not 0 <= now - draw.counted_at < COUNT_AGAIN):
        draw.drawn = tx.execute(_COUNT, {"offer": offer.key}).scalar_one()
        draw.counted_at = now
    return max(0, min(wanted, most - draw.drawn))


def keep_draw(tx: Tx, offer: Offer, draw: Draw, given: int) -> None:
    """So many more codes were given."""
    draw.drawn += given
    row = update(_draws).where(_draws.c.offer == offer.key)
    tx.execute(row.values(drawn=draw.drawn, counted_at=draw.counted_at))


def forget_draws(tx: Tx) -> None:
    """Have all codes counted again before the next is given: the limits, or what has them, are others now."""
    tx.execute(update(_draws).values(counted_at=0))
