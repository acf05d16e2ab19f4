"""How a subscriber takes what it is told, and when it is let rest: a value that follows from its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nurture.clock import HOUR, SECOND, Moment, Span

PATIENCE = 5
"""Calls that may fail one after the other before the subscriber is let rest."""
SHORTEST_REST: Span = 10 * SECOND
LONGEST_REST: Span = HOUR
TELL_AFTER: Span = HOUR
"""A person is told of a subscriber that has failed for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberHealth:
    """How a subscriber does."""

    failures: int = 0
    """Calls that failed since the last one that did not."""
    failing_since: Moment = 0
    """When the first of them failed; 0: none did."""
    paused_until: Moment = 0
    told_at: Moment = 0
    """When a person was told; 0: not yet."""
    gone_at: Moment = 0
    """When it said that it wants no more; 0: it did not."""
    last_reply: str = ""
    """The last answer that was a failure."""

    def room(self, now: Moment, most: int) -> int:
        """How many entries it may be given now: `most` while it is well, one to see whether it is well again."""
        if self.gone_at or now < self.paused_until:
            return 0
        return 1 if self.failures >= PATIENCE else most


WELL = SubscriberHealth()


def after(
    health: SubscriberHealth, answers: Sequence[str | None], now: Moment, *, gone: bool = False
) -> SubscriberHealth:
    """How it does after `answers`, in the order in which they came: None where it took the entry, else what it said.

    From the fifth failure in a row it rests after each: for as long as it has failed by then, at least 10 seconds and
    at most an hour. With `gone` it said that it wants no more: a person is told, and it gets nothing until one says so.
    """
    for said in answers:
        if said is None:
            health = WELL
        else:
            health = replace(
                health,
                failures=health.failures + 1,
                failing_since=health.failing_since or now,
                last_reply=said,
            )
    if gone:
        last = next((it for it in reversed(answers) if it is not None), health.last_reply)
        return replace(health, gone_at=now, told_at=health.told_at or now, last_reply=last)
    if health.failures < PATIENCE or not answers or answers[-1] is None:
        return health
    failing = now - health.failing_since
    rest = max(SHORTEST_REST, min(failing, LONGEST_REST))
    told = health.told_at or (now if failing >= TELL_AFTER else 0)
    return replace(health, paused_until=now + rest, told_at=told)
