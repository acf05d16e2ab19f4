"""Every contact with the first reason that keeps them out of a campaign, in one pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    select,
)

from nurture.audience.expressions import Expression
from nurture.clock import Moment
from nurture.store.engine import Tx
from nurture.store.expressions import Asking, narrowed
from nurture.store.expressions.asking import flag
from nurture.store.keys import by_key
from nurture.store.statements import table
from nurture.store.tables import ConsentStateRow, ContactRow, EnrollmentRow, LineRow, StageRow

AT_ONCE = 10_000
"""Rows read in one go."""

_consents = table(ConsentStateRow)
_contacts = table(ContactRow)
_enrollments = table(EnrollmentRow)
_stages = table(StageRow)

_ONE: ColumnElement[int] = literal_column("1")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnLines:
    """The product lines of a campaign with `lines:`."""

    ids: Collection[int]
    stages: Collection[str]
    """Where on a line somebody has to stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Who may come into a campaign."""

    campaign_id: int
    """0: it was never applied, so nobody was ever in it."""
    topic: str
    """Empty: it needs no consent."""
    stages: Collection[str] | None
    """None: anywhere."""
    lines: OnLines | None
    when: Expression | None
    again: Literal["never", "always", "after"]
    """Whether those who were in it before may come in again."""
    left_before: Moment = 0
    """For `after`: those who left later may not yet."""
    more_than_once: bool = False
    """Whether somebody may be in it twice at a time."""


class Looked(NamedTuple):
    """What the database says of one contact. A million of them are made: a tuple takes a third of the time."""

    id: int
    email: str
    out: str
    """What keeps them out: not-agreed, stage, line, line-stage, when, inside or before; empty: nothing."""
    doubt: int
    """1: only Python can tell whether `when` holds; 0: the database could."""


def look_at_everybody(tx: Tx, door: Door, asking: Asking) -> Iterator[Looked]:
    """Every contact, oldest first, with the first reason in the order of the gate. Reads all of them once."""
    out, doubt = _on_lines(door, door.lines, asking) if door.lines is not None else _plainly(door, asking)
    asked = select(_contacts.c.id, _contacts.c.email, out, flag(doubt)).order_by(_contacts.c.id)
    asked = asked.execution_options(yield_per=AT_ONCE)
    for rows in tx.execute(asked).partitions():
        for id_, email, reason, unsure in rows:
            yield Looked(id_, email, reason, unsure)


def _plainly(door: Door, asking: Asking) -> tuple[ColumnElement[str], ColumnElement[bool]]:
    when = narrowed(door.when, asking)
    found = case(
        *_first(door, asking),
        (not_(when.possible), literal("when")),
        *_entered(door),
        else_=literal(""),
    )
    return found, false() if when.exact else when.doubt


def _on_lines(door: Door, lines: OnLines, asking: Asking) -> tuple[ColumnElement[str], ColumnElement[bool]]:
    """With `lines:` it is enough that one line fits."""
    places, line, here = _places(lines, asking)
    when = narrowed(door.when, _with_line(asking, line))

    def some(*wanted: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists(select(_ONE).select_from(places).where(here, *wanted).correlate_except(places))

    inside = _inside(door)
    found = case(
        *_first(door, asking),
        (some(when.possible, not_(_was_in(door, line))), case((inside, literal("inside")), else_="")),
        (not_(some()), literal("line-stage" if lines.ids else "line")),
        (not_(some(when.possible)), literal("when")),
        (inside, literal("inside")),
        else_=literal("before"),
    )
    return found, false() if when.exact else and_(some(when.doubt), not_(some(when.certain)))


def _places(lines: OnLines, asking: Asking) -> tuple[FromClause, ColumnElement[int], ColumnElement[bool]]:
    """The lines on which the contact stands where they have to: a table, its column of lines, and the condition."""
    if asking.first_stage in lines.stages:
        every = table(LineRow).alias("of_line")
        return (
            every,
            every.c.id,
            and_(every.c.id.in_(list(lines.ids)), _stands(lines.stages, asking, every.c.id)),
        )
    # Who does not stand in the first stage has a row: a few of them, where there are dozens of lines.
    kept = _stages.alias("of_line")
    here = (
        kept.c.contact_id == _contacts.c.id,
        # Not to be looked up by stage, as SQLite otherwise does for each contact: by the contact alone.
        by_key(kept.c.line_id).in_(list(lines.ids)),
        kept.c.stage.concat("").in_(list(lines.stages)),
    )
    return kept, kept.c.line_id, and_(*here)


def _with_line(asking: Asking, line: ColumnElement[int]) -> Asking:
    return Asking(
        dialect=asking.dialect,
        now=asking.now,
        first_stage=asking.first_stage,
        usual_gap_days=asking.usual_gap_days,
        zone=asking.zone,
        lines=asking.lines,
        line=line,
    )


def _first(door: Door, asking: Asking) -> list[tuple[ColumnElement[bool], Any]]:
    """Consent and stage, before anything else is looked at."""
    found: list[tuple[ColumnElement[bool], Any]] = []
    if door.topic:
        agreed = and_(
            _consents.c.contact_id == _contacts.c.id, _consents.c.topic == door.topic, _consents.c.agreed
        )
        found.append((~exists(select(_ONE).where(agreed)), literal("not-agreed")))
    if door.stages is not None:
        found.append((not_(_stands(door.stages, asking, literal_column("0"))), literal("stage")))
    return found


def _stands(stages: Collection[str], asking: Asking, line: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the contact's stage on the line is one of these; line 0 is the business."""
    here = select(_stages.c.stage).where(_stages.c.contact_id == _contacts.c.id, _stages.c.line_id == line)
    stored = here.correlate_except(_stages).scalar_subquery()
    return func.coalesce(stored, asking.first_stage).in_(list(stages))


def _entered(door: Door) -> list[tuple[ColumnElement[bool], Any]]:
    return [
        (_inside(door), literal("inside")),
        (_was_in(door, None), literal("before")),
    ]


def _of_contact(door: Door) -> Any:
    return (
        select(_ONE)
        .where(_enrollments.c.contact_id == _contacts.c.id, _enrollments.c.campaign_id == door.campaign_id)
        .correlate_except(_enrollments)
    )


def _inside(door: Door) -> ColumnElement[bool]:
    """Whether they are in it now."""
    if not door.campaign_id or door.more_than_once:
        return false()
    return exists(_of_contact(door).where(_enrollments.c.closed_at == 0))


def _was_in(door: Door, line: ColumnElement[int] | None) -> ColumnElement[bool]:
    """Whether they were in it, so that they may not come in again (for that line)."""
    if not door.campaign_id or door.again == "always":
        return false()
    entries = _of_contact(door)
    if line is not None:
        entries = entries.where(_enrollments.c.line_id == line)
    if door.again == "after":
        entries = entries.where(_enrollments.c.closed_at > door.left_before)
    return exists(entries)
