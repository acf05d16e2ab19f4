"""Notices: what the step `notify:` tells people and machines outside, from planning to the end.

A notice is handed over on record before anything of it leaves, until `due_at`. One whose answer has not come by then
was lost in a crash: a mail is `unknown` and never sent again by itself, since it may have arrived; a webhook is tried
again, since its id lets the receiver drop what it has already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias

from sqlalchemy import Executable, Row, Select, and_, bindparam, literal_column, or_, select, text, update

from nurture.clock import MINUTE, NEVER, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.messages.webhook import is_url
from nurture.store.engine import Tx
from nurture.store.kept_text import kept
from nurture.store.keys import as_json, by_key, listed
from nurture.store.statements import insert, one_of, table
from nurture.store.tables import CampaignRow, CampaignStepRow, NoticeRow

PLANNED, HANDED, DONE = 0, 1, 2
_STATES = ("planned", "handed", "done")

MAIL_LEASE: Span = 30 * MINUTE
"""How long the answer to a mail is waited for: longer than all that a relay may take for one."""
HOOK_LEASE: Span = 2 * MINUTE

LOST = "the process stopped before the answer came; it may have arrived, so it is not sent again"
MOST_TEXT = 10_000
"""As many characters of a note or target are kept."""

_notices = table(NoticeRow)
_campaigns = table(CampaignRow)
_steps = table(CampaignStepRow)

Outcome: TypeAlias = Literal["sent", "refused", "expired", "unknown", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A notice to plan."""

    key: MessageKey
    contact_id: int
    campaign_id: int
    target: str
    """An address or an https URL; empty or nonsense where the contact's attribute is."""
    note: str = ""
    planned_at: Moment
    due_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice that is handed over."""

    key: MessageKey
    contact_id: int
    target: str
    note: str
    campaign: str
    campaign_name: str
    step: str
    """The step's id."""
    planned_at: Moment
    attempt: int
    """From 1."""
    first_tried_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """This is the end of a notice."""

    key: MessageKey
    attempt: int
    outcome: Outcome
    at: Moment
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A notice is tried again at `due_at`."""

    key: MessageKey
    attempt: int
    due_at: Moment
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeStory:
    """One notice as it stands, for people."""

    key: MessageKey
    contact_id: int
    campaign: str
    step: str
    target: str
    note: str
    planned_at: Moment
    state: str
    """planned, deferred (tried and to be tried again) or handed while it is open; else its outcome."""
    due_at: Moment | None
    """When it is tried next, while it waits for that."""
    attempts: int
    reply: str
    """The last answer, or why it was not sent."""
    done_at: Moment | None


def is_repeatable(it: Notice) -> bool:
    """Whether it may be handed over again where nobody knows if it arrived: webhooks may, mails may not."""
    return is_url(it.target)


def plan(tx: Tx, rows: Sequence[Planned]) -> None:
    """Plan notices; one that was ever planned before is left as it is."""
    if rows:
        tx.execute(_planning(tx.dialect.name), [_values(it) for it in rows])


@cache
def _planning(dialect: str) -> Executable:
    made: Executable = insert(dialect, _notices).on_conflict_do_nothing()
    return made


def _values(it: Planned) -> dict[str, int | str]:
    return {
        "enrollment_id": it.key.enrollment_id,
        "step_no": it.key.step_no,
        "contact_id": it.contact_id,
        "campaign_id": it.campaign_id,
        # PostgreSQL cannot keep NUL in text, nor halves of characters.
        "target": kept(it.target, MOST_TEXT),
        "note": kept(it.note, MOST_TEXT),
        "planned_at": it.planned_at,
        "due_at": it.due_at,
        "state": PLANNED,
        "attempts": 0,
        "first_tried_at": 0,
        "outcome": "",
        "last_reply": "",
        "done_at": 0,
    }


# Written out, since only so does the partial index apply.
_NEXT = text("SELECT due_at FROM notices WHERE state < 2 ORDER BY due_at LIMIT 1")


def next_due(tx: Tx) -> Moment:
    """When the next notice is to be tried or given up; NEVER where none is open."""
    due = tx.execute(_NEXT).scalar()
    return NEVER if due is None else int(due)


def _told(*more: Any) -> Select[Any]:
    """Notices with the names of campaign and step."""
    return (
        select(_notices, _campaigns.c.key, _campaigns.c.name, _steps.c.step_id, *more)
        .outerjoin(_campaigns, _campaigns.c.id == _notices.c.campaign_id)
        .outerjoin(
            _steps, and_(_steps.c.campaign_id == _notices.c.campaign_id, _steps.c.no == _notices.c.step_no)
        )
    )


_DUE = (
    _told()
    .where(_notices.c.state < literal_column("2"), _notices.c.due_at <= bindparam("now"))
    .order_by(_notices.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=_notices)
)


def take(tx: Tx, now: Moment, limit: int) -> list[Notice]:
    """Hand over what is due, oldest first, at most `limit`; what a crash left behind is ended or taken again."""
    rows = tx.execute(_DUE, {"now": now, "most": limit}).all()
    lost = [it for it in rows if it.state == HANDED and not is_url(it.target)]
    taken = [_notice(it, now) for it in rows if it not in lost]
    if lost:
        ends = [
            Ended(key=_key(it), attempt=it.attempts, outcome="unknown", at=now, reply=LOST) for it in lost
        ]
        finish(tx, ends)
    if taken:
        held = [
            (*it.key, it.attempt, it.first_tried_at, now + (HOOK_LEASE if is_url(it.target) else MAIL_LEASE))
            for it in taken
        ]
        tx.execute(_handing(tx.dialect.name), {"held": as_json(held)})
    return taken


@cache
def _handing(dialect: str) -> Executable:
    rows = listed(
        dialect,
        "held",
        (("e", "int"), ("s", "int"), ("attempt", "int"), ("first", "int"), ("until", "int")),
    )
    return (
        update(_notices)
        .where(_notices.c.enrollment_id == rows.c.e, _notices.c.step_no == rows.c.s)
        .values(state=HANDED, attempts=rows.c.attempt, first_tried_at=rows.c.first, due_at=rows.c.until)
    )


def finish(tx: Tx, results: Sequence[Ended | Again]) -> None:
    """Write what became of notices.

    An answer to an earlier attempt than the last changes nothing; one that comes late settles what was given up as
    unknown.
    """
    ends = [(*it.key, it.attempt, it.outcome, it.reply, it.at) for it in results if isinstance(it, Ended)]
    if ends:
        tx.execute(_ending(tx.dialect.name), {"ends": as_json(ends)})
    again = [(*it.key, it.attempt, it.reply, it.due_at) for it in results if isinstance(it, Again)]
    if again:
        tx.execute(_putting_back(tx.dialect.name), {"again": as_json(again)})


@cache
def _ending(dialect: str) -> Executable:
    rows = listed(
        dialect,
        "ends",
        (
            ("e", "int"),
            ("s", "int"),
            ("attempt", "int"),
            ("outcome", "text"),
            ("reply", "text"),
            ("at", "int"),
        ),
    )
    return (
        update(_notices)
        .where(
            _notices.c.enrollment_id == rows.c.e,
            _notices.c.step_no == rows.c.s,
            _notices.c.attempts == rows.c.attempt,
            or_(by_key(_notices.c.state) == HANDED, _notices.c.outcome == "unknown"),
        )
        .values(state=DONE, outcome=rows.c.outcome, last_reply=rows.c.reply, done_at=rows.c.at)
    )


@cache
def _putting_back(dialect: str) -> Executable:
    rows = listed(
        dialect, "again", (("e", "int"), ("s", "int"), ("attempt", "int"), ("reply", "text"), ("at", "int"))
    )
    return (
        update(_notices)
        .where(
            _notices.c.enrollment_id == rows.c.e,
            _notices.c.step_no == rows.c.s,
            _notices.c.attempts == rows.c.attempt,
            by_key(_notices.c.state) == HANDED,
        )
        .values(state=PLANNED, last_reply=rows.c.reply, due_at=rows.c.at)
    )


_OF_CONTACTS = (
    _told()
    .where(one_of(_notices.c.contact_id, "contacts"))
    .order_by(_notices.c.planned_at, _notices.c.enrollment_id, _notices.c.step_no)
)


def of_contacts(tx: Tx, contact_ids: Collection[int]) -> dict[int, tuple[NoticeStory, ...]]:
    """Every notice about these contacts, oldest first; who was the subject of none is left out."""
    found: dict[int, list[NoticeStory]] = defaultdict(list)
    for row in tx.execute(_OF_CONTACTS, {"contacts": list(contact_ids)}).all():
        found[row.contact_id].append(_story(row))
    return {contact: tuple(of) for contact, of in found.items()}


def _story(row: Row[Any]) -> NoticeStory:
    waits = row.state == PLANNED
    state = row.outcome or ("deferred" if waits and row.attempts else _STATES[row.state])
    return NoticeStory(
        key=_key(row),
        contact_id=row.contact_id,
        campaign=row.key or "",
        step=row.step_id or str(row.step_no),
        target=row.target,
        note=row.note,
        planned_at=row.planned_at,
        state=state,
        due_at=row.due_at if waits else None,
        attempts=row.attempts,
        reply=row.last_reply,
        done_at=row.done_at or None,
    )


def _notice(row: Row[Any], now: Moment) -> Notice:
    return Notice(
        key=_key(row),
        contact_id=row.contact_id,
        target=row.target,
        note=row.note,
        campaign=row.key or "",
        campaign_name=row.name or row.key or "",
        step=row.step_id or str(row.step_no),
        planned_at=row.planned_at,
        attempt=row.attempts + 1,
        first_tried_at=row.first_tried_at or now,
    )


def _key(row: Row[Any]) -> MessageKey:
    return MessageKey(row.enrollment_id, row.step_no)
