"""A sequence laid out flat: each step with its id and where to go from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nurture.journeys.steps.base import StepKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step in its place."""

    id: str
    """What the marketer called it, else derived: see `lay_out`."""
    step: StepKind
    next: str
    """The id of the step behind it; empty at the end."""
    branches: Mapping[str, str] = field(default_factory=dict)
    """`then` and `else` to the id of their first step; empty at the end."""
