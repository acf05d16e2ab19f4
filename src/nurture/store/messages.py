"""Messages as they were ordered: which template, which offer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from nurture.delivery.outcome import MessageKey
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table
from nurture.store.tables import MessageRow

_messages = table(MessageRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What a message was planned with."""

    template: str
    template_hash: str
    offer: str
    line_id: int
    contact_id: int
    campaign_id: int


_ORDERED = select(
    _messages.c.enrollment_id,
    _messages.c.step_no,
    _messages.c.template,
    _messages.c.template_hash,
    _messages.c.offer,
    _messages.c.line_id,
    _messages.c.contact_id,
    _messages.c.campaign_id,
).where(one_of(_messages.c.enrollment_id, "entries"))


def ordered(tx: Tx, keys: Collection[MessageKey]) -> dict[MessageKey, Ordered]:
    """What each message was planned with; those that are not there are left out."""
    wanted = set(keys)
    rows = tx.execute(_ORDERED, {"entries": {key.enrollment_id for key in wanted}}).all()
    return {
        MessageKey(entry, step): Ordered(
            template=template,
            template_hash=hash_,
            offer=offer,
            line_id=line,
            contact_id=contact,
            campaign_id=campaign,
        )
        for entry, step, template, hash_, offer, line, contact, campaign in rows
        if (entry, step) in wanted
    }
