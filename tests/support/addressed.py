"""Messages that wait for people at given addresses, in given lanes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import select

from nurture.clock import NEVER, Moment
from nurture.delivery.outcome import MessageKey
from nurture.store import people
from nurture.store.engine import Store
from nurture.store.journeys import Enrollment, enroll
from nurture.store.outbox import Planned, plan
from nurture.store.people import ContactGiven
from nurture.store.statements import table
from nurture.store.tables import OutboxRow

_outbox = table(OutboxRow)


def unplaced_lane(email: str) -> str:
    """The lane of a domain that was not looked up yet."""
    return f"?{email.partition('@')[2]}"


def plan_for(
    store: Store,
    emails: Iterable[str],
    now: Moment,
    *,
    lane_of: Callable[[str], str] = unplaced_lane,
    due_at: Moment | None = None,
    stale_at: Moment = NEVER,
) -> dict[str, MessageKey]:
    """One more message for each of `emails`, whose contacts are made where they are new."""
    wanted = list(emails)
    keys = {
        email: MessageKey(id_, 1) for email, id_ in zip(wanted, store.ids.take(len(wanted), now), strict=True)
    }
    with store.write() as tx:
        ids = people.upsert(tx, store.ids, [ContactGiven(email=it) for it in wanted], now).ids
        enroll(
            tx,
            [
                Enrollment(
                    id=key.enrollment_id,
                    campaign_id=key.enrollment_id,
                    contact_id=ids[email],
                    entry_key="entry",
                    entered_at=now,
                    step_no=1,
                    behind=True,
                    since=now,
                    due_at=NEVER,
                )
                for email, key in keys.items()
            ],
        )
        plan(
            tx,
            [
                Planned(
                    key=key,
                    contact_id=ids[email],
                    campaign_id=key.enrollment_id,
                    template="hello",
                    planned_at=now,
                    due_at=now if due_at is None else due_at,
                    stale_at=stale_at,
                    lane=lane_of(email),
                )
                for email, key in keys.items()
            ],
        )
    return keys


def lanes_of(store: Store) -> dict[MessageKey, str]:
    """The lane of every message that is on its way."""
    with store.read() as tx:
        rows = tx.execute(select(_outbox.c.enrollment_id, _outbox.c.step_no, _outbox.c.lane))
        return {MessageKey(enrollment, step): lane for enrollment, step, lane in rows}
