"""Points in time: what `wait until:` and `enter: at:` say, and the moment that is for one contact."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias, assert_never
from zoneinfo import ZoneInfo

from nurture.audience.expressions import Expression
from nurture.audience.expressions.dated import Dated
from nurture.audience.facts import Facts
from nurture.clock import DAY, Moment, Span
from nurture.journeys.calendar.local import EPOCH_DAY, days_later, from_local, say_time
from nurture.journeys.calendar.recurring import Recurring

_EARLIEST: Moment = (date(1000, 1, 1).toordinal() - EPOCH_DAY) * DAY
_LATEST: Moment = (date(9000, 1, 1).toordinal() - EPOCH_DAY) * DAY
"""A fact beyond these is a slip of the pen, and what lies around it could not be reckoned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absolute:
    """A date and a time of day, on the contact's clock."""

    day: int
    """As `date.toordinal` counts."""
    time: Span = 0
    """Since midnight, less than a day."""

    def moment(self, zone: ZoneInfo) -> Moment:
        """When that is in `zone`."""
        return from_local(self.day, self.time, zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """A date that is a fact, or so long before or after it."""

    expression: Expression
    side: Literal["at", "before", "after"] = "at"
    days: int = 0
    """On the calendar: the local time stays the same."""
    span: Span = 0
    """Elapsed time, where `days` is 0."""
    said: str = ""
    """As it is written, for people."""
    read: Dated = field(compare=False, repr=False)

    def moment(self, facts: Facts, now: Moment, zone: ZoneInfo) -> Moment | None:
        """When that is for this contact; None: the fact is missing, or no date that can be reckoned with."""
        at = self.read(facts, now, zone)
        if at is None or not _EARLIEST <= at <= _LATEST:
            return None
        sign = -1 if self.side == "before" else 1
        return days_later(at, sign * self.days, zone) if self.days else at + sign * self.span


PointInTime: TypeAlias = Absolute | Recurring | Around


def resolve(point: PointInTime, facts: Facts, now: Moment, since: Moment, zone: ZoneInfo) -> Moment | None:
    """When the point is for a contact on the clock of `zone`; None: the fact it hangs on is missing.

    One that recurs is the first after `since`. The answer may lie in the past.
    """
    match point:
        case Absolute():
            return point.moment(zone)
        case Recurring():
            return point.next_at_or_after(since + 1, zone)
        case Around():
            return point.moment(facts, now, zone)
        case _:
            assert_never(point)


def expression_of(point: PointInTime) -> Expression | None:
    """The expression that the point hangs on, where there is one."""
    return point.expression if isinstance(point, Around) else None


def describe_point(point: PointInTime) -> str:
    """The point in words, to stand after `until` or `at`."""
    match point:
        case Absolute(day=day, time=time):
            said = date.fromordinal(day).isoformat()
            return f"{said} {say_time(time)}" if time else said
        case Recurring(nth="", days=days, time=time) if len(days) == 7:
            return say_time(time)
        case Recurring():
            return point.describe()
        case Around(said=said):
            return said
        case _:
            assert_never(point)
