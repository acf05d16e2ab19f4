"""What the variants of a campaign's messages did, counted over the whole ledger. For reports, never for a decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import and_, bindparam, case, func, select

from nurture.reports.variants import ContestReport, VariantReport, WinnerReport
from nurture.store import winners
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table
from nurture.store.tables import EnrollmentRow, MessageRow, SignRow

_enrollments = table(EnrollmentRow)
_messages = table(MessageRow)
_signs = table(SignRow)

_COUNTS = (
    select(
        _messages.c.step_no,
        _messages.c.template,
        func.count(),
        func.count(_signs.c.at),
        func.sum(case((_enrollments.c.goal_at >= _messages.c.done_at, 1), else_=0)),
    )
    .join(_enrollments, _enrollments.c.id == _messages.c.enrollment_id)
    .outerjoin(
        _signs,
        and_(
            _signs.c.enrollment_id == _messages.c.enrollment_id,
            _signs.c.step_no == _messages.c.step_no,
            _signs.c.kind == "click",
        ),
    )
    .where(
        _messages.c.campaign_id == bindparam("campaign"),
        one_of(_messages.c.step_no, "steps"),
        _messages.c.outcome == "sent",
    )
    .group_by(_messages.c.step_no, _messages.c.template)
)


def contests(
    tx: Tx, campaign_id: int, steps: Mapping[int, tuple[str, tuple[str, ...]]]
) -> tuple[ContestReport, ...]:
    """What became of each variant; `steps` has the id and the templates of the steps that have some, by number."""
    if not steps:
        return ()
    counted: dict[tuple[int, str], VariantReport] = {}
    for no, template, sent, clicked, goal in tx.execute(
        _COUNTS, {"campaign": campaign_id, "steps": [*steps]}
    ):
        counted[no, template] = VariantReport(
            template=template, sent=sent, clicked=clicked, goal=int(goal or 0)
        )
    won: dict[int, list[WinnerReport]] = defaultdict(list)
    for place, it in winners.of_campaigns(tx, [campaign_id]).items():
        won[place.step_no].append(
            WinnerReport(template=it.template, occasion=place.round, at=it.at, final=it.final, why=it.why)
        )
    return tuple(
        ContestReport(
            step=step,
            variants=tuple(counted.get((no, it), VariantReport(template=it)) for it in templates),
            winners=tuple(it for it in won[no] if it.template in templates),
        )
        for no, (step, templates) in steps.items()
    )
