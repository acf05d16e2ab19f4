"""Messages on their way: planned, held back, skipped. `claims.py` takes them, `handover.py` ends them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Delete, bindparam, delete, func, literal_column, select

from nurture.clock import NEVER, Moment
from nurture.delivery.outcome import OPEN_STATES, MessageKey
from nurture.store.bulk import insert_many, insert_new
from nurture.store.engine import Tx
from nurture.store.keys import as_json, listed
from nurture.store.partitions import ensure
from nurture.store.seen_facts import as_text
from nurture.store.settle import Settled, settle
from nurture.store.statements import chunks, insert, one_of, table
from nurture.store.tables import MessageRow, OutboxRow, SenderRow

PLANNED, CLAIMED, HANDED, DEFERRED, ACCEPTED = range(len(OPEN_STATES))

IN_HAND = (CLAIMED, HANDED, ACCEPTED)
"""A contact has one message at most in one of these."""

URGENT = 0
PRIORITIES = range(1, 11)
"""Sort keys: 10 minus the campaign's priority, so 1 goes first; urgent messages go before all others."""
COLD = 10
"""Added for people who showed no interest lately, while a new address is warmed up."""

NOTHING_SEEN: Mapping[MessageKey, Mapping[str, str]] = MappingProxyType({})

_messages = table(MessageRow)
_outbox = table(OutboxRow)
_senders = table(SenderRow)

