"""Stages and what they are worked out from: the agenda, histories, standings, transitions."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, func, select, update

from nurture.audience.facts import OrderFacts
from nurture.clock import NEVER, Moment, local_date
from nurture.lifecycle.stages import Transition
from nurture.lifecycle.walk import HistoryPurchase, Standing
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.statements import chunks, insert, table, upsert
from nurture.store.tables import (
    AgendaRow,
    ContactRow,
    LineRow,
    OrderFactsRow,
    OrderLineRow,
    OrderRow,
    ProductRow,
    StageRow,
    TransitionRow,
)

_agenda = table(AgendaRow)
_contacts = table(ContactRow)
_facts = table(OrderFactsRow)
_goods = table(OrderLineRow)
_lines = table(LineRow)
_orders = table(OrderRow)
_products = table(ProductRow)
_stages = table(StageRow)
_transitions = table(TransitionRow)

Place = tuple[int, int]
"""A contact id and a line id; line 0 is the business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What one review of one place found, ready to be written."""

    contact_id: int
    line_id: int
    standing: Standing
    orders: OrderFacts
    next_at: Moment
    new: tuple[Transition, ...] = ()
    superseded: tuple[int, ...] = ()
    """Ids of transitions that late facts undid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHappening:
    """An order that came in, or that was undone (refunded or cancelled)."""

    id: int
    undone: bool
    at: Moment
    amount: int
    lines: tuple[str, ...]
    """The names of the product lines it touches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A transition as it is stored."""

    id: int
    transition: Transition


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """Contacts that are due, each with its due lines and when they fell due."""

    due: Mapping[int, Mapping[int, Moment]] = field(default_factory=dict)

    @property
    def places(self) -> list[Place]:
        """Every due contact and line."""
        return [(contact, line) for contact, lines in self.due.items() for line in lines]


