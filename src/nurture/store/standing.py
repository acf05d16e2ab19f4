"""How many people stand at each step of a campaign now. For pictures and reports, never for a decision."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, bindparam, func, literal_column, select

from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import EnrollmentRow, OutboxRow

_enrollments = table(EnrollmentRow)
_outbox = table(OutboxRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The open entries at one step."""

    people: int
    on_their_way: int
    """Of these, the ones whose message is planned and not done yet."""


# `closed_at` is compared with a literal: only so does the index over open entries answer.
STANDING = (
    select(_enrollments.c.step_no, func.count(), func.count(_outbox.c.enrollment_id))
    .select_from(
        _enrollments.outerjoin(
            _outbox,
            and_(
                _enrollments.c.behind,
                _outbox.c.enrollment_id == _enrollments.c.id,
                _outbox.c.step_no == _enrollments.c.step_no,
            ),
        )
    )
    .where(
        _enrollments.c.campaign_id == bindparam("campaign"),
        _enrollments.c.closed_at == literal_column("0"),
    )
    .group_by(_enrollments.c.step_no)
)


def at_steps(tx: Tx, campaign_id: int) -> dict[int, Here]:
    """Who is in this campaign, by the number of the step that they stand at."""
    rows = tx.execute(STANDING, {"campaign": campaign_id})
    return {int(no): Here(people=int(people), on_their_way=int(away)) for no, people, away in rows}
