"""The pace of one destination: messages evenly spaced, so that no stretch of time ever holds more than its limit.

The generic cell rate algorithm (ITU-T I.371). The next message is expected at `due_at` and may come up to
`tolerance` before that, which makes up for moments at which nobody looked. With spacing > (span + tolerance) / count,
any stretch of `span` holds at most `count` messages, whatever went before.

A server counts a message when it comes, somewhere between the moment when it was taken here and the answer. Where the
first of a stretch came late and the last did not, the server saw a shorter stretch; so what messages took lately,
`late`, is added to the span: spacing > (span + tolerance + late) / count.
"""

from __future__ import annotations

from dataclasses import dataclass

from nurture.clock import MINUTE, NEVER, SECOND, Moment, Span
from nurture.delivery.shaping import Shape
from nurture.delivery.warm_up import block_of
from nurture.settings.destinations import Rate

NO_LIMIT = 1_000_000_000
"""So many may go where there is no limit."""

_TOLERANCE: Span = 300_000
"""At most; and a two-hundredth of the rate's span. So much slower than it might is the pace, and as much again for
what messages take."""

_MOST_LATE = 10
"""This part of the rate's span: beyond it the pace would be slowed more than it is worth."""

_LEAST_WATCHED: Span = 10 * SECOND
"""What was sent in less says little about how many that makes in a minute."""


def share_of(count: int, rank: int, of: int) -> int:
    """The share of the sender number `rank` (from 0) of `of`; all shares together are `count`."""
    return count // of + (rank < count % of)


def slower(one: Rate | None, other: Rate | None) -> Rate | None:
    """The one that lets fewer through; None lets all."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda it: (it.count / it.span, it.count))


@dataclass(slots=True, kw_only=True)
class Pace:
    """Where one destination, relay or campaign stands. Its owner keeps it up to date."""

    shape: Shape
    rank: int = 0
    of: int = 1
    """Which share of the limits it was last set to."""
    free: bool = False
    """Nothing holds anything back, and nothing will by time alone."""
    renew_at: Moment = 0
    """When what holds back is another by time alone."""
    not_before: Moment = 0
    spacing: Span = 0
    """From one message to the next; 0: none."""
    tolerance: Span = 0
    late: Span = 0
    """How long messages took lately, at most: from being taken to the answer."""
    due_at: Moment = 0
    left: int = NO_LIMIT
    """Of what was drawn from the day's quota."""
    quota: int = 0
    """Of this day, for all senders; 0: any number."""
    day: int = -1
    used_up_until: Moment = 0
    """No more can be drawn before."""
    halved_at: Moment = -MINUTE
    count: int = 0
    """Since `turns_at` less a minute."""
    before: int = 0
    """In the minute before that."""
    turns_at: Moment = 0
    _span: Span = 0
    _share: int = 0
    _late_now: Span = 0
    """Since `_late_turns_at` less the span."""
    _late_before: Span = 0
    """In the span before that."""
    _late_turns_at: Moment = 0

    def first(self, now: Moment) -> Moment:
        """When the next message may go; `now` where at once."""
        at = max(now, self.not_before)
        if self.spacing:
            at = max(at, self.due_at - self.tolerance)
        if self.left <= 0:
            at = max(at, self.used_up_until, now + SECOND)
        return at

    def room(self, now: Moment, until: Moment) -> int:
        """How many may go until then, from what was drawn already."""
        start = max(now, self.not_before)
        if start > until:
            return 0
        count = NO_LIMIT
        if self.spacing:
            count = max(0, (until + self.tolerance - max(self.due_at, start)) // self.spacing + 1)
        return min(count, max(0, self.left))

    def go(self, now: Moment) -> None:
        """One went."""
        if self.spacing:
            self.due_at = max(now, self.due_at) + self.spacing
        if self.quota:
            self.left -= 1

    def runs_low(self) -> bool:
        """Whether more of the day's quota should be drawn."""
        return bool(self.quota) and 2 * self.left < block_of(self.quota)

    def set_rate(self, rate: Rate | None, rank: int, of: int) -> None:
        """From now on this sender's share of `rate`. A share of none holds everything back."""
        self.spacing = self.tolerance = 0
        if rate is None:
            return
        share = share_of(rate.count, rank, of)
        if share == 0:
            self.not_before = NEVER
            return
        self.tolerance = min(_TOLERANCE, rate.span // 200)
        self._span, self._share = rate.span, share
        self._set_late(self.late)

    def _set_late(self, late: Span) -> None:
        self.late = min(max(late, self.tolerance), self._span // _MOST_LATE)
        self.spacing = (self._span + self.tolerance + self.late) // self._share + 1

    def answered(self, took_at: Moment, now: Moment) -> None:
        """What was taken at `took_at` was answered: keeps to `count` also what is counted as late as now."""
        if not self.spacing:
            return
        if now >= self._late_turns_at:
            # Of each message for a whole span at least: so long it may be the first of a stretch.
            self._late_before = self._late_now if now < self._late_turns_at + self._span else 0
            self._late_now = 0
            self._late_turns_at = now + self._span
            self._set_late(self._late_before)
        self._late_now = max(self._late_now, now - took_at)
        before = self.late
        if self._late_now > before:
            self._set_late(self._late_now)
            # Those that were taken since then were not far enough from it.
            self.due_at += self.late - before

    def delay(self, since: Moment, spacings: int = 1) -> None:
        """What may have gone before `since` is not known: the next message not before so many spacings later."""
        self.due_at = max(self.due_at, since + self.tolerance + spacings * self.spacing)

    def watch(self, now: Moment) -> None:
        """Begin another minute of counting."""
        self.before = self.count if now < self.turns_at + MINUTE else 0
        self.count = 0
        self.turns_at = now + MINUTE

    def per_minute(self, now: Moment) -> int:
        """As many as went in the last minute, or would at the speed of this one."""
        over = now - self.turns_at
        if over >= 0:
            return self.count if over < MINUTE else 0
        return max(self.before, self.count * MINUTE // max(_LEAST_WATCHED, MINUTE + over))
