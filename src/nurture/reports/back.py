"""What came back of the mail that left."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CameBack:
    """Messages, by what came of them."""

    left: int
    """All that were handed over, those that bounced with them."""
    bounced: int
    complained: int
    unsubscribed: int
