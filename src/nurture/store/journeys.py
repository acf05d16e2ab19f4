"""Campaigns that were applied, and the contacts on their way through them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam, func, literal_column, or_, select, update

from nurture.audience.facts import Event
from nurture.clock import NEVER, Moment
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.statements import insert, one_of, table, upsert
from nurture.store.tables import CampaignRow, CampaignStepRow, EnrollmentRow, VersionRow

_campaigns = table(CampaignRow)
_enrollments = table(EnrollmentRow)
_steps = table(CampaignStepRow)
_versions = table(VersionRow)

END = 0
"""The step number of an enrollment that only waits for its last message to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedFiles:
    """What the last apply put into force: path below campaigns/ to text."""

    no: int
    applied_at: Moment
    files: Mapping[str, str]
    templates: tuple[str, ...]
    """Hashes of the compiled templates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRecord:
    """A campaign that was ever applied, with the numbers of its steps."""

    id: int
    key: str
    name: str
    first_applied_at: Moment
    active: bool
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment:
    """One entry of a contact into a campaign."""

    id: int
    campaign_id: int
    contact_id: int
    line_id: int = 0
    entry_key: str
    entered_at: Moment
    event: Event | None = None
    step_no: int
    since: Moment
    due_at: Moment
    goal_at: Moment = 0
    closed_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An enrollment stands at another step, or waits on."""

    id: int
    step_no: int
    since: Moment
    due_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """An enrollment is over."""

    id: int
    at: Moment
    reason: str


def applied(tx: Tx) -> AppliedFiles | None:
    """The files in force, or None before the first apply."""
    row = tx.execute(select(_versions).order_by(_versions.c.no.desc()).limit(1)).mappings().first()
    if row is None:
        return None
    return AppliedFiles(
        no=row["no"],
        applied_at=row["applied_at"],
        files=json.loads(row["files"]),
        templates=tuple(json.loads(row["templates"])),
    )


def newest_version(tx: Tx) -> int:
    """The number of the version in force; 0 before the first apply."""
    return int(tx.execute(select(func.max(_versions.c.no))).scalar() or 0)


def apply(
    tx: Tx,
    files: Mapping[str, str],
    templates: Sequence[str],
    campaigns: Mapping[str, tuple[str, Sequence[str]]],
    ids: Ids,
    now: Moment,
) -> int:
    """Put `files` into force as a new version; returns its number.

    `templates` are the hashes of the compiled ones; `campaigns` maps key to (name, step ids).
    """
    no = newest_version(tx) + 1
    tx.execute(
        _versions.insert().values(
            no=no,
            applied_at=now,
            files=json.dumps(dict(files), ensure_ascii=False),
            templates=json.dumps(list(templates)),
        )
    )
    tx.execute(update(_campaigns).values(active=False))
    new_ids = ids.take(len(campaigns), now) if campaigns else []
    upsert(
        tx,
        _campaigns,
        [
            {"id": id_, "key": key, "name": name, "first_applied_at": now, "active": True}
            for id_, (key, (name, _)) in zip(new_ids, campaigns.items(), strict=True)
        ],
        key=("key",),
        update=("name", "active"),
    )
    _number_steps(tx, {key: steps for key, (_, steps) in campaigns.items()})
    return no


def _number_steps(tx: Tx, steps_of: Mapping[str, Sequence[str]]) -> None:
    rows = []
    for key, record in records(tx).items():
        number = max(record.numbers.values(), default=END)
        for step in steps_of.get(key, ()):
            if step not in record.numbers:
                number += 1
                rows.append({"campaign_id": record.id, "step_id": step, "no": number})
    if rows:
        tx.execute(_steps.insert(), rows)


def records(tx: Tx) -> dict[str, CampaignRecord]:
    """Every campaign that was ever applied, by key."""
    numbers: dict[int, dict[str, int]] = defaultdict(dict)
    for campaign, step, no in tx.execute(select(_steps.c.campaign_id, _steps.c.step_id, _steps.c.no)):
        numbers[campaign][step] = no
    return {
        row.key: CampaignRecord(
            id=row.id,
            key=row.key,
            name=row.name,
            first_applied_at=row.first_applied_at,
            active=row.active,
            numbers=numbers[row.id],
        )
        for row in tx.execute(select(_campaigns))
    }


