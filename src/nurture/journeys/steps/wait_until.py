"""`wait until: tuesday 10:00`, `2026-11-11 09:00`, a date fact, or so long before or after one."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from nurture.audience.expressions import Expression
from nurture.journeys.calendar import describe_point, expression_of, resolve
from nurture.journeys.decisions import Decision, GoTo, WaitUntil
from nurture.journeys.steps.base import Situation, StepKind
from nurture.journeys.time_values import PointValue


class WaitUntilStep(StepKind):
    """A moment that has passed does not wait, and what is behind it counts as that late; one that is not
    known does not wait either."""

    until: PointValue = Field(alias="wait_until", examples=["tuesday 10:00"])

    def decide(self, situation: Situation) -> Decision:
        at = resolve(self.until, situation.facts, situation.now, situation.since, situation.zone)
        if at is None:
            return GoTo(step=situation.node.next, at=situation.since)
        if situation.now < at:
            return WaitUntil(at=at)
        return GoTo(step=situation.node.next, at=at)

    def describe(self) -> str:
        return f"wait until {describe_point(self.until)}"

    def expressions(self) -> Mapping[str, Expression]:
        asked = expression_of(self.until)
        return {**super().expressions(), **({} if asked is None else {"wait_until": asked})}
