"""The contacts on their way through campaigns."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Executable, bindparam, func, literal_column, or_, select, update

from nurture.audience.facts import Event
from nurture.clock import NEVER, Moment, Span
from nurture.store import feed
from nurture.store.bulk import insert_new, update_many
from nurture.store.engine import Tx
from nurture.store.feed import News
from nurture.store.keys import as_json, by_key, listed
from nurture.store.seen_facts import as_text
from nurture.store.statements import one_of, table
from nurture.store.tables import EnrollmentRow, OutboxRow

_enrollments = table(EnrollmentRow)
_outbox = table(OutboxRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment:
    """One entry of a contact into a campaign."""

    id: int
    campaign_id: int
    contact_id: int
    line_id: int = 0
    entry_key: str
    slot: str = ""
    version: int = 0
    entered_at: Moment
    event: Event | None = None
    step_no: int
    behind: bool = False
    """The message of that step is planned or done."""
    since: Moment
    due_at: Moment
    goal_at: Moment = 0
    closed_at: Moment = 0
    reason: str = ""
    held_out: bool = False
    saw: Mapping[str, str] = field(default_factory=dict)
    """What was seen of the contact when it ended; for a new one that ended at once, and not read back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An enrollment stands at another step, or waits on."""

    id: int
    step_no: int
    behind: bool = False
    since: Moment
    due_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """An enrollment is over."""

    id: int
    at: Moment
    reason: str
    saw: Mapping[str, str] = field(default_factory=dict)
    """The facts behind the reason."""


_COLUMNS = (
    _enrollments.c.id,
    _enrollments.c.campaign_id,
    _enrollments.c.contact_id,
    _enrollments.c.line_id,
    _enrollments.c.entry_key,
    _enrollments.c.slot,
    _enrollments.c.version,
    _enrollments.c.entered_at,
    _enrollments.c.event,
    _enrollments.c.step_no,
    _enrollments.c.behind,
    _enrollments.c.since,
    _enrollments.c.due_at,
    _enrollments.c.goal_at,
    _enrollments.c.closed_at,
    _enrollments.c.reason,
    _enrollments.c.held_out,
)
_DUE = (
    select(*_COLUMNS)
    .where(_enrollments.c.closed_at == literal_column("0"), _enrollments.c.due_at <= bindparam("now"))
    .order_by(_enrollments.c.due_at, _enrollments.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_OF_CONTACTS = (
    select(*_COLUMNS)
    .where(
        one_of(_enrollments.c.contact_id, "contacts"),
        or_(_enrollments.c.closed_at == 0, _enrollments.c.goal_at == 0),
    )
    .order_by(_enrollments.c.id)
)
_BY_IDS = select(*_COLUMNS).where(one_of(_enrollments.c.id, "ids"))
_BY_ENTRY_KEY = select(_enrollments.c.id, _enrollments.c.contact_id, _enrollments.c.entry_key).where(
    _enrollments.c.campaign_id == bindparam("campaign"),
    one_of(_enrollments.c.contact_id, "contacts"),
    _enrollments.c.line_id == 0,
)
_LAST = (
    select(
        _enrollments.c.campaign_id,
        _enrollments.c.contact_id,
        _enrollments.c.line_id,
        func.max(_enrollments.c.closed_at),
        func.min(_enrollments.c.closed_at),
    )
    .where(one_of(_enrollments.c.contact_id, "contacts"))
    .group_by(_enrollments.c.campaign_id, _enrollments.c.contact_id, _enrollments.c.line_id)
)
_WAKE = (
    update(_enrollments)
    .where(
        one_of(_enrollments.c.id, "ids"),
        _enrollments.c.closed_at == 0,
        _enrollments.c.due_at < NEVER,
        _enrollments.c.due_at > bindparam("now"),
    )
    .values(due_at=bindparam("now"))
)
_GO_ON = (
    update(_enrollments)
    .where(
        one_of(_enrollments.c.id, "ids"),
        _enrollments.c.closed_at == 0,
        # Their own: one that is sent a second time holds nobody up.
        ~select(_outbox.c.step_no)
        .where(_outbox.c.enrollment_id == _enrollments.c.id, _outbox.c.step_no == _enrollments.c.step_no)
        .exists(),
    )
    .values(due_at=bindparam("now"))
)
_CLOSE = (
    update(_enrollments)
    .where(_enrollments.c.id == bindparam("of"), _enrollments.c.closed_at == 0)
    .values(closed_at=bindparam("at"), reason=bindparam("why"), saw=bindparam("seen"), due_at=NEVER)
)


def take_due(tx: Tx, now: Moment, limit: int) -> list[Enrollment]:
    """At most `limit` open enrollments that are due, oldest first, locked until the transaction ends."""
    return [_enrollment(row) for row in tx.execute(_DUE, {"now": now, "most": limit}).all()]


def of_contacts(tx: Tx, contact_ids: Collection[int]) -> list[Enrollment]:
    """Their open enrollments, and the closed ones whose goal was not reached; oldest first."""
    return [_enrollment(row) for row in tx.execute(_OF_CONTACTS, {"contacts": contact_ids}).all()]


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Enrollment]:
    """Enrollments by id, open or closed."""
    return {row.id: _enrollment(row) for row in tx.execute(_BY_IDS, {"ids": ids}).all()}


def by_entry_key(
    tx: Tx, campaign_id: int, entries: Collection[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    """The ids of entries into one campaign by contact and entry key, on no line."""
    rows = tx.execute(
        _BY_ENTRY_KEY, {"campaign": campaign_id, "contacts": {contact for contact, _ in entries}}
    ).all()
    wanted = set(entries)
    return {(contact, key): id_ for id_, contact, key in rows if (contact, key) in wanted}


def left(tx: Tx, contact_ids: Collection[int]) -> dict[tuple[int, int, int], Moment]:
    """When each (campaign, contact, line) that ever entered left last; 0 where an entry is open."""
    rows = tx.execute(_LAST, {"contacts": contact_ids}).all()
    return {
        (campaign, contact, line): int(last) if first else 0 for campaign, contact, line, last, first in rows
    }


def enroll(tx: Tx, entries: Sequence[Enrollment]) -> set[int]:
    """Open `entries`; those that are in already, or entered by the same key before, are left out. Returns the ids."""
    if not entries:
        return set()
    rows = [
        {
            "id": it.id,
            "campaign_id": it.campaign_id,
            "contact_id": it.contact_id,
            "line_id": it.line_id,
            "entry_key": it.entry_key,
            "slot": it.slot,
            "version": it.version,
            "entered_at": it.entered_at,
            "event": _event_text(it.event),
            "step_no": it.step_no,
            "behind": it.behind,
            "since": it.since,
            "due_at": it.due_at,
            "goal_at": it.goal_at,
            "closed_at": it.closed_at,
            "reason": str(it.reason),
            "saw": as_text(it.saw),
            "held_out": it.held_out,
        }
        for it in entries
    ]
    values = [tuple(it.values()) for it in rows]
    made = {id_ for (id_,) in insert_new(tx, _enrollments, list(rows[0]), values, ("id",))}
    # Who is held out, or in and out again at once, hears of nothing.
    entered = (it for it in entries if it.id in made and not it.held_out and not it.closed_at)
    feed.tell(tx, "enrolled", (News(it.contact_id, it.entered_at, {"entry": it.id}) for it in entered))
    return made


def move(tx: Tx, moves: Sequence[Move]) -> None:
    """Write where open enrollments stand now, in one statement for all."""
    columns = ["step_no", "behind", "since", "due_at"]
    rows = [(it.step_no, it.behind, it.since, it.due_at, it.id) for it in moves]
    update_many(tx, _enrollments, ["id"], columns, rows, only="closed_at")


def wake(tx: Tx, ids: Collection[int], now: Moment) -> None:
    """Have these open enrollments decided again now, except those whose message is under way."""
    if ids:
        tx.execute(_WAKE, {"ids": ids, "now": now})


def go_on(tx: Tx, ids: Collection[int], now: Moment) -> None:
    """Have these open enrollments decided now, except those whose message is under way."""
    if ids:
        tx.execute(_GO_ON, {"ids": ids, "now": now})


def close(tx: Tx, closings: Sequence[Closing]) -> None:
    """End these enrollments; those that have ended already keep their first reason."""
    if closings:
        tx.execute(
            _CLOSE,
            [{"of": it.id, "at": it.at, "why": it.reason, "seen": as_text(it.saw)} for it in closings],
        )


def reach_goal(tx: Tx, reached: Iterable[tuple[int, Moment]]) -> None:
    """Note when each enrollment reached its goal; the first time counts."""
    rows: dict[int, Moment] = {}
    for id_, at in reached:
        rows.setdefault(id_, at)
    if rows:
        done = tx.execute(_reaching(tx.dialect.name), {"reached": as_json(list(rows.items()))}).all()
        told = (News(contact, at, {"entry": id_}) for id_, contact, at, held_out in done if not held_out)
        feed.tell(tx, "goal-reached", told)


@cache
def _reaching(dialect: str) -> Executable:
    rows = listed(dialect, "reached", (("id", "int"), ("at", "int")))
    return (
        update(_enrollments)
        .where(_enrollments.c.id == rows.c.id, by_key(_enrollments.c.goal_at) == 0)
        .values(goal_at=rows.c.at)
        .returning(
            _enrollments.c.id, _enrollments.c.contact_id, _enrollments.c.goal_at, _enrollments.c.held_out
        )
    )


def _event_text(event: Event | None) -> str:
    if event is None:
        return "{}"
    return json.dumps(
        {"name": event.name, "at": event.at, "properties": dict(event.properties)}, ensure_ascii=False
    )


def _enrollment(row: Sequence[Any]) -> Enrollment:
    (
        id_, campaign, contact, line, key, slot, version, entered_at, event, step_no, behind, since, due_at, goal_at,
        closed_at, reason, held_out,
    ) = row  # fmt: skip
    return Enrollment(
        id=id_,
        campaign_id=campaign,
        contact_id=contact,
        line_id=line,
        entry_key=key,
        slot=slot,
        version=version,
        entered_at=entered_at,
        event=None if event == "{}" else Event(**json.loads(event)),
        step_no=step_no,
        behind=bool(behind),
        since=since,
        due_at=due_at,
        goal_at=goal_at,
        closed_at=closed_at,
        reason=reason,
        held_out=bool(held_out),
    )


_WAITING_AT = (
    select(*_COLUMNS)
    .where(
        _enrollments.c.campaign_id == bindparam("campaign"),
        _enrollments.c.closed_at == 0,
        one_of(_enrollments.c.step_no, "steps"),
        _enrollments.c.behind.is_(False),
        _enrollments.c.due_at > bindparam("now"),
        _enrollments.c.id > bindparam("after"),
    )
    .order_by(_enrollments.c.id)
    .limit(bindparam("most"))
)


def waiting_at(
    tx: Tx, campaign_id: int, steps: Collection[int], now: Moment, after: int, limit: int
) -> list[Enrollment]:
    """Open enrollments with a higher id than `after` that wait at one of these steps, in order of their ids."""
    given = {"campaign": campaign_id, "steps": steps, "now": now, "after": after, "most": limit}
    return [_enrollment(row) for row in tx.execute(_WAITING_AT, given).all()]


def decide_again(tx: Tx, campaign_id: int, steps: Collection[int], now: Moment, spread: Span) -> None:
    """Have those who wait at one of these steps decided anew, evenly over `spread` from now on."""
    # Ids end in a random part: its remainder spreads people evenly, and the same way however often it is asked.
    late = literal_column(f"(id % 1000) * {spread // 1000}", BigInteger) if spread else literal_column("0")
    tx.execute(
        update(_enrollments)
        .where(
            _enrollments.c.campaign_id == campaign_id,
            _enrollments.c.closed_at == 0,
            one_of(_enrollments.c.step_no, "steps"),
            _enrollments.c.behind.is_(False),
            _enrollments.c.due_at > now,
            _enrollments.c.due_at < NEVER,
        )
        .values(due_at=now + late),
        {"steps": steps},
    )


def close_all(tx: Tx, campaign_id: int, reason: str, now: Moment) -> list[int]:
    """End all open enrollments of a campaign; returns their ids."""
    closed = (
        update(_enrollments)
        .where(_enrollments.c.campaign_id == campaign_id, _enrollments.c.closed_at == 0)
        .values(closed_at=now, reason=str(reason), due_at=NEVER)
        .returning(_enrollments.c.id)
    )
    return list(tx.execute(closed).scalars())


def versions_entered(tx: Tx, campaign_ids: Collection[int]) -> dict[int, set[int]]:
    """The versions that those entered with who are in these campaigns now."""
    rows = tx.execute(_VERSIONS, {"campaigns": campaign_ids}) if campaign_ids else ()
    found: dict[int, set[int]] = defaultdict(set)
    for campaign, version in rows:
        found[campaign].add(version)
    return found


_VERSIONS = (
    select(_enrollments.c.campaign_id, _enrollments.c.version)
    .where(one_of(_enrollments.c.campaign_id, "campaigns"), _enrollments.c.closed_at == 0)
    .distinct()
)


def bind(tx: Tx, campaign_id: int, version: int) -> None:
    """Have those who are in this campaign finish that version."""
    tx.execute(
        update(_enrollments)
        .where(_enrollments.c.campaign_id == campaign_id, _enrollments.c.closed_at == 0)
        .values(version=version)
    )
