"""The breaker: many refusals of our content or of us in a row mean that more of the same does harm."""

from __future__ import annotations

from nurture.clock import HOUR
from nurture.delivery.measures import Pause
from nurture.delivery.outcome import Accepted, Outcome, Refused

TRIPS_AT = 20
"""Refusals in a row."""

PAUSE = Pause(span=HOUR, alert=True)


class Breaker:
    """Counts refusals for policy by destination; whatever is accepted there begins the count anew.

    Mailboxes that are full, gone or put off say nothing about us, and neither count nor reset.
    """

    def __init__(self, trips_at: int = TRIPS_AT) -> None:
        self._trips_at = trips_at
        self._refusals: dict[str, int] = {}

    def note(self, key: str, outcome: Outcome) -> Pause | None:
        """What became of one message to `key`. A measure where that trips the breaker; then it counts anew."""
        match outcome:
            case Accepted():
                self._refusals.pop(key, None)
            case Refused(kind="policy"):
                count = self._refusals.get(key, 0) + 1
                if count >= self._trips_at:
                    self._refusals.pop(key, None)
                    return PAUSE
                self._refusals[key] = count
            case _:
                pass
        return None
