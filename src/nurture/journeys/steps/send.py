"""`send: TEMPLATE`: plan a message."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from nurture.journeys.decisions import Decision, Send
from nurture.journeys.steps.base import Situation, StepKind
from nurture.journeys.values import Length, OfferName, TemplateName


class SendStep(StepKind):
    """What it does not say itself, the campaign says."""

    template: TemplateName = Field(alias="send")
    offer: OfferName = ""
    stale_after: Length | None = None

    later: ClassVar[frozenset[str]] = frozenset(
        {
            "from", "reply_to", "subject", "preview", "window", "variants", "winner", "test", "decide_after",
            "urgent", "on_cap",
        }
    )  # fmt: skip

    @property
    def name(self) -> str:
        return self.id or self.template

    def decide(self, situation: Situation) -> Decision:
        campaign = situation.campaign
        return Send(
            template=self.template,
            offer=self.offer or campaign.offer,
            stale_after=self.stale_after or campaign.stale_after,
        )

    def describe(self) -> str:
        return f"send {self.template}" + (f" with the offer {self.offer}" if self.offer else "")
