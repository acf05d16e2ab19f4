"""Codes on orders: what each use came to, what it cost, and which codes are used up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, delete, select

from nurture.clock import Moment
from nurture.offers.redemption import Judgement, Use, judge_for_all, judge_own, names
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import among, insert_many, update_many
from nurture.store.codes_called import CodesCalled, codes_called, given_as
from nurture.store.engine import Tx
from nurture.store.statements import chunks, one_of, table
from nurture.store.tables import CodeRow, OfferSumRow, RedemptionRow

_codes = table(CodeRow)
_redemptions = table(RedemptionRow)
_sums = table(OfferSumRow)

_COLUMNS = (
    *("order_id", "canonical", "code_id", "offer", "contact_id", "at", "paid", "verdict", "discount"),
    "is_known",
)
_CONFLICT = "(order_id, canonical) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _COLUMNS[2:]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An order that bears a code, or did."""

    order_id: int
    contact_id: int
    at: Moment
    paid: int
    """In minor units."""
    code: str
    """As it came; empty: the order was undone, or bears none any more."""


_Key = tuple[int, str]
_Group = tuple[str, int]
"""A name and a contact whose uses depend on one another; contact 0: all who used a code that is of one alone."""


def follow(tx: Tx, orders: Sequence[Placed]) -> None:
    """Judge the codes of these orders, each given once, and whatever else hangs on them; the transaction is alone.

    A code that is not ours leaves no trace. What an order that was undone had used is free again.
    """
    for some in chunks(orders):
        _follow(tx, some)


def discount_given(tx: Tx, offers: Collection[str]) -> dict[str, int]:
    """What the codes of each of these offers cost so far, in minor units: a row for each, found by its key."""
    rows = tx.execute(_GIVEN, {"offers": list(offers)}) if offers else ()
    found = {offer: int(discount) for offer, discount in rows}
    return {offer: found.get(offer, 0) for offer in offers}


_GIVEN = select(_sums.c.offer, _sums.c.discount).where(one_of(_sums.c.offer, "offers"))


def _follow(tx: Tx, orders: Sequence[Placed]) -> None:
    wanted = {(it.order_id, name): it for it in orders for name in names(it.code)}
    stored = _stored(tx, select(_redemptions).where(among(tx, _redemptions.c.order_id, _ids(orders))))
    found = {name for _, name in (*wanted, *stored)}
    if not found:
        return
    contacts = {it.contact_id for it in orders} | {row.contact_id for row in stored.values()}
    codes = codes_called(tx, found, contacts)
    stored |= _others(tx, codes, contacts)
    uses = _uses(orders, wanted, stored, codes)
    touched = [_group(codes, row.canonical, row.contact_id) for row in stored.values()]
    judged = {group: _judge(codes, group, uses[group]) for group in {*uses, *touched}}
    rows = [row for group, it in judged.items() for row in _rows(codes, group, it)]
    tx.execute(delete(_redemptions).where(among(tx, _redemptions.c.order_id, _ids(orders))))
    insert_many(tx, _redemptions, _COLUMNS, _changed(rows, stored, _ids(orders)), conflict=_CONFLICT)
    _add_up(tx, stored.values(), rows)
    _use_up(tx, codes, judged)


def _ids(orders: Iterable[Placed]) -> list[int]:
    return [it.order_id for it in orders]


def _stored(tx: Tx, statement: Select[Any]) -> dict[_Key, Row[Any]]:
    return {(row.order_id, row.canonical): row for row in tx.execute(statement)}


def _others(tx: Tx, codes: CodesCalled, contacts: Collection[int]) -> dict[_Key, Row[Any]]:
    """The uses on which those of the orders depend."""
    found: dict[_Key, Row[Any]] = {}
    if codes.own:
        of_own = among(tx, _redemptions.c.canonical, list(codes.own))
        found |= _stored(tx, select(_redemptions).where(of_own))
    if codes.for_all:
        of_all = among(tx, _redemptions.c.canonical, list(codes.for_all))
        theirs = among(tx, _redemptions.c.contact_id, list(contacts))
        found |= _stored(tx, select(_redemptions).where(of_all, theirs))
    return found


