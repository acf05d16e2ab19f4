"""What campaigns did, counted over the whole ledger. For reports and the dashboard, never for a decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, case, func, select, text

from nurture.engagement.attribution import Way
from nurture.journeys.direct import DIRECT_ID
from nurture.reports.campaigns import CampaignReport, Counts, StepReport
from nurture.store import attribution
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import CampaignRow, CampaignStepRow, EnrollmentRow, MessageRow, SignRow

_campaigns = table(CampaignRow)
_enrollments = table(EnrollmentRow)
_messages = table(MessageRow)
_signs = table(SignRow)
_steps = table(CampaignStepRow)

_FIELDS = {"": "open", "open": "opened", "click": "clicked", "unsubscribe": "unsubscribed"}
"""Outcomes and signs whose field in Counts has another name."""

Place = tuple[int, int]
"""A campaign's id and the number of one of its steps."""


def campaigns(tx: Tx, way: Way | None = None) -> tuple[CampaignReport, ...]:
    """Every campaign that was ever applied, by name, its steps in the order in which they first came.

    Revenue is credited as `way` says; without one it is not looked for. The sum of `sent` over all rows is the number
    of messages that were sent.
    """
    entries = _entries(tx)
    counts = _counts(tx, way)
    names: dict[Place, str] = {
        (campaign, no): step
        for campaign, step, no in tx.execute(select(_steps.c.campaign_id, _steps.c.step_id, _steps.c.no))
    }
    reports = []
    for row in tx.execute(select(_campaigns).order_by(_campaigns.c.name, _campaigns.c.key)):
        places = sorted(place for place in counts if place[0] == row.id)
        if row.id == DIRECT_ID and not places:
            continue
        reports.append(
            CampaignReport(
                key=row.key,
                name=row.name or row.key,
                active=row.active,
                steps=tuple(
                    StepReport(step=names.get(place, str(place[1])), counts=counts[place]) for place in places
                ),
                **entries.get(row.id, {}),
            )
        )
    return tuple(reports)


def _entries(tx: Tx) -> Mapping[int, dict[str, Any]]:
    inside_now = case((_enrollments.c.closed_at == 0, 1), else_=0)
    rows = tx.execute(
        select(
            _enrollments.c.campaign_id,
            inside_now.label("inside_now"),
            _enrollments.c.reason,
            func.count(),
            func.sum(case((_enrollments.c.goal_at > 0, 1), else_=0)),
            _enrollments.c.held_out,
        ).group_by(
            _enrollments.c.campaign_id, text("inside_now"), _enrollments.c.reason, _enrollments.c.held_out
        )
    )
    found: dict[int, dict[str, Any]] = {}
    for campaign, inside, reason, count, goals, held_out in rows:
        entry = found.setdefault(campaign, {"entered": 0, "inside": 0, "goal": 0, "left": {}, "held_out": 0})
        if held_out:
            entry["held_out"] += count
            continue
        entry["entered"] += count
        entry["goal"] += int(goals)
        if inside:
            entry["inside"] += count
        else:
            entry["left"][reason] = entry["left"].get(reason, 0) + count
    return found


def _counts(tx: Tx, way: Way | None) -> dict[Place, Counts]:
    numbers: dict[Place, dict[str, int]] = defaultdict(dict)
    skipped: dict[Place, dict[str, int]] = defaultdict(dict)
    # Grouped by the label: PostgreSQL would take the same expression with its own parameters for another one.
    why_skipped = case((_messages.c.outcome == "skipped", _messages.c.reason), else_="").label("why_skipped")
    rows = tx.execute(
        select(
            _messages.c.campaign_id, _messages.c.step_no, _messages.c.outcome, why_skipped, func.count()
        ).group_by(_messages.c.campaign_id, _messages.c.step_no, _messages.c.outcome, text("why_skipped"))
    )
    for campaign, step, outcome, why, count in rows:
        if outcome == "skipped":
            skipped[campaign, step][why] = count
        else:
            numbers[campaign, step][_FIELDS.get(outcome, outcome)] = count
    signs = tx.execute(
        select(_messages.c.campaign_id, _messages.c.step_no, _signs.c.kind, func.count())
        .join(
            _messages,
            and_(
                _messages.c.enrollment_id == _signs.c.enrollment_id, _messages.c.step_no == _signs.c.step_no
            ),
        )
        .where(_signs.c.kind.in_(["open", "click", "unsubscribe"]))
        .group_by(_messages.c.campaign_id, _messages.c.step_no, _signs.c.kind)
    )
    for campaign, step, kind, count in signs:
        numbers[campaign, step][_FIELDS[kind]] = count
    for place, (revenue, refunded) in (attribution.of_steps(tx, way) if way else {}).items():
        numbers[place] |= {"revenue": revenue, "refunded": refunded}
    return {
        place: Counts(**numbers.get(place, {}), skipped=skipped.get(place, {}))
        for place in {*numbers, *skipped}
    }
