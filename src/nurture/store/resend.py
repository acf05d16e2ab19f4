"""Messages of which nobody knows whether they arrived, and sending them a second time because a person said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Executable, literal_column, select, update

from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.store.bulk import insert_many
from nurture.store.engine import Tx
from nurture.store.keys import Kind, as_json, listed
from nurture.store.outbox import PLANNED, URGENT, sort_key
from nurture.store.statements import chunks, table
from nurture.store.tables import ContactRow, MessageRow, OutboxRow

_contacts = table(ContactRow)
_messages = table(MessageRow)
_outbox = table(OutboxRow)

# Written out, not as a parameter: only so does the partial index messages_unknown apply.
_IS_UNKNOWN = _messages.c.outcome == literal_column("'unknown'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A message that was handed over and whose answer never came."""

    key: MessageKey
    email: str
    campaign_id: int
    handed_at: Moment
    reason: str
    """Why the answer did not come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """How such a message is planned a second time, to go at once."""

    key: MessageKey
    lane: str
    priority: int
    """Of its campaign: 9 goes first."""
    stale_at: Moment


def unknown(tx: Tx, *, campaign_id: int | None = None, since: Moment = 0) -> list[Lost]:
    """Those that were handed over from `since` on, oldest first; None: of all campaigns.

    Whoever was erased meanwhile is left out.
    """
    asked = (
        select(
            _messages.c.enrollment_id,
            _messages.c.step_no,
            _messages.c.campaign_id,
            _messages.c.done_at,
            _messages.c.reason,
            _contacts.c.email,
        )
        .join(_contacts, _contacts.c.id == _messages.c.contact_id)
        .where(_IS_UNKNOWN, _messages.c.done_at >= since)
        .order_by(_messages.c.done_at, _messages.c.enrollment_id, _messages.c.step_no)
    )
    if campaign_id is not None:
        asked = asked.where(_messages.c.campaign_id == campaign_id)
    return [
        Lost(key=MessageKey(entry, step), email=email, campaign_id=campaign, handed_at=done_at, reason=reason)
        for entry, step, campaign, done_at, reason, email in tx.execute(asked)
    ]


def plan_again(tx: Tx, rows: Sequence[Again], now: Moment) -> set[MessageKey]:
    """Plan those that are unknown still; whoever comes second finds none. Returns the keys of what is planned.

    Their enrollments are not touched: they went on when the message was handed over.
    """
    planned: set[MessageKey] = set()
    for some in chunks(rows):
        given = {it.key: it for it in some}
        opened = tx.execute(_opening(tx.dialect.name), {"keys": as_json(list(given))}).all()
        entries = []
        for entry, step, contact, campaign, urgent in opened:
            it = given[MessageKey(entry, step)]
            priority = URGENT if urgent else sort_key(it.priority)
            row = (entry, step, contact, campaign, it.lane, priority, PLANNED, now, now, it.stale_at)
            entries.append((*row, *_UNTRIED.values()))
        insert_many(tx, _outbox, [*_COLUMNS, *_UNTRIED], entries)
        planned.update(MessageKey(entry[0], entry[1]) for entry in entries)
    return planned


_COLUMNS = (
    "enrollment_id",
    "step_no",
    "contact_id",
    "campaign_id",
    "lane",
    "priority",
    "state",
    "due_at",
    "wanted_at",
    "stale_at",
)
_UNTRIED: dict[str, int | str] = {"sender": 0, "attempts": 0, "first_tried_at": 0, "last_reply": ""}


@cache
def _opening(dialect: str) -> Executable:
    columns: tuple[tuple[str, Kind], ...] = (("e", "int"), ("s", "int"))
    keys = listed(dialect, "keys", columns)
    return (
        update(_messages)
        .where(_messages.c.enrollment_id == keys.c.e, _messages.c.step_no == keys.c.s, _IS_UNKNOWN)
        .values(outcome="", done_at=0, reason="", saw="{}")
        .returning(
            _messages.c.enrollment_id,
            _messages.c.step_no,
            _messages.c.contact_id,
            _messages.c.campaign_id,
            _messages.c.urgent,
        )
    )
