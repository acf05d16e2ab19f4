"""Warming up: a new address begins with few messages a day to each destination, and more from day to day."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.clock import DAY, Moment


def day_of(at: Moment) -> int:
    """The day of `at` in UTC, counted from 1970-01-01."""
    return at // DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """How many messages may go to one destination on each day since `first_day`."""

    first_day: int
    """Counted as `day_of` does."""
    steps: tuple[int, ...]
    """For the first day, the second, and so on; after the last there is no limit."""

    def quota(self, day: int) -> int | None:
        """How many on `day`, of all senders together; None: any number. Before the first day, as on it."""
        step = max(0, day - self.first_day)
        return self.steps[step] if step < len(self.steps) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What a sender wants of a day's quota. Senders take it in blocks, so that they never send more together."""

    wanted: int
    quota: int


def block_of(quota: int) -> int:
    """As much is drawn at once: a twentieth. A sender that is killed takes no more than that with it."""
    return max(1, quota // 20)
