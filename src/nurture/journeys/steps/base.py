"""What every kind of step is: a shape in the file, a decision, a sentence."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field, InstanceOf

from nurture.audience.expressions import Expression
from nurture.audience.facts import Facts
from nurture.clock import Moment
from nurture.journeys.decisions import Decision
from nurture.journeys.shape import Shape
from nurture.journeys.terms import Terms
from nurture.journeys.values import Condition, Listed, StepId
from nurture.journeys.variants import Contest

# A campaign is made of steps and a step looks at its campaign: the types refer to each other, the modules
# do not.
if TYPE_CHECKING:
    from nurture.journeys.campaign import Campaign
    from nurture.journeys.program import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One contact at one step."""

    campaign: Campaign
    node: Node
    facts: Facts
    now: Moment
    since: Moment
    """When the step before was done (a message: its handover or skip); for the first, the entering."""
    zone: ZoneInfo
    """In which local times are read: the contact's, or the workspace's where the campaign says so."""
    winner: str = ""
    """The variant of this step that has won; empty where none has, or it is not asked."""
    winner_at: Moment = 0
    """When the test was over that it won."""
    ask_again: Moment = 0
    """Where a test is not over at its time: when it will be."""

    def lot_of(self, what: str) -> tuple[str, str, str, int]:
        """What a chance of this step hangs on: the same for a contact at every entry."""
        return (self.campaign.key, self.node.id, what, self.facts.contact.id)


class StepKind(Shape, ABC):
    """One step as the file says it.

    A kind is a child of this in a file of its own, and a line in `kinds.py`.
    """

    id: StepId = ""
    when: Condition | None = Field(default=None, examples=["orders.count == 0"])
    """Skip the step where it does not hold."""

    nested: ClassVar[tuple[str, ...]] = ()
    """The keys that hold steps of their own."""

    @abstractmethod
    def decide(self, situation: Situation) -> Decision:
        """What is to be done now. `when` was looked at before."""

    @abstractmethod
    def describe(self) -> str:
        """The step in words, for people: `wait 3 days`."""

    @property
    def name(self) -> str:
        """What the marketer called it, or the name of its template; else empty."""
        return self.id

    def branches(self) -> Mapping[str, Steps]:
        """The steps inside this one, by the key they stand under."""
        return {}

    def expressions(self) -> Mapping[str, Expression]:
        """The expressions of this step by the key they stand under; those of the steps inside are theirs."""
        return {} if self.when is None else {"when": self.when}

    @property
    def templates(self) -> tuple[str, ...]:
        """The messages that it may send."""
        return ()

    @property
    def contest(self) -> Contest | None:
        """What it asks about the messages that it may send; None: nothing."""
        return None

    def terms(self, campaign: Terms) -> Terms:
        """On what terms its message goes: what it says itself, else its campaign."""
        return campaign

    @property
    def ends(self) -> bool:
        """Whether nobody comes out of this step at its end."""
        return False


Steps = Annotated[tuple[InstanceOf[StepKind], ...], Listed]
"""Steps read already, from the inside to the outside."""
