"""`set: {tag: vip}`: change the contact."""

from __future__ import annotations

from pydantic import Field

from nurture.audience.contact import Scalar
from nurture.journeys.decisions import Act, Decision
from nurture.journeys.sending_values import Change
from nurture.journeys.steps.base import Situation, StepKind


class SetStep(StepKind):
    """Tags put on or taken off, fields and attributes set."""

    change: Change = Field(alias="set", examples=["{tag: vip}"])

    def decide(self, situation: Situation) -> Decision:
        return Act(effect=self.change)

    def describe(self) -> str:
        said = [f"tag {tag}" for tag in self.change.tag] + [f"untag {tag}" for tag in self.change.untag]
        said += [f"set contact.{name} to {_written(value)}" for name, value in self.change.fields.items()]
        return ", ".join(said)


def _written(value: Scalar) -> str:
    """A value as a marketer writes it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.15g}"
        case _:
            return str(value)
