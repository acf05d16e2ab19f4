"""Reading one fact out of a Facts value: the functions that compiled expressions call.

Nothing that happened after `now` counts where the facts say when it happened. A missing value is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any, Literal

from nurture.audience.contact import Scalar
from nurture.audience.expressions.windows import held
from nurture.audience.facts import Event, Facts, LineFacts, MessageFacts, OrderFacts, Purchase, Sign
from nurture.clock import DAY, Moment, Span

MINOR = 100
"""Minor units in a major one."""

_NOTHING = OrderFacts()


def days_between(at: Moment | None, now: Moment) -> float | None:
    """Elapsed time in days of 24 hours."""
    return None if at is None else float(now - at) / DAY


def line_of(facts: Facts, name: str) -> LineFacts | None:
    """The line called `name`."""
    line = facts.lines.get(name)
    return facts.line if line is None and facts.line is not None and facts.line.name == name else line


def orders_of_entry(facts: Facts) -> OrderFacts:
    """The orders on the line of this entry."""
    return facts.line.orders if facts.line else _NOTHING


def orders_of_line(facts: Facts, name: str) -> OrderFacts:
    """The orders on the line called `name`."""
    line = line_of(facts, name)
    return line.orders if line else _NOTHING


def average(orders: OrderFacts, now: Moment) -> float | None:
    """In major units."""
    return orders.total / MINOR / orders.count if orders.count else None


ORDERS: Mapping[str, Callable[[OrderFacts, Moment], Any]] = {
    "count": lambda orders, now: orders.count,
    "total": lambda orders, now: orders.total / MINOR,
    "average": average,
    "first_at": lambda orders, now: orders.first_at,
    "last_at": lambda orders, now: orders.last_at,
    "days_since_last": lambda orders, now: days_between(orders.last_at, now),
    "usual_gap_days": lambda orders, now: orders.usual_gap_days,
    "skus": lambda orders, now: orders.skus,
    "lines": lambda orders, now: orders.lines,
}


def _usual_gap(bought: Sequence[Purchase]) -> float | None:
    days = sorted({it.day or it.at // DAY for it in bought})
    gaps = [after - before for before, after in pairwise(days)]
    return float(median(gaps)) if len(gaps) >= 2 else None


def recent_orders(name: str, orders: OrderFacts, now: Moment, window: Span) -> Any:
    """The fact `name` of the orders in the window."""
    bought = held(orders.recent, now, window)
    match name:
        case "count":
            return len(bought)
        case "total":
            return sum(it.amount for it in bought) / MINOR
        case "average":
            return sum(it.amount for it in bought) / MINOR / len(bought) if bought else None
        case "first_at":
            return bought[0].at if bought else None
        case "last_at":
            return bought[-1].at if bought else None
        case "days_since_last":
            return days_between(bought[-1].at, now) if bought else None
        case "usual_gap_days":
            gap = _usual_gap(bought)
            return orders.usual_gap_days if gap is None else gap
        case "skus":
            return frozenset(sku for it in bought for sku in it.skus)
        case _:
            return frozenset(line for it in bought for line in it.lines)


def engagement(name: str, facts: Facts, now: Moment) -> Any:
    """The fact `name` of all the engagement."""
    known = facts.engagement
    if name == "days_since_last":
        touched = [at for at in (known.last_open_at, known.last_click_at) if at is not None]
        return days_between(max(touched) if touched else known.first_received_at, now)
    return _ENGAGEMENT[name](facts)


_ENGAGEMENT: Mapping[str, Callable[[Facts], Any]] = {
    "received": lambda facts: facts.engagement.received,
    "opens": lambda facts: facts.engagement.opens,
    "clicks": lambda facts: facts.engagement.clicks,
    "last_open_at": lambda facts: facts.engagement.last_open_at,
    "last_click_at": lambda facts: facts.engagement.last_click_at,
}

SIGNS: Mapping[str, str] = {"received": "received", "opens": "open", "clicks": "click"}
"""The kind of sign that each number counts."""


def recent_engagement(name: str, facts: Facts, now: Moment, window: Span) -> Any:
    """The fact `name` of the engagement in the window."""
    signs: Sequence[Sign] = held(facts.engagement.recent, now, window)
    match name:
        case "received" | "opens" | "clicks":
            kind = SIGNS[name]
            return sum(1 for it in signs if it.kind == kind)
        case "last_open_at":
            return next((it.at for it in reversed(signs) if it.kind == "open"), None)
        case "last_click_at":
            return next((it.at for it in reversed(signs) if it.kind == "click"), None)
        case _:
            last = next((it.at for it in reversed(signs) if it.kind != "received"), None)
            return days_between(signs[0].at if last is None and signs else last, now)


def matches(event: Event, name: str, properties: tuple[tuple[str, Scalar | None], ...]) -> bool:
    """Whether it is the event `name` with all of `properties`, none of them missing."""
    return event.name == name and all(
        value is not None and same(event.properties.get(key), value) for key, value in properties
    )


def did(
    facts: Facts,
    now: Moment,
    name: str,
    within: Span,
    times: int,
    since_entry: bool,
    properties: tuple[tuple[str, Scalar | None], ...],
) -> bool:
    """Whether the event happened `times` times; since the entry means after its moment."""
    after = now - within if within else None
    if since_entry:
        if facts.entry is None:
            return False
        after = facts.entry.entered_at if after is None else max(after, facts.entry.entered_at)
    left = times
    for event in reversed(facts.events):
        if after is not None and event.at <= after:
            return False
        if event.at <= now and matches(event, name, properties):
            left -= 1
            if left == 0:
                return True
    return False


def last_event(facts: Facts, now: Moment, event: str, name: str) -> Any:
    """A property of the last event of that name."""
    found = next((it for it in reversed(facts.events) if it.name == event and it.at <= now), None)
    return _of_event(found, name)


def entry_event(facts: Facts, name: str) -> Any:
    """A property of the event that started this entry."""
    return _of_event(facts.entry.event if facts.entry else None, name)


def _of_event(event: Event | None, name: str) -> Any:
    if event is None:
        return None
    match name:
        case "at":
            return event.at
        case "name":
            return event.name
        case _:
            return event.properties.get(name)


Touch = Literal["received", "opened", "clicked"]


def touch_moments(facts: Facts, kind: Touch, campaign: str, step: str) -> list[Moment]:
    """When messages were received, opened or clicked.

    With `campaign` ever; else in this entry, or ever where there is none. Without `step`: any message.
    """
    entry = facts.entry
    found = []
    for message in facts.messages:
        if campaign:
            meant = message.campaign == campaign
        else:
            meant = entry is None or message.enrollment_id == entry.enrollment_id
        at = _moment_of(message, kind) if meant and step in ("", message.step) else None
        if at is not None:
            found.append(at)
    return found


def _moment_of(message: MessageFacts, kind: Touch) -> Moment | None:
    match kind:
        case "received":
            return message.received_at
        case "opened":
            return message.opened_at
        case "clicked":
            return message.clicked_at


def touched(facts: Facts, now: Moment, kind: Touch, campaign: str, step: str) -> bool:
    """Whether such a message was received, opened or clicked by `now`."""
    return any(at <= now for at in touch_moments(facts, kind, campaign, step))


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; yes is not 1, and two missing values are equal."""
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
