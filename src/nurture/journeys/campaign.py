"""A campaign as it runs: the meaning of one campaign file, with every name resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from nurture.audience.expressions import Expression
from nurture.clock import DAY, Span
from nurture.journeys.program import Program

STALE_AFTER: Span = 7 * DAY
"""A message this late is skipped rather than sent, unless its step says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterOnStage:
    """Contacts enter on coming into one of the stages; with `existing`, those in it already too."""

    existing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterOnEvent:
    """Contacts enter each time the event arrives."""

    event: str


Enter: TypeAlias = EnterOnStage | EnterOnEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What a goal or an exit waits for: an event by name, or an expression that comes to hold."""

    event: str = ""
    expression: Expression | None = None
    within: Span | None = None
    """For a goal: counted from entering. None: as long as the contact is in the campaign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign file."""

    key: str
    """The file's name without its ending; what the campaign is known by."""
    name: str
    topic: str
    program: Program
    enter: Enter = EnterOnStage()
    stages: tuple[str, ...] = ()
    """Patterns such as `prospect` or `customer/repeat`; empty: everybody."""
    when: Expression | None = None
    goal: Trigger | None = None
    exits: tuple[Trigger, ...] = ()
    offer: str = ""
    lines: tuple[str, ...] | Literal["each"] | None = None
    line_stages: tuple[str, ...] = ("prospect",)
    on_goal: Literal["exit", "finish"] = "exit"
    """What happens to those who reach the goal."""
    on_leaving: Literal["exit", "finish"] = "exit"
    """What happens to those who do not fit `stages` and `when` any more."""
    stale_after: Span = STALE_AFTER
    """For steps that say nothing else."""
    priority: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What one apply put into force: the whole set of campaigns, with the files it was read from."""

    no: int
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
