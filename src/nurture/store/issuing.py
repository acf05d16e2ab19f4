"""Giving codes out: one for a contact and an offer, never one code to two, never more than an offer allows.

The limits are kept in `draws.py`, and what went back is freed by `codes_back.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple, assert_never

from sqlalchemy import Executable, text, update

from nurture.audience.facts import OfferFacts
from nurture.clock import Moment
from nurture.offers.codes import BITS, first_of, spell
from nurture.offers.offer import Ahead, ForAll, Instead, Offer, Pool, Unique
from nurture.offers.out import all_given, discount_spent, none_left
from nurture.store.bulk import insert_many, insert_new
from nurture.store.codes import Holder, codes, facts_of, latest
from nurture.store.draws import Draw, keep_draw, lock_draws, room_under
from nurture.store.engine import Tx
from nurture.store.keys import as_json
from nurture.store.new_codes import COLUMNS, Maker, new_code
from nurture.store.redemptions import discount_given
from nurture.store.statements import one_of

_TRIES = 8


class Out(NamedTuple):
    """There is no code to give."""

    offer: str
    why: str
    then: Literal["hold", "skip"]


def issue(
    tx: Tx, wanted: Sequence[Holder], offers: Mapping[str, Offer], maker: Maker, now: Moment
) -> dict[Holder, OfferFacts | Out]:
    """Give each contact a code for each offer that has codes, unless it holds one that is not over.

    Where an offer is out, and says which one is made instead, the contact has that one.
    """
    asked = list(dict.fromkeys(wanted))
    have = latest(tx, asked, offers)
    answers: dict[Holder, OfferFacts | Out] = {}
    waiting: dict[str, list[int]] = defaultdict(list)
    for holder in asked:
        row = have.get(holder)
        if offers[holder[0]].codes is None or (row and (row.expires_at == 0 or row.expires_at > now)):
            answers[holder] = facts_of(holder, row, offers, now)
        else:
            waiting[holder[0]].append(holder[1])
    if waiting:
        answers |= _give_all(tx, waiting, offers, maker, now)
        missing = [it for it in asked if it not in answers]
        rows = latest(tx, missing, offers)
        answers |= {it: facts_of(it, rows.get(it), offers, now) for it in missing}
    return answers


def _give_all(
    tx: Tx, waiting: Mapping[str, Sequence[int]], offers: Mapping[str, Offer], maker: Maker, now: Moment
) -> dict[Holder, OfferFacts | Out]:
    """Give codes, offer by offer and then the offers made instead; an answer for each who now holds none."""
    chains = {key: [offers[key], *offers[key].others()] for key in waiting}
    limited = {it.key: it for chain in chains.values() for it in chain}
    draws = lock_draws(tx, [it for it in limited.values() if it.most_codes is not None])
    spent = discount_given(tx, [it.key for it in limited.values() if it.most_discount is not None])
    without: dict[Holder, OfferFacts | Out] = {}
    for key in sorted(waiting):
        contacts = list(waiting[key])
        for offer in chains[key]:
            if offer.key != key:
                contacts = _take_over(tx, key, offer, contacts, offers, now)
            if offer.codes is None:
                without |= {(key, it): facts_of((offer.key, it), None, offers, now) for it in contacts}
                break
            contacts, why = _give(tx, offer, contacts, key, draws, spent, maker, now)
            if not contacts:
                break
            if not isinstance(offer.when_out, Instead):
                without |= {(key, it): Out(offer.key, why, offer.when_out) for it in contacts}
    return without


def _take_over(
    tx: Tx, key: str, offer: Offer, contacts: list[int], offers: Mapping[str, Offer], now: Moment
) -> list[int]:
    """Who holds a good code of the offer made instead keeps it; gives the others."""
    rows = latest(tx, [(offer.key, it) for it in contacts], {**offers, offer.key: offer})
    good = {
        row.contact_id: row.id
        for row in rows.values()
        if row.offer == offer.key and (row.expires_at == 0 or row.expires_at > now)
    }
    if good:
        its = update(codes).where(one_of(codes.c.id, "ids")).values(stands_for=key)
        tx.execute(its, {"ids": list(good.values())})
    return [it for it in contacts if it not in good]


def _give(
    tx: Tx,
    offer: Offer,
    contacts: list[int],
    asked: str,
    draws: Mapping[str, Draw],
    spent: Mapping[str, int],
    maker: Maker,
    now: Moment,
) -> tuple[list[int], str]:
    """Give codes of one offer to as many as there are; gives those who got none, and why."""
    most = offer.most_discount
    if most is not None and spent.get(offer.key, 0) >= most.minor:
        return contacts, discount_spent(most)
    room = len(contacts)
    draw = draws.get(offer.key)
    if offer.most_codes is not None and draw is not None:
        room = room_under(tx, offer, draw, room, now)
    lucky = contacts[:room]
    got = _hand_out(tx, offer, lucky, "" if asked == offer.key else asked, maker, now) if lucky else set()
    if draw is not None:
        keep_draw(tx, offer, draw, len(got))
    left = [it for it in contacts if it not in got]
    full = room < len(contacts) and len(got) == len(lucky)
    return left, all_given(offer) if full else none_left(offer)


def _hand_out(
    tx: Tx, offer: Offer, contacts: Sequence[int], stands_for: str, maker: Maker, now: Moment
) -> set[int]:
    match offer.codes:
        case ForAll(word=word):
            ids = maker.ids.take(len(contacts), now)
            rows = [
                _row(id_, offer, word, it, stands_for, now) for id_, it in zip(ids, contacts, strict=True)
            ]
            insert_many(tx, codes, COLUMNS, rows)
            return set(contacts)
        case Pool() | Ahead():
            return _claim(tx, offer, contacts, stands_for, 1, now)
        case Unique():
            got = _claim(tx, offer, contacts, stands_for, 0, now)
            return got | _make(tx, offer, [it for it in contacts if it not in got], stands_for, maker, now)
        case None:
            return set(contacts)
        case other:
            assert_never(other)


def _claim(
    tx: Tx, offer: Offer, contacts: Sequence[int], stands_for: str, known_since: Moment, now: Moment
) -> set[int]:
    """Give free codes to these contacts in one statement; those that another process is giving are passed over."""
    given = {
        "contacts": as_json([[it] for it in contacts]),
        "offer": offer.key,
        "discount": offer.discount,
        "most": len(contacts),
        "known": known_since,
        "now": now,
        "stands_for": stands_for,
        "for_others": offer.for_others,
    }
    return {int(it) for it in tx.execute(_claiming(tx.dialect.name), given).scalars()}


@cache
def _claiming(dialect: str) -> Executable:
    if dialect == "postgresql":
        locking = "FOR UPDATE SKIP LOCKED"
        people = (
            "SELECT CAST(item.value->>0 AS bigint) AS contact, item.no"
            " FROM jsonb_array_elements(CAST(:contacts AS jsonb)) WITH ORDINALITY AS item(value, no)"
        )
    else:
        locking = ""
        people = "SELECT json_extract(value, '$[0]') AS contact, key + 1 AS no FROM json_each(:contacts)"
    return text(
        "WITH free AS (SELECT id FROM codes WHERE offer = :offer AND contact_id + 0 = 0 AND known_at >= :known"
        # Somebody used it who was never given it.
        " AND redeemed_at = 0"
        f" ORDER BY known_at, id LIMIT :most {locking}),"
        " numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS no FROM free),"
        f" people AS ({people}),"
        " pairs AS (SELECT numbered.id AS code_id, people.contact AS contact"
        " FROM numbered JOIN people ON people.no = numbered.no)"
        " UPDATE codes SET contact_id = pairs.contact, issued_at = :now, stands_for = :stands_for,"
        # What the shop knows it for stays.
        " discount = CASE WHEN known_at = 0 OR discount = '' THEN :discount ELSE discount END,"
        " for_others = :for_others"
        " FROM pairs WHERE codes.id = pairs.code_id AND codes.contact_id = 0"
        " RETURNING codes.contact_id"
    )


def _make(
    tx: Tx, offer: Offer, contacts: Sequence[int], stands_for: str, maker: Maker, now: Moment
) -> set[int]:
    """New codes. One that is there already, whoever made it, is left out and another one spelled."""
    got: set[int] = set()
    for _ in range(_TRIES):
        missing = [it for it in contacts if it not in got]
        if not missing:
            break
        ids, first = maker.ids.take(len(missing), now), first_of(offer)
        rows = [
            _row(id_, offer, spell(maker.chance(BITS), first), contact, stands_for, now)
            for id_, contact in zip(ids, missing, strict=True)
        ]
        got |= {int(contact) for (contact,) in insert_new(tx, codes, COLUMNS, rows, ("contact_id",))}
    return got


def _row(id_: int, offer: Offer, code: str, contact: int, stands_for: str, now: Moment) -> tuple[Any, ...]:
    return new_code(
        id_,
        offer.key,
        code,
        now,
        own=offer.unique,
        contact_id=contact,
        stands_for=stands_for,
        discount=offer.discount,
        for_others=offer.for_others,
    )
