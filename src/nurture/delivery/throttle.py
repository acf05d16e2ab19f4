"""When the next message may go: to a destination, through a relay, from a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from nurture.clock import DAY, MINUTE, NEVER, Moment, Span
from nurture.delivery.measures import SOUND, Health, Measure, Pause, Slow, Stop, merged
from nurture.delivery.pacing import NO_LIMIT, Pace, share_of, slower
from nurture.delivery.replies import MAX_REPLY
from nurture.delivery.shaping import Shaping, is_destination
from nurture.delivery.warm_up import Draw, block_of, day_of
from nurture.settings.destinations import Rate

LEAST_HALVED = 60
"""Where there was no limit, half is taken of what went a minute, and of so many at least."""


class Throttle:
    """Keeps every limit that has a key (see `delivery/lanes.py`): rates, pauses, stops, the quotas of warming up.

    Never lets more through than a limit, in any stretch of its time: not after a restart, since each limit begins
    one spacing after `now`, the start of this life; not with several senders, since each keeps to its share. A
    share that is none (the twelfth sender of ten messages a minute) makes `when` NEVER: others send them.
    """

    def __init__(self, shaping: Shaping, now: Moment) -> None:
        self._shaping = shaping
        self._started_at = now
        self._rank, self._of = 0, 1
        self._most = 1
        """Senders at any time of this life."""
        self._paces: dict[str, Pace] = {}
        self._healths: dict[str, Health] = {}
        self._low: set[str] = set()

    def when(self, key: str, now: Moment) -> Moment:
        """When the next message may go; `now` where at once, NEVER where time alone changes nothing."""
        pace = self._paces.get(key)
        if pace is None:
            pace = self._begin(key, now)
        if pace.free:
            return now
        if now >= pace.renew_at:
            self._renew(key, pace, now)
        return pace.first(now)

    def took(self, key: str, now: Moment) -> None:
        """One went, or is about to."""
        pace = self._paces.get(key)
        if pace is None:
            pace = self._begin(key, now)
        if now >= pace.turns_at:
            pace.watch(now)
        pace.count += 1
        if pace.free:
            return
        pace.go(now)
        if pace.runs_low():
            self._low.add(key)

    def answered(self, key: str, took_at: Moment, now: Moment) -> None:
        """What was taken at `took_at` was answered `now`. Whenever a server counted it in between, what may go is
        enough later."""
        pace = self._paces.get(key)
        if pace is not None:
            pace.answered(took_at, now)

    def room(self, key: str, now: Moment, span: Span) -> int:
        """How many may go until `now + span`; NO_LIMIT where there is none."""
        pace = self._up_to_date(key, now)
        return NO_LIMIT if pace.free else pace.room(now, now + span)

    def connections(self, key: str) -> int:
        """How many connections at once: this sender's share, and one at least."""
        return max(1, share_of(self._shaping.shape(key).connections, self._rank, self._of))

    def per_connection(self, key: str) -> int:
        """How many messages on one connection; 0: any number."""
        return self._shaping.shape(key).per_connection

    def apply(self, key: str, measure: Measure, now: Moment, reply: str) -> Health:
        """Take a measure because of `reply`; returns what holds mail back then, to be kept in the database."""
        pace = self._up_to_date(key, now)
        health = replace(self.health(key), at=now, reply=reply[:MAX_REPLY])
        match measure:
            case Stop():
                health = replace(health, stopped=measure.reason)
            case Pause():
                health = replace(health, paused_until=max(health.paused_until, now + measure.span))
            case Slow():
                until = max(health.slow_until, now + measure.span)
                rate = self._slowed(pace, measure, health, now)
                health = replace(health, slow_until=until, slow_per_minute=rate)
            case _:
                assert_never(measure)
        self._healths[key] = health
        self._renew(key, pace, now)
        return health

    def _slowed(self, pace: Pace, measure: Slow, health: Health, now: Moment) -> int:
        """Messages a minute, from all senders together."""
        present = health.slow_per_minute if now < health.slow_until else 0
        if measure.per_minute is not None:
            return min(measure.per_minute, present or measure.per_minute)
        # What was in flight on other connections answers for the same speed: that is no reason to halve again.
        if present and now < pace.halved_at + MINUTE:
            return present
        pace.halved_at = now
        if not present:
            rate = pace.shape.rate
            watched = max(LEAST_HALVED, pace.per_minute(now) * self._of)
            present = rate.count * MINUTE // rate.span if rate else watched
        return max(1, present // 2)

    def learn(self, healths: Mapping[str, Health]) -> None:
        """Take up what the database knows: of other senders, of an earlier life, and what a person resumed."""
        for key, known in healths.items():
            own = self.health(key)
            health = merged(own, known)
            if health != own:
                self._healths[key] = health
                self._look_again(key)

    def health(self, key: str) -> Health:
        """What holds mail back, as far as it is known here."""
        return self._healths.get(key, SOUND)

    def set_share(self, rank: int, of: int) -> None:
        """This is the sender number `rank`, from 0, of `of` that are alive: it keeps to its share of every limit.

        All senders must hear of a change; until they have, their shares may overlap.
        """
        if (rank, of) == (self._rank, self._of):
            return
        self._rank, self._of = rank, of
        self._most = max(self._most, of)
        for key in self._paces:
            self._look_again(key)

    def wants(self, now: Moment) -> dict[str, Draw]:
        """What is to be drawn from the day's quotas, because little is left of what was drawn before."""
        wanted = {}
        for key in list(self._low):
            pace = self._up_to_date(key, now)
            if not pace.runs_low():
                self._low.discard(key)
            elif now >= pace.used_up_until:
                wanted[key] = Draw(wanted=block_of(pace.quota) - max(0, pace.left), quota=pace.quota)
        return wanted

    def grant(self, granted: Mapping[str, int], now: Moment) -> None:
        """So many were drawn for the day of `now`; of none, no more are asked for until the next day."""
        for key, count in granted.items():
            pace = self._up_to_date(key, now)
            if not pace.quota or pace.day != day_of(now):
                continue
            pace.left += count
            if count <= 0:
                pace.used_up_until = (pace.day + 1) * DAY

    def unused(self, now: Moment) -> dict[str, int]:
        """What was drawn for this day and not sent: for others, when this sender ends."""
        today = day_of(now)
        return {
            key: pace.left
            for key, pace in self._paces.items()
            if pace.quota and pace.day == today and pace.left > 0
        }

    def _up_to_date(self, key: str, now: Moment) -> Pace:
        pace = self._paces.get(key) or self._begin(key, now)
        if now >= pace.renew_at:
            self._renew(key, pace, now)
        return pace

    def _begin(self, key: str, now: Moment) -> Pace:
        pace = self._paces[key] = Pace(shape=self._shaping.shape(key), of=self._most)
        self._renew(key, pace, now)
        if self._most == 1:
            pace.due_at = 0
            pace.delay(self._started_at)
        return pace

    def _look_again(self, key: str) -> None:
        pace = self._paces.get(key)
        if pace is not None:
            pace.free = False
            pace.renew_at = 0

    def _renew(self, key: str, pace: Pace, now: Moment) -> None:
        """Work out what holds back now, and until when."""
        health = self.health(key)
        slow = Rate(count=health.slow_per_minute, span=MINUTE) if now < health.slow_until else None
        pace.not_before = NEVER if health.stopped else health.paused_until if now < health.paused_until else 0
        spacing = pace.spacing
        pace.set_rate(slower(pace.shape.rate, slow), self._rank, self._of)
        if (pace.rank, pace.of) != (self._rank, self._of):
            # The last messages of all senders came from other shares than the next: wait until they cannot add up.
            pace.delay(now, -(-(pace.of + self._of) // self._of))
            pace.rank, pace.of = self._rank, self._of
        elif pace.spacing > spacing:
            pace.delay(now)
        self._begin_day(key, pace, now)
        ends = (health.paused_until, health.slow_until, (pace.day + 1) * DAY if pace.quota else 0)
        pace.renew_at = min((it for it in ends if it > now), default=NEVER)
        pace.free = not (pace.spacing or pace.not_before or pace.quota) and pace.renew_at == NEVER

    def _begin_day(self, key: str, pace: Pace, now: Moment) -> None:
        ramp, day = self._shaping.ramp, day_of(now)
        if ramp is None or day == pace.day or not is_destination(key) or key.startswith("?"):
            return
        pace.day, pace.used_up_until = day, 0
        pace.quota = ramp.quota(day) or 0
        pace.left = 0 if pace.quota else NO_LIMIT
        if pace.quota:
            self._low.add(key)
