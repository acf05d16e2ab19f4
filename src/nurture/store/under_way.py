"""Messages on their way, as people ask about them: where each stands, when it is tried, and what held it last."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from nurture.clock import Moment
from nurture.delivery.outcome import OPEN_STATES, MessageKey
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table
from nurture.store.tables import OutboxRow

_outbox = table(OutboxRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """A message that is planned, claimed, handed or deferred."""

    key: MessageKey
    state: str
    due_at: Moment
    """When it is tried; NEVER: not before its campaign is resumed."""
    wanted_at: Moment
    stale_at: Moment
    attempts: int
    reply: str
    """What held it last: a word of ours (cap, window, paused …), or what the relay said."""


_OF_ENROLLMENTS = select(_outbox).where(one_of(_outbox.c.enrollment_id, "entries"))


def of_enrollments(tx: Tx, enrollment_ids: Collection[int]) -> dict[MessageKey, UnderWay]:
    """The messages under way of these enrollments: one each, and those that are sent a second time."""
    rows = tx.execute(_OF_ENROLLMENTS, {"entries": enrollment_ids}).all()
    return {
        (key := MessageKey(row.enrollment_id, row.step_no)): UnderWay(
            key=key,
            state=OPEN_STATES[row.state],
            due_at=row.due_at,
            wanted_at=row.wanted_at,
            stale_at=row.stale_at,
            attempts=row.attempts,
            reply=row.last_reply,
        )
        for row in rows
    }
