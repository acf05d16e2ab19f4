"""`notify: contact.owner_email`, an address, or `https://…`: hand the contact to a person or a machine."""

from __future__ import annotations

from pydantic import Field

from nurture.journeys.decisions import Act, Decision
from nurture.journeys.effects import Notify
from nurture.journeys.sending_values import NoticeTarget
from nurture.journeys.steps.base import Situation, StepKind
from nurture.journeys.values import Text


class NotifyStep(StepKind):
    """Who, why and what they did, with a note in the marketer's words."""

    to: NoticeTarget = Field(alias="notify", examples=["contact.owner_email"])
    note: Text = ""

    def decide(self, situation: Situation) -> Decision:
        prefix = "contact."
        if self.to.startswith(prefix):
            return Act(effect=Notify(attribute=self.to.removeprefix(prefix), note=self.note))
        return Act(effect=Notify(to=self.to, note=self.note))

    def describe(self) -> str:
        return f"notify {self.to}"
