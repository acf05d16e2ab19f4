"""What people wrote to us, who has it on their desk, and whether it was answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, literal_column, select, update

from nurture.clock import Moment
from nurture.store import quiet
from nurture.store.bulk import among, insert_many
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import ArrivalRow, ContactRow, ReplyRow

_arrivals = table(ArrivalRow)
_contacts = table(ContactRow)
_replies = table(ReplyRow)

# Written out, since only so does the partial index apply.
_OPEN = _replies.c.answered_at == literal_column("0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One mail of a person."""

    id: int
    contact_id: int
    """0: nobody we know."""
    email: str
    """Of who wrote it."""
    at: Moment
    subject: str
    owner: str
    enrollment_id: int = 0
    step_no: int = 0
    said: str = ""
    """Its own text, without what it quotes."""
    answered_at: Moment = 0
    answered_by: str = ""
    held_until: Moment = 0


def keep(tx: Tx, replies: Sequence[Reply]) -> None:
    """Keep them, and let marketing to each contact wait until its `held_until`."""
    rows = [
        (it.id, it.contact_id, it.at, it.enrollment_id, it.step_no, it.subject, it.owner, it.held_until)
        for it in replies
    ]
    columns = ["id", "contact_id", "at", "enrollment_id", "step_no", "subject", "owner", "held_until"]
    insert_many(tx, _replies, columns, rows)
    held: dict[int, Moment] = {}
    for it in replies:
        if it.contact_id:
            held[it.contact_id] = max(it.held_until, held.get(it.contact_id, 0))
    for contact, until in held.items():
        quiet.put(tx, contact, quiet.REPLY, until)


_TOLD = (
    select(_replies, _arrivals.c.recipient, _arrivals.c.said, _contacts.c.email)
    .outerjoin(_arrivals, _arrivals.c.id == _replies.c.id)
    .outerjoin(_contacts, _contacts.c.id == _replies.c.contact_id)
)


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Reply]:
    """Replies by id, with what they say as long as that is kept."""
    rows = tx.execute(_TOLD.where(among(tx, _replies.c.id, list(ids)))).all() if ids else ()
    return {row.id: _reply(row) for row in rows}


def unanswered(tx: Tx, before: Moment, most: int | None = None) -> list[Reply]:
    """Those that came before that moment and that nobody has answered, oldest first; at most `most` of them."""
    asked = _TOLD.where(_OPEN, _replies.c.at < before).order_by(_replies.c.at, _replies.c.id)
    rows = tx.execute(asked.limit(most))
    return [_reply(row) for row in rows.all()]


def open_since(tx: Tx) -> list[Moment]:
    """When each came that nobody has answered, oldest first; read from an index alone."""
    return list(tx.execute(select(_replies.c.at).where(_OPEN).order_by(_replies.c.at)).scalars())


def lately(tx: Tx, since: Moment) -> list[Reply]:
    """All that came since then, oldest first."""
    rows = tx.execute(_TOLD.where(_replies.c.at >= since).order_by(_replies.c.at, _replies.c.id))
    return [_reply(row) for row in rows.all()]


def answer(tx: Tx, ids: Collection[int], by: str, now: Moment) -> set[int]:
    """Somebody answered these: marketing to their contacts waits no longer, where nothing else of them is open.

    Returns the ids of those that were open.
    """
    if not ids:
        return set()
    answered = tx.execute(
        update(_replies)
        .where(among(tx, _replies.c.id, list(ids)), _OPEN)
        .values(answered_at=now, answered_by=by)
        .returning(_replies.c.id, _replies.c.contact_id)
    ).all()
    contacts = {contact for _, contact in answered if contact}
    waiting = select(_replies.c.contact_id).where(among(tx, _replies.c.contact_id, list(contacts)), _OPEN)
    for contact in contacts - set(tx.execute(waiting).scalars()):
        quiet.end(tx, contact, quiet.REPLY, now)
    return {id_ for id_, _ in answered}


def _reply(row: Row[Any]) -> Reply:
    return Reply(
        id=row.id,
        contact_id=row.contact_id,
        email=row.email or row.recipient or "",
        at=row.at,
        subject=row.subject,
        owner=row.owner,
        enrollment_id=row.enrollment_id,
        step_no=row.step_no,
        said=row.said or "",
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        held_until=row.held_until,
    )