def take_due(tx: Tx, now: Moment, limit: int) -> Agenda:
    """The agenda of at most `limit` contacts, longest due first, locked until the transaction ends."""
    first = (
        select(_agenda.c.contact_id)
        .where(_agenda.c.due_at <= now)
        .order_by(_agenda.c.due_at, _agenda.c.contact_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    contacts = list(dict.fromkeys(tx.execute(first).scalars()))
    if not contacts:
        return Agenda()
    rows = tx.execute(
        select(_agenda.c.contact_id, _agenda.c.line_id, _agenda.c.due_at)
        .where(_agenda.c.contact_id.in_(contacts), _agenda.c.due_at <= now)
        .with_for_update()
    )
    due: dict[int, dict[int, Moment]] = defaultdict(dict)
    for contact, line, at in rows:
        due[contact][line] = at
    return Agenda(due=due)


def put_on_agenda(tx: Tx, places: Iterable[tuple[int, int, Moment]]) -> None:
    """Have each (contact, line) looked at again at its moment, or earlier where it is due earlier already."""
    earliest: dict[Place, Moment] = {}
    for contact, line, at in places:
        earliest[contact, line] = min(at, earliest.get((contact, line), NEVER))
    if not earliest:
        return
    statement = insert(tx, _agenda)
    smaller = func.min if tx.dialect.name == "sqlite" else func.least
    statement = statement.on_conflict_do_update(
        index_elements=["contact_id", "line_id"],
        set_={"due_at": smaller(_agenda.c.due_at, statement.excluded.due_at)},
    )
    tx.execute(
        statement,
        [{"contact_id": c, "line_id": line, "due_at": at} for (c, line), at in sorted(earliest.items())],
    )


def reviewed_at(tx: Tx, contact_ids: Collection[int]) -> dict[int, Moment]:
    """Up to when each contact was looked at; 0: never yet."""
    rows = tx.execute(select(_contacts.c.id, _contacts.c.reviewed_at).where(_contacts.c.id.in_(contact_ids)))
    return {contact: at for contact, at in rows}


def line_names(tx: Tx) -> dict[int, str]:
    """Every product line by its id, and the business as "" under 0."""
    return {0: "", **{line: name for line, name in tx.execute(select(_lines.c.id, _lines.c.name))}}


def histories(
    tx: Tx, places: Collection[Place], zones: Mapping[int, ZoneInfo], now: Moment, *, with_goods: bool
) -> dict[Place, tuple[HistoryPurchase, ...]]:
    """What was bought up to `now` in each place, oldest first; days are those of each contact's zone.

    `with_goods` fills skus and lines, for rules that ask for them. Costs one indexed read of the contacts' orders.
    """
    business = [contact for contact, line in places if line == 0]
    found: dict[Place, list[HistoryPurchase]] = {place: [] for place in places}
    goods = _goods_of(tx, business, now) if with_goods else {}
    if business:
        rows = tx.execute(
            select(
                _orders.c.id,
                _orders.c.contact_id,
                _orders.c.ordered_at,
                _orders.c.amount,
                _orders.c.undone_at,
            )
            .where(_orders.c.contact_id.in_(business), _orders.c.ordered_at <= now)
            .order_by(_orders.c.ordered_at)
        )
        for order, contact, at, amount, undone in rows:
            skus, lines = goods.get(order, ((), ()))
            day = local_date(at, zones[contact]).toordinal()
            found[contact, 0].append(
                HistoryPurchase(at=at, day=day, amount=amount, undone_at=undone, skus=skus, lines=lines)
            )
    by_line = {place for place in places if place[1]}
    if by_line:
        rows = tx.execute(
            select(
                _goods.c.contact_id,
                _goods.c.line_id,
                _goods.c.ordered_at,
                func.sum(_goods.c.amount),
                _orders.c.undone_at,
            )
            .join(_orders, _orders.c.id == _goods.c.order_id)
            .where(
                _goods.c.contact_id.in_({contact for contact, _ in by_line}),
                _goods.c.line_id.in_({line for _, line in by_line}),
                _goods.c.ordered_at <= now,
            )
            .group_by(
                _goods.c.contact_id, _goods.c.line_id, _goods.c.ordered_at, _orders.c.id, _orders.c.undone_at
            )
            .order_by(_goods.c.ordered_at)
        )
        for contact, line, at, amount, undone in rows:
            if (contact, line) in by_line:
                day = local_date(at, zones[contact]).toordinal()
                found[contact, line].append(
                    HistoryPurchase(at=at, day=day, amount=int(amount), undone_at=undone)
                )
    return {place: tuple(purchases) for place, purchases in found.items()}


def _goods_of(
    tx: Tx, contacts: Collection[int], now: Moment
) -> dict[int, tuple[tuple[str, ...], tuple[str, ...]]]:
    rows = tx.execute(
        select(_goods.c.order_id, _products.c.sku, _lines.c.name)
        .join(_products, _products.c.id == _goods.c.product_id)
        .outerjoin(_lines, _lines.c.id == _goods.c.line_id)
        .where(_goods.c.contact_id.in_(contacts), _goods.c.ordered_at <= now)
    )
    skus: dict[int, list[str]] = defaultdict(list)
    lines: dict[int, set[str]] = defaultdict(set)
    for order, sku, line in rows:
        skus[order].append(sku)
        if line:
            lines[order].add(line)
    return {order: (tuple(skus[order]), tuple(sorted(lines[order]))) for order in skus}


def next_orders(tx: Tx, places: Collection[Place], now: Moment) -> dict[Place, Moment]:
    """The first order, refund or cancellation later than `now`; there are such in a replay."""
    contacts = {contact for contact, _ in places}
    found: dict[Place, Moment] = {}
    for column in (_orders.c.ordered_at, _orders.c.undone_at):
        rows = tx.execute(
            select(_orders.c.contact_id, func.min(column))
            .where(_orders.c.contact_id.in_(contacts), column > now)
            .group_by(_orders.c.contact_id)
        )
        for contact, at in rows:
            found[contact, 0] = min(at, found.get((contact, 0), NEVER))
    line_orders = _goods.join(_orders, _orders.c.id == _goods.c.order_id)
    for column in (_goods.c.ordered_at, _orders.c.undone_at):
        on_lines = tx.execute(
            select(_goods.c.contact_id, _goods.c.line_id, func.min(column))
            .select_from(line_orders)
            .where(_goods.c.contact_id.in_(contacts), _goods.c.line_id > 0, column > now)
            .group_by(_goods.c.contact_id, _goods.c.line_id)
        )
        for contact, line, at in on_lines:
            found[contact, line] = min(at, found.get((contact, line), NEVER))
    return found


def standings(tx: Tx, places: Collection[Place], first: str) -> dict[Place, Standing]:
    """Where each place stands now; the first stage, since ever, where nothing is stored."""
    rows = tx.execute(
        select(_stages.c.contact_id, _stages.c.line_id, _stages.c.stage, _stages.c.since).where(
            _stages.c.contact_id.in_({contact for contact, _ in places})
        )
    )
    stored = {(contact, line): Standing(stage=stage, since=since) for contact, line, stage, since in rows}
    start = Standing(stage=first, since=0)
    return {place: stored.get(place, start) for place in places}


def transitions(tx: Tx, places: Collection[Place]) -> dict[Place, tuple[Kept, ...]]:
    """All standing transitions of each place, oldest first."""
    rows = tx.execute(
        select(_transitions)
        .where(
            _transitions.c.contact_id.in_({contact for contact, _ in places}),
            _transitions.c.superseded_at == 0,
        )
        .order_by(_transitions.c.at, _transitions.c.id)
    )
    names = line_names(tx)
    found: dict[Place, list[Kept]] = {place: [] for place in places}
    for row in rows:
        kept = found.get((row.contact_id, row.line_id))
        if kept is not None:
            kept.append(
                Kept(
                    id=row.id,
                    transition=Transition(
                        line=names[row.line_id],
                        from_stage=row.from_stage,
                        to_stage=row.to_stage,
                        at=row.at,
                        rule=row.rule,
                        cause=json.loads(row.cause),
                    ),
                )
            )
    return {place: tuple(kept) for place, kept in found.items()}


def write(tx: Tx, reviewed: Sequence[Reviewed], ids: Ids, now: Moment) -> None:
    """Store what a review found: a few statements for the whole batch."""
    if not reviewed:
        return
    keys = ("contact_id", "line_id")
    upsert(
        tx,
        _stages,
        [
            {
                "contact_id": it.contact_id,
                "line_id": it.line_id,
                "stage": it.standing.stage,
                "since": it.standing.since,
            }
            for it in reviewed
            if it.new or it.superseded
        ],
        key=keys,
        update=("stage", "since"),
    )
    upsert(
        tx,
        _facts,
        [
            {
                "contact_id": it.contact_id,
                "line_id": it.line_id,
                "count": it.orders.count,
                "total": it.orders.total,
                "first_at": it.orders.first_at or 0,
                "last_at": it.orders.last_at or 0,
                "usual_gap_days": it.orders.usual_gap_days,
            }
            for it in reviewed
            if it.orders.count or it.new or it.superseded
        ],
        key=keys,
        update=("count", "total", "first_at", "last_at", "usual_gap_days"),
    )
    _write_transitions(tx, reviewed, ids, now)
    _write_agenda(tx, reviewed)
    tx.execute(
        update(_contacts)
        .where(_contacts.c.id.in_({it.contact_id for it in reviewed}))
        .values(reviewed_at=now)
    )


def _write_transitions(tx: Tx, reviewed: Sequence[Reviewed], ids: Ids, now: Moment) -> None:
    gone = [one for it in reviewed for one in it.superseded]
    if gone:
        tx.execute(update(_transitions).where(_transitions.c.id.in_(gone)).values(superseded_at=now))
    rows = [
        {
            "contact_id": it.contact_id,
            "line_id": it.line_id,
            "from_stage": one.from_stage,
            "to_stage": one.to_stage,
            "at": one.at,
            "rule": one.rule,
            "cause": json.dumps(dict(one.cause), ensure_ascii=False),
            "superseded_at": 0,
        }
        for it in reviewed
        for one in it.new
    ]
    if rows:
        for row, id_ in zip(rows, ids.take(len(rows), now), strict=True):
            row["id"] = id_
        tx.execute(_transitions.insert(), rows)


def _write_agenda(tx: Tx, reviewed: Sequence[Reviewed]) -> None:
    done = [{"c": it.contact_id, "l": it.line_id} for it in reviewed if it.next_at >= NEVER]
    if done:
        tx.execute(
            delete(_agenda).where(
                _agenda.c.contact_id == bindparam("c"), _agenda.c.line_id == bindparam("l")
            ),
            done,
        )
    upsert(
        tx,
        _agenda,
        [
            {"contact_id": it.contact_id, "line_id": it.line_id, "due_at": it.next_at}
            for it in reviewed
            if it.next_at < NEVER
        ],
        key=("contact_id", "line_id"),
        update=("due_at",),
    )


def forget(tx: Tx, contact_ids: Collection[int]) -> None:
    """Take contacts that are not there any more off the agenda."""
    if contact_ids:
        tx.execute(delete(_agenda).where(_agenda.c.contact_id.in_(contact_ids)))


def orders_since(
    tx: Tx, since: Mapping[int, Moment], now: Moment
) -> dict[int, list[OrderHappening]]:
    """Each contact's orders, refunds and cancellations in (its moment in `since`, now], oldest first."""
    if not since:
        return {}
    earliest = min(since.values())
    rows = tx.execute(
        select(_orders.c.id, _orders.c.contact_id, _orders.c.ordered_at, _orders.c.amount, _orders.c.undone_at)
        .where(_orders.c.contact_id.in_(since), _orders.c.ordered_at <= now)
        .where((_orders.c.ordered_at > earliest) | (_orders.c.undone_at > earliest))
        .order_by(_orders.c.ordered_at, _orders.c.id)
    ).all()
    found: dict[int, list[OrderHappening]] = defaultdict(list)
    lines = _lines_of_orders(tx, [row.id for row in rows])
    for row in rows:
        for undone, at in ((False, row.ordered_at), (True, row.undone_at)):
            if since[row.contact_id] < at <= now:
                found[row.contact_id].append(
                    OrderHappening(id=row.id, undone=undone, at=at, amount=row.amount, lines=lines.get(row.id, ()))
                )
    return {contact: sorted(of, key=lambda it: it.at) for contact, of in found.items()}


def _lines_of_orders(tx: Tx, order_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = defaultdict(list)
    for some in chunks(order_ids):
        rows = tx.execute(
            select(_goods.c.order_id, _lines.c.name)
            .join(_lines, _lines.c.id == _goods.c.line_id)
            .where(_goods.c.order_id.in_(some))
            .distinct()
        )
        for order, line in rows:
            found[order].append(line)
    return {order: tuple(sorted(of)) for order, of in found.items()}


def waiting(tx: Tx, contact_ids: Collection[int], now: Moment) -> set[int]:
    """Which of these contacts are due for a review: something about them is not taken in yet."""
    rows = tx.execute(
        select(_agenda.c.contact_id).where(_agenda.c.contact_id.in_(contact_ids), _agenda.c.due_at <= now)
    )
    return set(rows.scalars())
