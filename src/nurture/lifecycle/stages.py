"""Stages and the rules that lead to them: the meaning of lifecycle.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from nurture.audience.expressions import Expression
from nurture.clock import Moment, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage, such as `customer/repeat`. Without a rule it is where everyone starts."""

    name: str
    rule: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """The stages in order (the last rule that holds is the stage) and what else lifecycle.yaml says."""

    stages: tuple[Stage, ...]
    segments: Mapping[str, Expression] = field(default_factory=dict)
    per_line: bool = False
    """Whether stages are kept for each product line too."""
    usual_gap_days: float = 30.0
    stay: Span = 0

    @property
    def first(self) -> str:
        """The stage of those for whom no rule holds."""
        return self.stages[0].name

    @property
    def names(self) -> tuple[str, ...]:
        """All stages, in order."""
        return tuple(stage.name for stage in self.stages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A contact came from one stage into another, in the business (`line` is "") or on one line."""

    line: str
    from_stage: str
    to_stage: str
    at: Moment
    """When the rule flipped, not when we looked."""
    rule: str
    """The text of the rule that holds now; empty where the first stage was fallen back to."""
    cause: Mapping[str, str]
    """What brought it about (`order`, `refund`, `event NAME`, `time`) and the facts the rule saw."""


def within(name: str, patterns: Iterable[str]) -> bool:
    """Whether stage `name` is one of `patterns`; `prospect` stands for every `prospect/…`."""
    return _within(name, tuple(patterns))


@lru_cache(maxsize=4096)
def _within(name: str, patterns: tuple[str, ...]) -> bool:
    return any(name == pattern or name.startswith(pattern + "/") for pattern in patterns)
