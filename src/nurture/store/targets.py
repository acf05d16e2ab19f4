"""What a token in a link leads to: the message it was made for, its campaign, and where its links go."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from nurture.delivery.outcome import MessageKey
from nurture.messages.compiled import Compiled
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import CampaignRow, MessageRow, TemplateRow

_campaigns = table(CampaignRow)
_messages = table(MessageRow)
_templates = table(TemplateRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Whom a message was for, and which campaign it came from."""

    contact_id: int
    campaign_id: int
    campaign: str
    """The campaign's key."""


def template_hash(tx: Tx, key: MessageKey) -> str | None:
    """What the message was rendered from; None where there is no such message or it was never rendered."""
    found = tx.execute(
        select(_messages.c.template_hash).where(
            _messages.c.enrollment_id == key.enrollment_id, _messages.c.step_no == key.step_no
        )
    ).scalar()
    return found or None


def links(tx: Tx, hash_: str) -> tuple[str, ...] | None:
    """Where the links of a compiled template lead, as written; number n is at n - 1. None: there is none."""
    compiled = tx.execute(select(_templates.c.compiled).where(_templates.c.hash == hash_)).scalar()
    return None if compiled is None else Compiled.from_json(compiled).links


def origin(tx: Tx, key: MessageKey) -> Origin | None:
    """Where the message comes from; None where there is none (any more)."""
    row = tx.execute(
        select(_messages.c.contact_id, _messages.c.campaign_id, _campaigns.c.key)
        .outerjoin(_campaigns, _campaigns.c.id == _messages.c.campaign_id)
        .where(_messages.c.enrollment_id == key.enrollment_id, _messages.c.step_no == key.step_no)
    ).first()
    if row is None:
        return None
    return Origin(contact_id=row.contact_id, campaign_id=row.campaign_id, campaign=row.key or "")
