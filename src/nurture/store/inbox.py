"""The embedded mailbox: every message that the provider `inbox` took, whole, for the pages that show them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select, tuple_

from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.store.engine import Tx
from nurture.store.statements import table, upsert
from nurture.store.tables import InboxRow

_inbox = table(InboxRow)
_ORDER = (_inbox.c.at, _inbox.c.enrollment_id, _inbox.c.step_no)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One message in the mailbox, without its content."""

    key: MessageKey
    at: Moment
    recipient: str
    subject: str


def pack(content: bytes) -> bytes:
    """The bytes of a message as they are kept."""
    return zlib.compress(content, 1)


def keep(tx: Tx, letters: Sequence[tuple[Kept, bytes]]) -> None:
    """Keep messages with their packed content; one that is there already stays as it is."""
    if not letters:
        return
    rows = [
        {
            "enrollment_id": it.key.enrollment_id,
            "step_no": it.key.step_no,
            "at": it.at,
            "recipient": it.recipient,
            "subject": it.subject,
            "content": packed,
        }
        for it, packed in letters
    ]
    upsert(tx, _inbox, rows, key=("enrollment_id", "step_no"), update=())


def search(tx: Tx, text: str = "", *, limit: int = 50, before: Kept | None = None) -> list[Kept]:
    """The newest first, whose recipient or subject holds `text` in any case; behind `before`, the last one
    shown."""
    columns = (_inbox.c.enrollment_id, _inbox.c.step_no, _inbox.c.at, _inbox.c.recipient, _inbox.c.subject)
    query = select(*columns).order_by(*(column.desc() for column in _ORDER)).limit(limit)
    if text:
        query = query.where(
            or_(
                _inbox.c.recipient.icontains(text, autoescape=True),
                _inbox.c.subject.icontains(text, autoescape=True),
            )
        )
    if before is not None:
        query = query.where(tuple_(*_ORDER) < tuple_(before.at, *before.key))
    return [
        Kept(key=MessageKey(e, s), at=at, recipient=recipient, subject=subject)
        for e, s, at, recipient, subject in tx.execute(query)
    ]


def find(tx: Tx, key: MessageKey) -> Kept | None:
    """One message, without its content."""
    row = tx.execute(
        select(_inbox.c.at, _inbox.c.recipient, _inbox.c.subject).where(
            _inbox.c.enrollment_id == key.enrollment_id, _inbox.c.step_no == key.step_no
        )
    ).first()
    return None if row is None else Kept(key=key, at=row.at, recipient=row.recipient, subject=row.subject)


def get(tx: Tx, key: MessageKey) -> bytes | None:
    """The whole message as it was handed over, or None where it is not here."""
    packed = tx.execute(
        select(_inbox.c.content).where(
            _inbox.c.enrollment_id == key.enrollment_id, _inbox.c.step_no == key.step_no
        )
    ).scalar()
    return None if packed is None else zlib.decompress(packed)


def count(tx: Tx) -> int:
    """How many messages are kept."""
    return int(tx.execute(select(func.count()).select_from(_inbox)).scalar_one())
