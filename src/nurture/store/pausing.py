"""A campaign that stands still, and goes on: its people and its messages at once."""

from __future__ import annotations

from sqlalchemy import ColumnElement, case, delete, select, update

from nurture.clock import NEVER, Moment
from nurture.delivery.outcome import MessageKey
from nurture.journeys.reasons import Reason
from nurture.store.engine import Tx
from nurture.store.outbox import WAITING
from nurture.store.settle import Settled, settle
from nurture.store.statements import table
from nurture.store.tables import CampaignRow, EnrollmentRow, OutboxRow

_campaigns = table(CampaignRow)
_enrollments = table(EnrollmentRow)
_outbox = table(OutboxRow)


def hold(tx: Tx, campaign_id: int, now: Moment) -> None:
    """Have nobody in this campaign decided, and none of its messages claimed, until `go_on`."""
    _note(tx, campaign_id, paused_at=now)
    tx.execute(update(_enrollments).where(*_open(campaign_id)).values(due_at=NEVER))
    tx.execute(update(_outbox).where(*_waits(campaign_id)).values(due_at=NEVER))


def shift(tx: Tx, campaign_id: int, start: Moment, end: Moment) -> None:
    """Have the time from `start` to `end` not count; who came to their step meanwhile counts from `end`."""
    by = end - start
    later = case((_enrollments.c.since > start, end), else_=_enrollments.c.since + by)
    tx.execute(update(_enrollments).where(*_open(campaign_id)).values(since=later))
    tx.execute(
        update(_outbox)
        .where(*_waits(campaign_id))
        .values(wanted_at=_outbox.c.wanted_at + by, stale_at=_outbox.c.stale_at + by)
    )


def skip(tx: Tx, campaign_id: int, start: Moment, end: Moment) -> None:
    """Leave out the messages of this campaign that are wanted from `start` to `end`, planned or not yet."""
    _note(tx, campaign_id, skip_from=start, skip_to=end)
    rows = tx.execute(
        delete(_outbox)
        .where(*_waits(campaign_id), _outbox.c.wanted_at >= start, _outbox.c.wanted_at < end)
        .returning(_outbox.c.enrollment_id, _outbox.c.step_no, _outbox.c.wanted_at)
    ).all()
    # As if each had gone when it was wanted: what is behind it counts from there.
    settle(
        tx,
        [Settled(key=MessageKey(e, s), outcome="skipped", at=at, reason=Reason.PAUSED) for e, s, at in rows],
    )


def go_on(tx: Tx, campaign_id: int, now: Moment) -> None:
    """Have everybody in this campaign decided, except those whose message is under way; and its messages claimed
    again, each when it is wanted."""
    _note(tx, campaign_id, paused_at=0)
    # Their own: one that is sent a second time holds nobody up.
    under_way = (
        select(_outbox.c.step_no)
        .where(_outbox.c.enrollment_id == _enrollments.c.id, _outbox.c.step_no == _enrollments.c.step_no)
        .exists()
    )
    tx.execute(update(_enrollments).where(*_open(campaign_id), ~under_way).values(due_at=now))
    tx.execute(update(_outbox).where(*_waits(campaign_id)).values(due_at=_outbox.c.wanted_at))


def _note(tx: Tx, campaign_id: int, **moments: Moment) -> None:
    tx.execute(update(_campaigns).where(_campaigns.c.id == campaign_id).values(**moments))


def _open(campaign_id: int) -> tuple[ColumnElement[bool], ...]:
    return (_enrollments.c.campaign_id == campaign_id, _enrollments.c.closed_at == 0)


def _waits(campaign_id: int) -> tuple[ColumnElement[bool], ...]:
    return (_outbox.c.campaign_id == campaign_id, WAITING)
