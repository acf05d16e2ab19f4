"""Whom marketing waits for, why, and until when: they asked for a pause, or they wrote and wait for an answer."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, delete, select, update

from nurture.clock import Moment
from nurture.journeys.reasons import Reason
from nurture.store.engine import Tx
from nurture.store.outbox import WAITING
from nurture.store.statements import one_of, table, upsert
from nurture.store.tables import OutboxRow, QuietRow

PAUSE = "pause"
"""They asked for it."""
REPLY = "reply"
"""They wrote to us and wait for an answer."""

REASONS = {PAUSE: Reason.QUIET, REPLY: Reason.AWAITS_ANSWER}
"""What a message that waits because of it says."""

_outbox = table(OutboxRow)
_quiet = table(QuietRow)

_UNTIL = select(_quiet.c.contact_id, _quiet.c.why, _quiet.c.until).where(
    one_of(_quiet.c.contact_id, "contacts"), _quiet.c.until > bindparam("now")
)
_WAKE = (
    update(_outbox)
    .where(
        _outbox.c.contact_id == bindparam("contact"), WAITING, _outbox.c.last_reply == bindparam("because")
    )
    .values(due_at=bindparam("now"))
)


def put(tx: Tx, contact_id: int, why: str, until: Moment) -> None:
    """Let marketing to the contact wait until then; what was said before for the same reason counts no more."""
    row = {"contact_id": contact_id, "why": why, "until": until}
    upsert(tx, _quiet, [row], key=("contact_id", "why"), update=("until",))


def end(tx: Tx, contact_id: int, why: str, now: Moment) -> None:
    """It is over: what waited because of it is looked at again at once."""
    tx.execute(delete(_quiet).where(_quiet.c.contact_id == contact_id, _quiet.c.why == why))
    tx.execute(_WAKE, {"contact": contact_id, "because": str(REASONS[why]), "now": now})


def until(tx: Tx, contact_ids: Collection[int], now: Moment) -> dict[int, dict[str, Moment]]:
    """For whom marketing waits now: why, and until when. Who is not held back is left out."""
    found: dict[int, dict[str, Moment]] = {}
    for contact, why, at in tx.execute(_UNTIL, {"contacts": contact_ids, "now": now}).all():
        found.setdefault(contact, {})[why] = at
    return found


def forget(tx: Tx, now: Moment) -> None:
    """Drop what is over."""
    tx.execute(delete(_quiet).where(_quiet.c.until <= now))
