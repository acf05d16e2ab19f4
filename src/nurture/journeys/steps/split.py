"""`split: 50%` with `then: … else: …`: two ways by chance, which stays the same for each contact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from nurture.journeys.chance import falls_within
from nurture.journeys.decisions import Decision, GoTo
from nurture.journeys.sending_values import Share
from nurture.journeys.steps.base import Situation, StepKind, Steps
from nurture.journeys.steps.branch import all_end


class SplitStep(StepKind):
    """Takes no time: what follows counts from the step before."""

    share: Share = Field(alias="split", examples=["50%"])
    then: Steps
    otherwise: Steps = Field(default=(), alias="else")

    nested: ClassVar[tuple[str, ...]] = ("then", "else")

    def decide(self, situation: Situation) -> Decision:
        way = "then" if falls_within(self.share, *situation.lot_of("split")) else "else"
        return GoTo(step=situation.node.branches[way], at=situation.since)

    def describe(self) -> str:
        return f"split {self.share * 100:.4g}%"

    def branches(self) -> Mapping[str, Steps]:
        return {"then": self.then, "else": self.otherwise}

    @property
    def ends(self) -> bool:
        return self.when is None and all_end(self.then, self.otherwise)
