"""Messages that reached their people in a span of time."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.store import templates
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import CampaignRow, CampaignStepRow, ContactRow, MessageRow

_campaigns = table(CampaignRow)
_contacts = table(ContactRow)
_messages = table(MessageRow)
_steps = table(CampaignStepRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message that was handed over, with whom it was for and how many links it holds."""

    key: MessageKey
    email: str
    campaign: str
    step: str
    line_id: int
    at: Moment
    links: int


_BETWEEN = (
    select(
        _messages.c.enrollment_id,
        _messages.c.step_no,
        _messages.c.line_id,
        _messages.c.done_at,
        _messages.c.template_hash,
        _contacts.c.email,
        _campaigns.c.key,
        _steps.c.step_id,
    )
    .join(_contacts, _contacts.c.id == _messages.c.contact_id)
    .join(_campaigns, _campaigns.c.id == _messages.c.campaign_id)
    .join(_steps, (_steps.c.campaign_id == _messages.c.campaign_id) & (_steps.c.no == _messages.c.step_no))
    .where(
        _messages.c.done_at > bindparam("since"),
        _messages.c.done_at <= bindparam("until"),
        _messages.c.outcome == "sent",
    )
    .order_by(_messages.c.done_at, _messages.c.enrollment_id)
)


def between(tx: Tx, since: Moment, until: Moment) -> list[Received]:
    """What was handed over in (since, until], oldest first."""
    rows = tx.execute(_BETWEEN, {"since": since, "until": until}).all()
    compiled = templates.by_hash(tx, {row.template_hash for row in rows}) if rows else {}
    return [
        Received(
            key=MessageKey(row.enrollment_id, row.step_no),
            email=row.email,
            campaign=row.key,
            step=row.step_id,
            line_id=row.line_id,
            at=row.done_at,
            links=len(compiled[row.template_hash].links) if row.template_hash in compiled else 0,
        )
        for row in rows
    ]
