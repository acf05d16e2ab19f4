"""When campaigns that many enter together let people in next."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select

from nurture.clock import NEVER, Moment
from nurture.store.engine import Tx
from nurture.store.statements import table, upsert
from nurture.store.tables import OccasionRow

_occasions = table(OccasionRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A moment at which a campaign lets people in."""

    campaign_id: int
    at: Moment
    reached: int
    """The last contact that was looked at; 0: none yet."""


def put(tx: Tx, campaign_id: int, at: Moment, *, reached: int = 0) -> None:
    """Note when the campaign lets people in next; NEVER: not any more."""
    if at >= NEVER:
        tx.execute(delete(_occasions).where(_occasions.c.campaign_id == campaign_id))
        return
    row = {"campaign_id": campaign_id, "due_at": at, "reached": reached}
    upsert(tx, _occasions, [row], key=("campaign_id",), update=("due_at", "reached"))


def take_due(tx: Tx, now: Moment) -> Occasion | None:
    """The longest due, locked until the transaction ends; None: none is, or others have it."""
    row = tx.execute(
        select(_occasions)
        .where(_occasions.c.due_at <= now)
        .order_by(_occasions.c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    return None if row is None else Occasion(campaign_id=row.campaign_id, at=row.due_at, reached=row.reached)


def next_due(tx: Tx) -> Moment:
    """When the next of them is; NEVER: none is to come."""
    return tx.execute(select(func.min(_occasions.c.due_at))).scalar() or NEVER


def of_campaigns(tx: Tx) -> dict[int, Moment]:
    """When each campaign lets people in next, by its id; those that do not any more are left out."""
    rows = tx.execute(select(_occasions.c.campaign_id, _occasions.c.due_at))
    return dict(rows.all())
