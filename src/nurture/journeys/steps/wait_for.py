"""`wait for: EXPRESSION` with `up to: 5 days`: stay until it holds, or until the time is over."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from nurture.audience.expressions import Expression
from nurture.audience.spans import say_span
from nurture.journeys.decisions import Decision, GoTo, WaitUntil
from nurture.journeys.steps.base import Situation, StepKind
from nurture.journeys.values import Condition, Length


class WaitForStep(StepKind):
    """Done when the expression holds, at the latest when the time is over."""

    condition: Condition = Field(alias="wait_for", examples=['clicked("welcome")'])
    up_to: Length = Field(examples=["3 days"])

    def decide(self, situation: Situation) -> Decision:
        deadline = situation.since + self.up_to
        if self.condition.holds(situation.facts, situation.now):
            return GoTo(step=situation.node.next, at=min(situation.now, deadline))
        if situation.now >= deadline:
            return GoTo(step=situation.node.next, at=deadline)
        flip = self.condition.next_flip(situation.facts, situation.now)
        return WaitUntil(at=min(deadline, flip))

    def describe(self) -> str:
        return f"wait for {self.condition.text}, up to {say_span(self.up_to)}"

    def expressions(self) -> Mapping[str, Expression]:
        return {**super().expressions(), "wait_for": self.condition}