def _uses(
    orders: Sequence[Placed], wanted: dict[_Key, Placed], stored: dict[_Key, Row[Any]], codes: CodesCalled
) -> dict[_Group, list[Use]]:
    """The uses as they are now, by what they depend on."""
    batch = set(_ids(orders))
    uses: dict[_Group, list[Use]] = defaultdict(list)
    for (order_id, name), row in stored.items():
        if order_id not in batch:
            use = Use(order_id=order_id, contact_id=row.contact_id, at=row.at, paid=row.paid)
            uses[_group(codes, name, row.contact_id)].append(use)
    for (order_id, name), it in wanted.items():
        if name in codes.own or name in codes.for_all:
            use = Use(order_id=order_id, contact_id=it.contact_id, at=it.at, paid=it.paid)
            uses[_group(codes, name, it.contact_id)].append(use)
    return uses


def _group(codes: CodesCalled, name: str, contact_id: int) -> _Group:
    return name, 0 if name in codes.own else contact_id


def _judge(codes: CodesCalled, group: _Group, uses: Sequence[Use]) -> Judgement:
    name, _ = group
    if name in codes.own:
        return judge_own(given_as(codes.own[name]), uses)
    held = [given_as(row) for row in codes.held.get(group, ())]
    if name not in codes.for_all:
        return judge_for_all(held, "", uses)
    any_row = codes.for_all[name]
    return judge_for_all(held, any_row.discount, uses, for_others=bool(any_row.for_others))


def _rows(codes: CodesCalled, group: _Group, judgement: Judgement) -> Iterable[tuple[Any, ...]]:
    name, _ = group
    if name not in codes.own and name not in codes.for_all:
        return
    last = codes.own.get(name) or codes.for_all[name]
    offers = {row.id: row.offer for row in codes.held.get(group, ())}
    for it in judgement.uses:
        offer = offers.get(it.code_id, last.offer)
        use = it.use
        yield (
            *(use.order_id, name, it.code_id, offer, use.contact_id, use.at, use.paid, it.verdict),
            *(it.discount or 0, it.discount is not None),
        )


def _changed(
    rows: Iterable[tuple[Any, ...]], stored: dict[_Key, Row[Any]], orders: Collection[int]
) -> list[tuple[Any, ...]]:
    """Those of these orders, and those that are not stored so: thousands may have used one code."""
    ours = set(orders)
    before = {
        key: tuple(getattr(row, it) for it in _COLUMNS) for key, row in stored.items() if key[0] not in ours
    }
    return [row for row in rows if before.get((row[0], row[1])) != row]


def _add_up(tx: Tx, before: Iterable[Row[Any]], after: Iterable[tuple[Any, ...]]) -> None:
    """Keep the sum of each offer. Orders are taken in one batch at a time, so nobody waits for its row."""
    more: dict[str, int] = defaultdict(int)
    offer, discount = _COLUMNS.index("offer"), _COLUMNS.index("discount")
    for new in after:
        more[new[offer]] += new[discount]
    for row in before:
        more[row.offer] -= row.discount
    changed = [(key, by) for key, by in sorted(more.items()) if by]
    to_that = "(offer) DO UPDATE SET discount = offer_sums.discount + excluded.discount"
    insert_many(tx, _sums, ("offer", "discount"), changed, conflict=to_that)


def _use_up(tx: Tx, codes: CodesCalled, judged: dict[_Group, Judgement]) -> None:
    """Mark codes as redeemed, or not any more. Whoever holds one that another used is looked at again."""
    changed, holders = [], []
    for group, it in judged.items():
        name, _ = group
        rows = [codes.own[name]] if name in codes.own else codes.held.get(group, ())
        for row in rows:
            at = it.redeemed.get(row.id, 0)
            if at != row.redeemed_at:
                changed.append((at, row.id))
                if row.contact_id > 0:
                    holders.append((row.contact_id, 0, at or row.redeemed_at))
    update_many(tx, _codes, ["id"], ["redeemed_at"], sorted(changed, key=lambda it: it[1]))
    put_on_agenda(tx, holders)
