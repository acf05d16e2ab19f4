"""How contacts come into a campaign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.audience.spans import say_span
from nurture.clock import Span
from nurture.journeys.calendar import Absolute, Anniversary, Around, Recurring, describe_point


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterOnStage:
    """On coming into one of the stages; with `existing`, those in it already too."""

    existing: bool = False

    def describe(self) -> str:
        """In words, for people."""
        also = ", and those who are there already" if self.existing else ""
        return f"on coming into the stage{also}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterOnEvent:
    """Each time the event arrives."""

    event: str

    def describe(self) -> str:
        """In words, for people."""
        return f"each time {self.event} happens"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterTogether:
    """Everyone who fits, once or again and again, when the local time comes (a newsletter)."""

    when: Absolute | Recurring

    def describe(self) -> str:
        """In words, for people."""
        often = "every" if isinstance(self.when, Recurring) else "once, at"
        return f"everyone who fits, {often} {describe_point(self.when)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterOnDate:
    """Each contact on a date of their own: once, or each year."""

    when: Around | Anniversary

    def describe(self) -> str:
        """In words, for people."""
        if isinstance(self.when, Anniversary):
            return f"each contact each year on {self.when.describe()}"
        return f"each contact at {describe_point(self.when)}"


Enter: TypeAlias = EnterOnStage | EnterOnEvent | EnterTogether | EnterOnDate


@dataclass(frozen=True, slots=True, kw_only=True)
class Reentry:
    """Whether those who were in a campaign may come in again."""

    kind: Literal["never", "always", "after", "per"]
    after: Span = 0
    """Since they left."""
    per: str = ""
    """The property of the event: once for each of its values, also at the same time."""

    def describe(self) -> str:
        """In words, for people."""
        match self.kind:
            case "never":
                return "once only"
            case "always":
                return "again and again"
            case "after":
                return f"again, {say_span(self.after)} after leaving"
            case "per":
                return f"once for each {self.per}"
