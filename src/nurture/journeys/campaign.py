"""A campaign as it runs: the meaning of one campaign file, with every name resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from nurture.audience.expressions import Expression
from nurture.clock import Span
from nurture.journeys.enter import Enter, EnterOnStage, Reentry
from nurture.journeys.program import Program
from nurture.journeys.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What a goal or an exit waits for: an event by name, or an expression that comes to hold."""

    event: str = ""
    expression: Expression | None = None
    within: Span | None = None
    """For a goal: counted from entering. None: whenever it comes, also after the contact has left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign file."""

    key: str
    """The file's name without its ending; what the campaign is known by."""
    name: str
    topic: str
    program: Program
    enter: Enter = EnterOnStage()
    reentry: Reentry = Reentry(kind="never")
    stages: tuple[str, ...] = ()
    """Patterns such as `prospect` or `customer/repeat`; empty: everybody."""
    when: Expression | None = None
    goal: Trigger | None = None
    exits: tuple[Trigger, ...] = ()
    lines: tuple[str, ...] | Literal["each"] | None = None
    line_stages: tuple[str, ...] = ("prospect",)
    on_goal: Literal["exit", "finish"] = "exit"
    """What happens to those who reach the goal."""
    on_leaving: Literal["exit", "finish"] = "exit"
    """What happens to those who do not fit `stages` and `when` any more."""
    holdout: float = 0.0
    """The share (0 … 1) of those who enter that gets nothing, to show what would have happened anyway."""
    terms: Terms = Terms()
    """For messages that say nothing else."""
    in_workspace_time: bool = False
    """Whether its times are the workspace's, not each contact's own."""
    priority: int = 5
    """9 goes before 1 where the cap lets only one through."""
    on_edit: Literal["follow", "pin"] = "follow"
    """Whether those under way follow a new version or finish the one they entered with."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """Where those go who stand at a step that is gone: its id to the id of one that is there."""

    is_direct: bool = False
    """Whether it stands for messages outside of all campaigns, which need no consent: see runner/direct.py."""

    @property
    def offer(self) -> str:
        """The offer of its messages that name no other."""
        return self.terms.offer
