"""`if: … then: … else: …`: two ways that join again behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from nurture.audience.expressions import Expression
from nurture.journeys.decisions import Decision, GoTo
from nurture.journeys.steps.base import Situation, StepKind, Steps
from nurture.journeys.values import Condition


class BranchStep(StepKind):
    """Takes no time: what follows counts from the step before."""

    condition: Condition = Field(alias="if", examples=['clicked("welcome")'])
    then: Steps
    otherwise: Steps = Field(default=(), alias="else")

    nested: ClassVar[tuple[str, ...]] = ("then", "else")

    def decide(self, situation: Situation) -> Decision:
        way = "then" if self.condition.holds(situation.facts, situation.now) else "else"
        return GoTo(step=situation.node.branches[way], at=situation.since)

    def describe(self) -> str:
        return f"if {self.condition.text}"

    def branches(self) -> Mapping[str, Steps]:
        return {"then": self.then, "else": self.otherwise}

    def expressions(self) -> Mapping[str, Expression]:
        return {**super().expressions(), "if": self.condition}

    @property
    def ends(self) -> bool:
        return self.when is None and all_end(self.then, self.otherwise)


def all_end(*ways: Steps) -> bool:
    """Whether nobody comes out of any of these ways."""
    return all(any(step.ends for step in way) for way in ways)
