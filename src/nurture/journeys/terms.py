"""On what terms a message goes: what its step says, else its campaign, else the workspace."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.clock import DAY, Span
from nurture.journeys.calendar import Window
from nurture.journeys.caps import OnCap

STALE_AFTER: Span = 7 * DAY
"""A message this late is skipped rather than sent, unless its step says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a campaign file may say about a message, besides the words in it."""

    offer: str = ""
    window: Window | None = None
    """None: the workspace's."""
    stale_after: Span = STALE_AFTER
    urgent: bool = False
    """Outside of cap and window, and not counted by the cap."""
    on_cap: OnCap = "wait"
    sender: str = ""
    """The From of this message; empty: the workspace's."""
    reply_to: str = ""
    subject: str = ""
    """In place of the template's own."""
    preview: str = ""