# Written out, not as parameters: only so do the partial indexes apply.
WAITING = _outbox.c.state.in_([literal_column("0"), literal_column("3")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A message to be sent at `due_at`: its rows in `messages` and `outbox`."""

    key: MessageKey
    contact_id: int
    campaign_id: int
    line_id: int = 0
    template: str
    template_hash: str = ""
    """Of the compiled template it will be rendered with."""
    offer: str = ""
    stage: str = ""
    urgent: bool = False
    planned_at: Moment
    due_at: Moment
    stale_at: Moment = NEVER
    priority: int = 5
    """9 goes first."""
    lane: str = ""
    cold: bool = False
    """Behind all that are not, whatever their priority."""


def plan(tx: Tx, rows: Sequence[Planned]) -> set[MessageKey]:
    """Plan messages; one that was ever planned before is left as it is. Returns the keys that are new."""
    if not rows:
        return set()
    ensure(tx, "messages", {it.key.enrollment_id for it in rows})
    wanted = [_message_values(it) for it in rows]
    values = [tuple(it.values()) for it in wanted]
    new = insert_new(tx, _messages, list(wanted[0]), values, ("enrollment_id", "step_no"))
    made = {MessageKey(*key) for key in new}
    entries = [_outbox_values(it) for it in rows if it.key in made]
    if entries:
        insert_many(tx, _outbox, list(entries[0]), [tuple(it.values()) for it in entries])
    return made


def leave_out(tx: Tx, rows: Sequence[tuple[Planned, str, Mapping[str, str]]], now: Moment) -> None:
    """Keep for each message that it is not sent at all, why, and the facts behind that."""
    if rows:
        ensure(tx, "messages", {it.key.enrollment_id for it, _, _ in rows})
        over = [
            {
                **_message_values(it),
                "outcome": "skipped",
                "reason": str(reason),
                "done_at": now,
                "saw": as_text(saw),
            }
            for it, reason, saw in rows
        ]
        tx.execute(insert(tx.dialect.name, _messages).on_conflict_do_nothing(), over)


def _message_values(it: Planned) -> dict[str, int | str]:
    return {
        "enrollment_id": it.key.enrollment_id,
        "step_no": it.key.step_no,
        "contact_id": it.contact_id,
        "campaign_id": it.campaign_id,
        "line_id": it.line_id,
        "template": it.template,
        "template_hash": it.template_hash,
        "offer": it.offer,
        "stage": it.stage,
        "urgent": it.urgent,
        "planned_at": it.planned_at,
        "done_at": 0,
        "outcome": "",
        "reason": "",
        "saw": "{}",
    }


def _outbox_values(it: Planned) -> dict[str, int | str]:
    return {
        "enrollment_id": it.key.enrollment_id,
        "step_no": it.key.step_no,
        "contact_id": it.contact_id,
        "campaign_id": it.campaign_id,
        "lane": it.lane,
        "priority": _sort_key(it),
        "state": PLANNED,
        "due_at": it.due_at,
        "wanted_at": it.due_at,
        "stale_at": it.stale_at,
        "sender": 0,
        "attempts": 0,
        "first_tried_at": 0,
        "last_reply": "",
    }


def sort_key(priority: int) -> int:
    """By which what is not urgent is sorted, for a campaign of this priority."""
    return min(max(10 - priority, PRIORITIES[0]), PRIORITIES[-1])


def skip_contact(
    tx: Tx, contact_id: int, reason: str, now: Moment, *, campaigns: Collection[int] | None = None
) -> list[MessageKey]:
    """Skip what waits or is claimed for this contact (of these `campaigns` only, where given).

    A message that is handed over already stays: its body may be on the wire.
    """
    wanted = delete(_outbox).where(_outbox.c.contact_id == contact_id)
    if campaigns is not None:
        wanted = wanted.where(_outbox.c.campaign_id.in_(campaigns))
    return _skip(tx, wanted, reason, now)


def skip_contacts(
    tx: Tx, contact_ids: Collection[int], reason: str, now: Moment, *, campaigns: Collection[int] | None
) -> None:
    """The same for many contacts, in these campaigns; None: in all."""
    if contact_ids and campaigns is None:
        theirs = delete(_outbox).where(one_of(_outbox.c.contact_id, "contacts"))
        _skip(tx, theirs, reason, now, {"contacts": contact_ids})
    elif contact_ids and campaigns:
        wanted = delete(_outbox).where(
            one_of(_outbox.c.contact_id, "contacts"), one_of(_outbox.c.campaign_id, "campaigns")
        )
        _skip(tx, wanted, reason, now, {"contacts": contact_ids, "campaigns": campaigns})


def skip_enrollments(tx: Tx, enrollment_ids: Collection[int], reason: str, now: Moment) -> list[MessageKey]:
    """Skip what waits or is claimed for these enrollments; what is handed over already stays."""
    skipped = []
    for some in chunks(enrollment_ids):
        skipped += _skip(tx, delete(_outbox).where(_outbox.c.enrollment_id.in_(some)), reason, now)
    return skipped


def _skip(
    tx: Tx,
    wanted: Delete,
    reason: str,
    now: Moment,
    given: Mapping[str, Any] | None = None,
    saw: Mapping[MessageKey, Mapping[str, str]] = NOTHING_SEEN,
) -> list[MessageKey]:
    statement = wanted.where(_outbox.c.state.not_in((HANDED, ACCEPTED)))
    returned = statement.returning(_outbox.c.enrollment_id, _outbox.c.step_no)
    rows = tx.execute(returned, given or {}).all()
    keys = [MessageKey(e, s) for e, s in rows]
    settle(
        tx,
        [Settled(key=it, outcome="skipped", at=now, reason=reason, saw=saw.get(it, {})) for it in keys],
    )
    return keys


_HELD = select(_outbox.c.contact_id, _outbox.c.enrollment_id, _outbox.c.step_no, _outbox.c.priority).where(
    one_of(_outbox.c.contact_id, "contacts"), WAITING, _outbox.c.last_reply == bindparam("reason")
)


def _sort_key(it: Planned) -> int:
    if it.urgent:
        return URGENT
    return sort_key(it.priority) + (COLD if it.cold else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A message that waits for something."""

    key: MessageKey
    priority: int
    """9 goes first."""


def held_back(tx: Tx, contact_ids: Collection[int], reason: str) -> dict[int, list[HeldBack]]:
    """The messages of each contact that wait because of `reason`."""
    found: dict[int, list[HeldBack]] = defaultdict(list)
    for contact, enrollment, step_no, order in tx.execute(_HELD, {"contacts": contact_ids, "reason": reason}):
        found[contact].append(
            HeldBack(key=MessageKey(enrollment, step_no), priority=10 - (order - 1) % COLD - 1)
        )
    return found


def skip_messages(tx: Tx, saw: Mapping[MessageKey, Mapping[str, str]], reason: str, now: Moment) -> None:
    """Skip these, as far as they wait or are claimed; each with the facts behind the reason."""
    if saw:
        listing = listed(tx.dialect.name, "keys", (("e", "int"), ("s", "int")))
        named = select(listing.c.e).where(
            listing.c.e == _outbox.c.enrollment_id, listing.c.s == _outbox.c.step_no
        )
        _skip(tx, delete(_outbox).where(named.exists()), reason, now, {"keys": as_json(list(saw))}, saw)


def counts(tx: Tx) -> dict[str, int]:
    """How many messages are planned, claimed, handed and deferred."""
    rows = tx.execute(select(_outbox.c.state, func.count()).group_by(_outbox.c.state))
    found = {OPEN_STATES[state]: int(count) for state, count in rows}
    return {state: found.get(state, 0) for state in OPEN_STATES}
