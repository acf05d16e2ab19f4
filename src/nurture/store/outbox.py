"""Messages on their way: planned, claimed by a sender, moved back, skipped. `handover.py` ends them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Delete, Executable, Row, bindparam, delete, func, literal_column, select, text, update

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

PLANNED, CLAIMED, HANDED, DEFERRED = range(len(OPEN_STATES))

PRIORITIES = range(1, 11)
"""Sort keys: 10 minus the campaign's priority, so 1 goes first."""

_CLAIM_LOCK = 0x6F757462
"""Advisory lock on PostgreSQL ("outb"): one claim at a time, so that no two take messages of one contact."""

NOTHING_SEEN: Mapping[MessageKey, Mapping[str, str]] = MappingProxyType({})

_messages = table(MessageRow)
_outbox = table(OutboxRow)
_senders = table(SenderRow)

# Written out, not as parameters: only so do the partial indexes apply.
WAITING = _outbox.c.state.in_([literal_column("0"), literal_column("3")])


_FIRST = text(
    " UNION ALL ".join(
        f"SELECT {priority} AS priority, (SELECT due_at FROM outbox WHERE lane = :lane"
        f" AND priority = {priority} AND state IN (0, 3) ORDER BY due_at LIMIT 1) AS due_at"
        for priority in PRIORITIES
    )
)
"""One look at the beginning of each range of the index outbox_due, in one statement."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that this sender holds, as its row said when it was claimed."""

    key: MessageKey
    contact_id: int
    campaign_id: int
    lane: str
    due_at: Moment
    wanted_at: Moment
    stale_at: Moment
    attempts: int
    first_tried_at: Moment


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
        "priority": min(max(10 - it.priority, PRIORITIES[0]), PRIORITIES[-1]),
        "state": PLANNED,
        "due_at": it.due_at,
        "wanted_at": it.due_at,
        "stale_at": it.stale_at,
        "sender": 0,
        "attempts": 0,
        "first_tried_at": 0,
        "last_reply": "",
    }


def claim(tx: Tx, sender: int, now: Moment, limit: int, lanes: Sequence[str] = ("",)) -> list[Claimed]:
    """Take what is due, at most `limit`: by priority, then oldest first, never two of one contact at a
    time."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CLAIM_LOCK})
    # Locked, so that whoever takes this sender for dead meanwhile waits for the claim, and takes it back.
    if tx.execute(select(_senders.c.ended_at).where(_senders.c.id == sender).with_for_update()).scalar():
        return []
    found: dict[int, Claimed] = {}
    for lane in lanes:
        for priority, first in _first_due(tx, lane):
            room = limit - len(found)
            if first > now or room <= 0:
                continue
            # One range of the index outbox_due at a time: what is planned for later is never walked over.
            given = {"of_lane": lane, "of_priority": priority, "now": now, "room": room}
            for row in tx.execute(_due(), given):
                found.setdefault(row.contact_id, _claimed(row))
    claims = list(found.values())
    if claims:
        given = {"keys": as_json([it.key for it in claims]), "holder": sender}
        tx.execute(_claiming(tx.dialect.name), given)
    return claims


@cache
def _claiming(dialect: str) -> Executable:
    keys = listed(dialect, "keys", (("e", "int"), ("s", "int")))
    return (
        update(_outbox)
        .where(_outbox.c.enrollment_id == keys.c.e, _outbox.c.step_no == keys.c.s)
        .values(state=CLAIMED, sender=bindparam("holder"))
    )


@cache
def _due() -> Executable:
    held = _outbox.alias("held")
    in_hand = select(held.c.step_no).where(
        held.c.contact_id == _outbox.c.contact_id,
        held.c.state.in_([literal_column("1"), literal_column("2")]),
    )
    return (
        select(_outbox)
        .where(
            _outbox.c.lane == bindparam("of_lane"),
            _outbox.c.priority == bindparam("of_priority"),
            _outbox.c.due_at <= bindparam("now"),
            WAITING,
            ~in_hand.exists(),
        )
        .order_by(_outbox.c.due_at)
        .limit(bindparam("room"))
        .with_for_update(skip_locked=True, of=_outbox)
    )


def _claimed(it: Row[Any]) -> Claimed:
    return Claimed(
        key=MessageKey(it.enrollment_id, it.step_no),
        contact_id=it.contact_id,
        campaign_id=it.campaign_id,
        lane=it.lane,
        due_at=it.due_at,
        wanted_at=it.wanted_at,
        stale_at=it.stale_at,
        attempts=it.attempts,
        first_tried_at=it.first_tried_at,
    )


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
    tx: Tx, contact_ids: Collection[int], reason: str, now: Moment, *, campaigns: Collection[int]
) -> None:
    """The same for many contacts, in these campaigns."""
    if contact_ids and campaigns:
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
    statement = wanted.where(_outbox.c.state != HANDED)
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
        found[contact].append(HeldBack(key=MessageKey(enrollment, step_no), priority=10 - order))
    return found


def skip_messages(tx: Tx, saw: Mapping[MessageKey, Mapping[str, str]], reason: str, now: Moment) -> None:
    """Skip these, as far as they wait or are claimed; each with the facts behind the reason."""
    if saw:
        listing = listed(tx.dialect.name, "keys", (("e", "int"), ("s", "int")))
        named = select(listing.c.e).where(
            listing.c.e == _outbox.c.enrollment_id, listing.c.s == _outbox.c.step_no
        )
        _skip(tx, delete(_outbox).where(named.exists()), reason, now, {"keys": as_json(list(saw))}, saw)


def next_due(tx: Tx, lanes: Sequence[str] = ("",)) -> Moment:
    """When the first message that nobody holds is due; NEVER where none is."""
    return min((first for lane in lanes for _, first in _first_due(tx, lane)), default=NEVER)


def _first_due(tx: Tx, lane: str) -> list[tuple[int, Moment]]:
    """The priorities that have something waiting, most urgent first, with when the first of it is due."""
    rows = tx.execute(_FIRST, {"lane": lane})
    return sorted((priority, int(at)) for priority, at in rows if at is not None)


def counts(tx: Tx) -> dict[str, int]:
    """How many messages are planned, claimed, handed and deferred."""
    rows = tx.execute(select(_outbox.c.state, func.count()).group_by(_outbox.c.state))
    found = {OPEN_STATES[state]: int(count) for state, count in rows}
    return {state: found.get(state, 0) for state in OPEN_STATES}
