"""What an open enrollment waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from nurture.clock import Moment

Kind: TypeAlias = Literal["due", "time", "condition", "winner", "message", "paused", "stuck"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What one open enrollment waits for."""

    kind: Kind
    """due: it is decided at the next tick. time: it goes on at `until`. condition: it goes on when one holds.
    winner: it goes on when the best variant is known. message: its message is under way. paused: somebody has to
    resume the campaign. stuck: nothing will move it, which is a defect of ours."""
    until: Moment | None
    """When it is looked at, or its message tried, at the latest; None: that does not hang on time."""
    says: str
    """In words; where `until` is a moment, to stand behind it."""
    step: str = ""
    """Where they stand; empty: the step is gone."""
    saw: Mapping[str, str] = field(default_factory=dict)
    """The facts that the condition waited for sees now."""
