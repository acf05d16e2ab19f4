"""`wait: 3 days`: stay for a length of time, counted from when the step before was done."""

from __future__ import annotations

from pydantic import Field

from nurture.audience.spans import say_span
from nurture.journeys.decisions import Decision, GoTo, WaitUntil
from nurture.journeys.steps.base import Situation, StepKind
from nurture.journeys.values import Length


class WaitStep(StepKind):
    """Done at the very moment it is over, however late anybody looks."""

    length: Length = Field(alias="wait", examples=["3 days"])

    def decide(self, situation: Situation) -> Decision:
        over = situation.since + self.length
        if situation.now < over:
            return WaitUntil(at=over)
        return GoTo(step=situation.node.next, at=over)

    def describe(self) -> str:
        return f"wait {say_span(self.length)}"
