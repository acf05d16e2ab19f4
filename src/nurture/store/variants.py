"""What the variants of a step did: sent, and how many of them did what their campaign hopes for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, select

from nurture.clock import DAY, Moment, Span
from nurture.journeys.variants import Measure, VariantResult
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import EnrollmentRow, MessageRow, OutboxRow, SignRow
from nurture.store.winners import Place

_enrollments = table(EnrollmentRow)
_messages = table(MessageRow)
_outbox = table(OutboxRow)
_signs = table(SignRow)

EVER: Span = 100 * 365 * DAY
"""For `within`: a success counts whenever it comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which messages of a step to count, and what of them."""

    place: Place
    templates: Sequence[str]
    by: Measure
    since: Moment
    """Only messages planned from then on."""
    chance: Span
    """A message counts when it has had so long for a success."""
    within: Span = EVER
    """A success counts that comes within so long."""
    from_entering: bool = False
    """Whether `chance` and `within` run from entering the campaign; else from the handover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What the variants did, in the order in which they were asked for."""

    variants: tuple[VariantResult, ...]
    first_sent: Moment | None
    """When the first message of them was handed over, whether or not it counts yet; None: none was."""

    @property
    def counted(self) -> int:
        """Messages that have had their chance."""
        return sum(it.sent for it in self.variants)


def results(tx: Tx, asked: Asked, now: Moment) -> Results:
    """Sent messages of the step by template, and their successes, in one statement."""
    given = {
        "campaign": asked.place.campaign_id,
        "step": asked.place.step_no,
        "round": asked.place.round,
        "since": asked.since,
        "until": now - asked.chance,
        "within": asked.within,
    }
    statement = _counting(asked.by, asked.from_entering, bool(asked.place.round))
    found = {
        template: (VariantResult(template=template, sent=int(sent), successes=int(successes)), first)
        for template, sent, successes, first in tx.execute(statement, given)
        if template in asked.templates
    }
    return Results(
        variants=tuple(found[it][0] if it in found else VariantResult(template=it) for it in asked.templates),
        first_sent=min((first for _, first in found.values()), default=None),
    )


@cache
def _counting(by: Measure, from_entering: bool, one_round: bool) -> Select[Any]:
    base = _enrollments.c.entered_at if from_entering else _messages.c.done_at
    done = _signs.c.at if by == "clicks" else _enrollments.c.goal_at
    counts = base <= bindparam("until")
    succeeded = and_(counts, done >= _messages.c.done_at, done <= base + bindparam("within"))
    joined = _messages.join(_enrollments, _enrollments.c.id == _messages.c.enrollment_id)
    if by == "clicks":
        joined = joined.outerjoin(
            _signs,
            and_(
                _signs.c.enrollment_id == _messages.c.enrollment_id,
                _signs.c.step_no == _messages.c.step_no,
                _signs.c.kind == "click",
            ),
        )
    wanted: list[ColumnElement[bool]] = [
        _messages.c.campaign_id == bindparam("campaign"),
        _messages.c.done_at >= bindparam("since"),
        _messages.c.planned_at >= bindparam("since"),
        _messages.c.step_no == bindparam("step"),
        _messages.c.outcome == "sent",
    ]
    if one_round:
        wanted.append(_enrollments.c.entry_key == bindparam("round"))
    return (
        select(
            _messages.c.template,
            func.sum(case((counts, 1), else_=0)),
            func.sum(case((succeeded, 1), else_=0)),
            func.min(_messages.c.done_at),
        )
        .select_from(joined)
        .where(*wanted)
        .group_by(_messages.c.template)
    )


def first_open(tx: Tx, place: Place) -> Moment | None:
    """When the first message of the step that is under way is due; None: none is."""
    # An open message has no time yet: so the index by campaign and time finds them alone.
    under_way = (
        select(func.min(_outbox.c.due_at))
        .join(
            _messages,
            and_(
                _messages.c.enrollment_id == _outbox.c.enrollment_id, _messages.c.step_no == _outbox.c.step_no
            ),
        )
        .join(_enrollments, _enrollments.c.id == _messages.c.enrollment_id)
        .where(
            _messages.c.campaign_id == place.campaign_id,
            _messages.c.done_at == 0,
            _messages.c.step_no == place.step_no,
        )
    )
    if place.round:
        under_way = under_way.where(_enrollments.c.entry_key == place.round)
    due: int | None = tx.execute(under_way).scalar()
    return due
