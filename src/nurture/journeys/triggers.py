"""Goals and exits: whether what a campaign waits for has happened.

In a campaign with `lines:`, `ordered` and `refunded` mean on the line of the entry. Their events say which
lines they touched by one property a line, `line_property(name)` = True, since a property is a single value.
"""

from __future__ import annotations

from nurture.audience.facts import Event, Facts
from nurture.clock import Moment
from nurture.journeys.campaign import Trigger

ON_LINES = frozenset({"ordered", "refunded"})
"""Events that belong to product lines."""


def line_property(line: str) -> str:
    """The property of an `ordered` or `refunded` event that is True where it touched `line`."""
    return f"line:{line}"


def reached(trigger: Trigger, happening: Event | None, facts: Facts, now: Moment, entered_at: Moment) -> bool:
    """Whether `trigger` has come about.

    `happening` is what has just happened to the contact, if anything. An event counts from entering on, for
    as long as `within` says; an expression is read at `now`.
    """
    if trigger.expression is not None:
        return _in_time(trigger, now, entered_at) and trigger.expression.holds(facts, now)
    if happening is None or happening.name != trigger.event:
        return False
    return _in_time(trigger, happening.at, entered_at) and _on_line(happening, facts)


def _in_time(trigger: Trigger, at: Moment, entered_at: Moment) -> bool:
    return at >= entered_at and (trigger.within is None or at <= entered_at + trigger.within)


def _on_line(happening: Event, facts: Facts) -> bool:
    if facts.line is None or happening.name not in ON_LINES:
        return True
    return happening.properties.get(line_property(facts.line.name)) is True
