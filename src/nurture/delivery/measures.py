"""What a destination's answer makes of all mail to it: measures, and the health that they leave it in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from nurture.clock import Moment, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """For `span`, at most `per_minute` messages a minute; None: half of what may go there now."""

    span: Span
    per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Nothing for `span`, which is over by itself. `alert`: a person should hear of it."""

    span: Span
    alert: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Nothing until a person says so, who should hear of it."""

    reason: str


Measure: TypeAlias = Slow | Pause | Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What holds mail to one destination back. As it is made: nothing."""

    paused_until: Moment = 0
    slow_until: Moment = 0
    slow_per_minute: int = 0
    """As many may go in a minute until `slow_until`, from all processes together."""
    stopped: str = ""
    """Why nothing goes there until a person says so; empty: it goes."""
    reply: str = ""
    """The answer that led to the last measure."""
    at: Moment = 0
    """When that came."""
    resumed_at: Moment = 0
    """When a person last said to go on; answers from before then count no more."""

    def is_sound(self, now: Moment) -> bool:
        """Whether nothing holds mail back."""
        return not self.stopped and now >= self.paused_until and now >= self.slow_until


SOUND = Health()


def wants_alert(measure: Measure) -> bool:
    """Whether a person should hear of it."""
    return isinstance(measure, Stop) or (isinstance(measure, Pause) and measure.alert)


def merged(one: Health, other: Health) -> Health:
    """What two processes know of one destination, put together: the later end counts.

    Of two rates that end together, the lower one. What came before a person said to go on is left out.
    """
    resumed_at = max(one.resumed_at, other.resumed_at)
    one, other = (it if it.at > resumed_at else SOUND for it in (one, other))
    late = max(one, other, key=lambda it: (it.at, it.reply, it.stopped))
    slow = max(one, other, key=lambda it: (it.slow_until, -it.slow_per_minute))
    return replace(
        late,
        paused_until=max(one.paused_until, other.paused_until),
        slow_until=slow.slow_until,
        slow_per_minute=slow.slow_per_minute,
        stopped=late.stopped or one.stopped or other.stopped,
        resumed_at=resumed_at,
    )
