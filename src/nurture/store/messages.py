"""Messages as they were ordered: which template, which offer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, literal_column, select

from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.store.bulk import update_many
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


def offer_instead(tx: Tx, offers: Mapping[MessageKey, str]) -> None:
    """These messages make another offer than they were planned with."""
    rows = [(offer, *key) for key, offer in offers.items()]
    update_many(tx, _messages, ("enrollment_id", "step_no"), ("offer",), rows)


_SENT = select(_messages.c.contact_id, _messages.c.done_at).where(
    one_of(_messages.c.contact_id, "contacts"),
    _messages.c.done_at > bindparam("since"),
    _messages.c.outcome.in_(
        [literal_column("'sent'"), literal_column("'unknown'"), literal_column("'bounced'")]
    ),
    _messages.c.urgent.is_(False),
)


def sent_since(tx: Tx, contact_ids: Collection[int], since: Moment) -> dict[int, list[Moment]]:
    """When the messages of each contact that a cap counts were handed over, later than `since`."""
    found: dict[int, list[Moment]] = defaultdict(list)
    for contact, at in tx.execute(_SENT, {"contacts": contact_ids, "since": since}).all():
        found[contact].append(int(at))
    return found
