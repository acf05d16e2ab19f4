"""What a token in a link leads to: the message it was made for, its campaign, and where its links go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from nurture.delivery.outcome import MessageKey
from nurture.messages.compiled import Compiled
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table
from nurture.store.tables import CampaignRow, MessageRow, TemplateRow

_campaigns = table(CampaignRow)
_messages = table(MessageRow)
_templates = table(TemplateRow)

_HASHES = select(
    _messages.c.enrollment_id, _messages.c.step_no, _messages.c.template_hash, _messages.c.campaign_id
).where(one_of(_messages.c.enrollment_id, "entries"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Whom a message was for, and which campaign it came from."""

    contact_id: int
    campaign_id: int
    campaign: str
    """The campaign's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What the links of a message are made of."""

    template_hash: str
    campaign_id: int


def linked(tx: Tx, keys: Collection[MessageKey]) -> dict[MessageKey, Linked]:
    """What these messages were rendered from, without those that are not there or were never rendered."""
    wanted = set(keys)
    rows = tx.execute(_HASHES, {"entries": {key.enrollment_id for key in wanted}}).all()
    found = {
        MessageKey(entry, step): Linked(template_hash=hash_, campaign_id=campaign)
        for entry, step, hash_, campaign in rows
        if hash_
    }
    return {key: it for key, it in found.items() if key in wanted}


def template(tx: Tx, hash_: str) -> Compiled | None:
    """A compiled template; None: there is none."""
    compiled = tx.execute(select(_templates.c.compiled).where(_templates.c.hash == hash_)).scalar()
    return None if compiled is None else Compiled.from_json(compiled)


def links(tx: Tx, hash_: str) -> tuple[str, ...] | None:
    """Where the links of a compiled template lead, as written; number n is at n - 1. None: there is none."""
    compiled = template(tx, hash_)
    return None if compiled is None else compiled.links


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