_COLUMNS = (
    _enrollments.c.id,
    _enrollments.c.campaign_id,
    _enrollments.c.contact_id,
    _enrollments.c.line_id,
    _enrollments.c.entry_key,
    _enrollments.c.entered_at,
    _enrollments.c.event,
    _enrollments.c.step_no,
    _enrollments.c.since,
    _enrollments.c.due_at,
    _enrollments.c.goal_at,
    _enrollments.c.closed_at,
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
_LINES_ENTERED = select(_enrollments.c.contact_id, _enrollments.c.line_id).where(
    _enrollments.c.campaign_id == bindparam("campaign"),
    one_of(_enrollments.c.contact_id, "contacts"),
)

_MOVE = (
    update(_enrollments)
    .where(_enrollments.c.id == bindparam("of"), _enrollments.c.closed_at == 0)
    .values(step_no=bindparam("to"), since=bindparam("from_"), due_at=bindparam("due"))
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
_CLOSE = (
    update(_enrollments)
    .where(_enrollments.c.id == bindparam("of"), _enrollments.c.closed_at == 0)
    .values(closed_at=bindparam("at"), reason=bindparam("why"), due_at=NEVER)
)
_REACH_GOAL = (
    update(_enrollments)
    .where(_enrollments.c.id == bindparam("of"), _enrollments.c.goal_at == 0)
    .values(goal_at=bindparam("at"))
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


def lines_entered(tx: Tx, campaign_id: int, contact_ids: Collection[int]) -> dict[int, set[int]]:
    """The lines that each contact ever entered this campaign for."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = tx.execute(_LINES_ENTERED, {"campaign": campaign_id, "contacts": list(contact_ids)})
    for contact, line in rows:
        found[contact].add(line)
    return found


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
            "entered_at": it.entered_at,
            "event": _event_text(it.event),
            "step_no": it.step_no,
            "since": it.since,
            "due_at": it.due_at,
            "goal_at": 0,
            "closed_at": 0,
            "reason": "",
        }
        for it in entries
    ]
    return set(tx.execute(_enrolling(tx.dialect.name), rows).scalars())


@cache
def _enrolling(dialect: str) -> Executable:
    made: Executable = insert(dialect, _enrollments).on_conflict_do_nothing().returning(_enrollments.c.id)
    return made


def move(tx: Tx, moves: Sequence[Move]) -> None:
    """Write where open enrollments stand now, in one statement for all."""
    if moves:
        tx.execute(
            _MOVE,
            [{"of": it.id, "to": it.step_no, "from_": it.since, "due": it.due_at} for it in moves],
        )


def wake(tx: Tx, ids: Collection[int], now: Moment) -> None:
    """Have these open enrollments decided again now, except those whose message is under way."""
    if ids:
        tx.execute(_WAKE, {"ids": ids, "now": now})


def close(tx: Tx, closings: Sequence[Closing]) -> None:
    """End these enrollments; those that have ended already keep their first reason."""
    if closings:
        tx.execute(
            _CLOSE,
            [{"of": it.id, "at": it.at, "why": it.reason} for it in closings],
        )


def reach_goal(tx: Tx, reached: Iterable[tuple[int, Moment]]) -> None:
    """Note when each enrollment reached its goal; the first time counts."""
    rows = [{"of": id_, "at": at} for id_, at in reached]
    if rows:
        tx.execute(_REACH_GOAL, rows)


def _event_text(event: Event | None) -> str:
    if event is None:
        return "{}"
    return json.dumps(
        {"name": event.name, "at": event.at, "properties": dict(event.properties)}, ensure_ascii=False
    )


def _enrollment(row: Sequence[Any]) -> Enrollment:
    id_, campaign, contact, line, key, entered_at, event, step_no, since, due_at, goal_at, closed_at = row
    return Enrollment(
        id=id_,
        campaign_id=campaign,
        contact_id=contact,
        line_id=line,
        entry_key=key,
        entered_at=entered_at,
        event=None if event == "{}" else Event(**json.loads(event)),
        step_no=step_no,
        since=since,
        due_at=due_at,
        goal_at=goal_at,
        closed_at=closed_at,
    )
