"""Revenue, read out of people's clicks and orders: one statement for each report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, literal, select

from nurture.delivery.outcome import MessageKey
from nurture.engagement.attribution import Credit, Way
from nurture.reports.explain import EarnedStory
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import CampaignRow, CampaignStepRow, ContactRow, HitRow, MessageRow, OrderRow

_campaigns, _steps, _contacts = table(CampaignRow), table(CampaignStepRow), table(ContactRow)
_hits, _messages, _orders = table(HitRow), table(MessageRow), table(OrderRow)

By: TypeAlias = Literal["campaign", "step", "offer", "stage", "message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revenue:
    """What one campaign, step, offer, stage or message earned."""

    names: tuple[str, ...]
    """campaign · campaign, step · offer · stage · campaign, step, address. An offer may be empty: none."""
    key: MessageKey | None
    """Of a message."""
    orders: int
    """That it has a part in and that stand."""
    amount: int
    """Of those, in minor units; what was refunded or cancelled is not in it."""
    refunded: int
    """What it would have besides, had nothing been refunded or cancelled."""


def revenue(tx: Tx, by: By, way: Way, *, campaign: str = "", most: int = 0) -> tuple[Revenue, ...]:
    """Earned by each, most first; by those alone that an order is credited to. 0: all of them.

    Reads every human click and the orders of those who clicked.
    """
    shares = _shares(way)
    names, group = _GROUPS[by]
    amount = func.sum(case((shares.c.undone_at == 0, shares.c.share), else_=0)).label("amount")
    statement = (
        select(
            *names,
            func.count(case((shares.c.undone_at == 0, shares.c.order_id)).distinct()).label("orders"),
            amount,
            func.sum(case((shares.c.undone_at != 0, shares.c.share), else_=0)).label("refunded"),
        )
        .select_from(shares)
        .join(_messages, _of_message(shares))
        .join(_campaigns, _campaigns.c.id == _messages.c.campaign_id)
        .outerjoin(_steps, _of_step())
        .group_by(*group)
        .order_by(amount.desc(), *group)
    )
    if by == "message":
        statement = statement.join(_contacts, _contacts.c.id == _messages.c.contact_id)
    if campaign:
        statement = statement.where(_campaigns.c.key == campaign)
    if most:
        statement = statement.limit(most)
    width = len(names)
    return tuple(
        Revenue(
            names=_named(by, row[:width]),
            key=MessageKey(*row[width - 2 : width]) if by == "message" else None,
            orders=int(row.orders),
            amount=int(row.amount),
            refunded=int(row.refunded),
        )
        for row in tx.execute(statement)
    )


def of_steps(tx: Tx, way: Way) -> dict[tuple[int, int], tuple[int, int]]:
    """By campaign id and number of the step: earned, and refunded, in minor units."""
    shares = _shares(way)
    rows = tx.execute(
        select(
            _messages.c.campaign_id,
            _messages.c.step_no,
            func.sum(case((shares.c.undone_at == 0, shares.c.share), else_=0)),
            func.sum(case((shares.c.undone_at != 0, shares.c.share), else_=0)),
        )
        .select_from(shares)
        .join(_messages, _of_message(shares))
        .group_by(_messages.c.campaign_id, _messages.c.step_no)
    )
    return {(campaign, step): (int(amount), int(refunded)) for campaign, step, amount, refunded in rows}


def credits_of(tx: Tx, contact_id: int, way: Way) -> tuple[Credit, ...]:
    """What each order of a contact is credited to, in the order in which they were made."""
    shares = _shares(way, contact_id)
    rows = tx.execute(select(shares).order_by(shares.c.ordered_at, shares.c.order_id, shares.c.early))
    return tuple(
        Credit(
            key=MessageKey(row.enrollment_id, row.step_no),
            order=row.order_id,
            amount=int(row.share),
            undone=row.undone_at != 0,
        )
        for row in rows
    )


def earned_by(tx: Tx, contact_id: int, way: Way) -> tuple[EarnedStory, ...]:
    """What messages earned by the orders of a contact, oldest order first."""
    shares = _shares(way, contact_id)
    rows = tx.execute(
        select(shares, _orders.c.order_id.label("number"), _campaigns.c.key, _steps.c.step_id)
        .join(_orders, _orders.c.id == shares.c.order_id)
        .join(_messages, _of_message(shares))
        .join(_campaigns, _campaigns.c.id == _messages.c.campaign_id)
        .outerjoin(_steps, _of_step())
        .order_by(shares.c.ordered_at, shares.c.order_id, shares.c.early)
    )
    return tuple(
        EarnedStory(
            order=row.number,
            at=row.ordered_at,
            campaign=row.key,
            step=row.step_id or str(row.step_no),
            amount=int(row.share),
            undone=row.undone_at != 0,
        )
        for row in rows
    )


def _of_message(shares: Any) -> ColumnElement[bool]:
    return and_(_messages.c.enrollment_id == shares.c.enrollment_id, _messages.c.step_no == shares.c.step_no)


def _of_step() -> ColumnElement[bool]:
    return and_(_steps.c.campaign_id == _messages.c.campaign_id, _steps.c.no == _messages.c.step_no)


def _named(by: By, row: Any) -> tuple[str, ...]:
    match by:
        case "campaign" | "offer" | "stage":
            return (row[0],)
        case "step" | "message":
            key, step, number, *rest = row
            return (key, step or str(number), *rest[:1])


_GROUPS: dict[By, tuple[list[Any], list[Any]]] = {
    "campaign": ([_campaigns.c.key], [_campaigns.c.key]),
    "step": (
        [_campaigns.c.key, _steps.c.step_id, _messages.c.step_no],
        [_campaigns.c.key, _messages.c.step_no, _steps.c.step_id],
    ),
    "offer": ([_messages.c.offer], [_messages.c.offer]),
    "stage": ([_messages.c.stage], [_messages.c.stage]),
    "message": (
        [
            _campaigns.c.key,
            _steps.c.step_id,
            _messages.c.step_no.label("number"),
            _contacts.c.email,
            _messages.c.enrollment_id,
            _messages.c.step_no,
        ],
        [
            _messages.c.enrollment_id,
            _messages.c.step_no,
            _campaigns.c.key,
            _steps.c.step_id,
            _contacts.c.email,
        ],
    ),
}


def _shares(way: Way, contact_id: int | None = None) -> Any:
    """A row for each order and message that has a part of it: order_id, ordered_at, undone_at, the message's key,
    share, early.

    A message counts once, however often its links were followed; clicks of the same moment go by their messages' keys.
    """
    touched = _touched(way, contact_id).subquery("touched")
    key = (touched.c.enrollment_id, touched.c.step_no)
    early = func.row_number().over(partition_by=touched.c.order_id, order_by=(touched.c.first_at, *key))
    late = func.row_number().over(
        partition_by=touched.c.order_id, order_by=(touched.c.last_at.desc(), *(it.desc() for it in key))
    )
    parts = cast(func.count().over(partition_by=touched.c.order_id), BigInteger)
    placed = select(touched, early.label("early"), late.label("late"), parts.label("parts")).subquery(
        "placed"
    )
    share: ColumnElement[int]
    match way.model:
        case "last-click":
            share, mine = placed.c.amount, placed.c.late == 1
        case "first-click":
            share, mine = placed.c.amount, placed.c.early == 1
        case "linear":
            share, mine = _split(placed), placed.c.parts > 0
    return (
        select(
            placed.c.order_id,
            placed.c.ordered_at,
            placed.c.undone_at,
            placed.c.enrollment_id,
            placed.c.step_no,
            placed.c.early,
            share.label("share"),
        )
        .where(mine)
        .subquery("shares")
    )


def _touched(way: Way, contact_id: int | None) -> Select[Any]:
    """Each order with each message that a person clicked in within the time before it."""
    asked = [_hits.c.kind == "click", _hits.c.verdict == "human"]
    if contact_id is not None:
        # By the index on messages: hits have none on contacts.
        mine = select(_messages.c.enrollment_id).where(_messages.c.contact_id == contact_id)
        asked += [_hits.c.contact_id == contact_id, _hits.c.enrollment_id.in_(mine)]
    return (
        select(
            _orders.c.id.label("order_id"),
            _orders.c.ordered_at,
            _orders.c.amount,
            _orders.c.undone_at,
            _hits.c.enrollment_id,
            _hits.c.step_no,
            func.min(_hits.c.at).label("first_at"),
            func.max(_hits.c.at).label("last_at"),
        )
        .select_from(_hits)
        .join(
            _orders,
            and_(
                _orders.c.contact_id == _hits.c.contact_id,
                _orders.c.ordered_at >= _hits.c.at,
                _orders.c.ordered_at <= _hits.c.at + literal(way.within, BigInteger),
            ),
        )
        .where(*asked)
        .group_by(
            _orders.c.id,
            _orders.c.ordered_at,
            _orders.c.amount,
            _orders.c.undone_at,
            _hits.c.enrollment_id,
            _hits.c.step_no,
        )
    )


def _split(placed: Any) -> ColumnElement[int]:
    """As `_split` in engagement/attribution.py: equal shares, and one more for the first ones."""
    whole = func.abs(placed.c.amount, type_=BigInteger)
    share = whole // placed.c.parts + case((placed.c.early <= whole % placed.c.parts, 1), else_=0)
    signed: ColumnElement[int] = case((placed.c.amount < 0, -share), else_=share)
    return signed
