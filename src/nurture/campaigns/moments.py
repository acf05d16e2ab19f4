"""What a campaign says about time that has passed already, or that cannot be worked out."""

from __future__ import annotations

from collections.abc import Iterator

from nurture.audience.expressions import Expression
from nurture.campaigns.campaign_file import CampaignShape, Draft
from nurture.campaigns.known import Known
from nurture.campaigns.tree import Loc
from nurture.campaigns.wording import Complaint
from nurture.clock import DAY
from nurture.journeys.calendar import Absolute, describe_point
from nurture.journeys.program import walk as walk_steps
from nurture.journeys.steps.wait_until import WaitUntilStep

_SLACK = DAY
"""It is the same moment everywhere on earth within a day."""


def check_moments(draft: Draft, shape: CampaignShape, known: Known) -> None:
    """Warn of moments that have passed, and of conditions that are looked at once a day only."""
    for loc, moment in _moments(draft, shape):
        if known.now is not None and moment.moment(known.zone) < known.now - _SLACK:
            message = f"{describe_point(moment)} has passed"
            hint = "nobody enters then" if loc[0] == "enter" else "nobody waits for it"
            draft.source.complain(Complaint("past", message, hint), loc, "warning")
    for loc, expression in _waited_for(draft, shape):
        if not expression.exact_in_time:
            message = "when time alone makes this true cannot be worked out, so it is looked at once a day"
            hint = "compare one date or number of days with a fixed one, such as orders.days_since_last > 30"
            draft.source.complain(Complaint("once-a-day", message, hint), loc, "warning")


def _moments(draft: Draft, shape: CampaignShape) -> Iterator[tuple[Loc, Absolute]]:
    if isinstance(shape.enter.at, Absolute):
        yield ("enter", "at"), shape.enter.at
    for path, step in walk_steps(draft.steps):
        if isinstance(step, WaitUntilStep) and isinstance(step.until, Absolute):
            yield ("sequence", *path, "wait_until"), step.until


def _waited_for(draft: Draft, shape: CampaignShape) -> Iterator[tuple[Loc, Expression]]:
    """What is waited for; other conditions are read where somebody stands before them."""
    if isinstance(shape.goal, Expression):
        yield ("goal",), shape.goal
    for number, it in enumerate(shape.exit):
        if isinstance(it, Expression):
            yield ("exit", number), it
    for path, step in walk_steps(draft.steps):
        expression = step.expressions().get("wait_for")
        if expression is not None:
            yield ("sequence", *path, "wait_for"), expression
