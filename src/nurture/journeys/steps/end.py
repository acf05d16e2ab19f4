"""`end: REASON`: leave the campaign."""

from __future__ import annotations

from pydantic import Field

from nurture.journeys.decisions import Decision, Exit
from nurture.journeys.steps.base import Situation, StepKind
from nurture.journeys.values import Text


class EndStep(StepKind):
    """The reason is kept with the enrollment, in the marketer's words."""

    reason: Text = Field(alias="end", examples=["no answer"])

    def decide(self, situation: Situation) -> Decision:
        return Exit(reason=self.reason)

    def describe(self) -> str:
        return f"end: {self.reason}"

    @property
    def ends(self) -> bool:
        return self.when is None
