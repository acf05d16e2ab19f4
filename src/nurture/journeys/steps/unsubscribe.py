"""`unsubscribe: newsletter`, or `all`: what the contact could have done themselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nurture.journeys.decisions import Act, Decision
from nurture.journeys.effects import Unsubscribe
from nurture.journeys.sending_values import ALL, TopicOrAll
from nurture.journeys.steps.base import Situation, StepKind
from nurture.journeys.values import Listed, OneOrMany


class UnsubscribeStep(StepKind):
    """Takes back the consent to one topic, several, or all."""

    topics: Annotated[tuple[TopicOrAll, ...], Listed, OneOrMany] = Field(
        alias="unsubscribe", examples=["all"]
    )

    def decide(self, situation: Situation) -> Decision:
        return Act(effect=Unsubscribe(topics=() if ALL in self.topics else self.topics))

    def describe(self) -> str:
        return f"unsubscribe from {', '.join(self.topics)}"
