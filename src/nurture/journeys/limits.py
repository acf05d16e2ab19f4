"""What holds for all campaigns of a workspace: [limits] in nurture.toml."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.journeys.calendar import Window
from nurture.journeys.caps import Cap


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps and window that campaigns say nothing about."""

    caps: tuple[Cap, ...] = ()
    """How much mail one contact gets, all campaigns together."""
    window: Window | None = None
    """When messages go out where a campaign says nothing; None: at any time."""
    release: int = 500
    """How many people one apply may let go on at once without being told to."""
