"""When the value of an expression could next change by time alone.

Exact where windows lose what is in them, and where values that move along a line meet. A moment may be named
at which nothing changes after all; none is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from nurture.audience.expressions.crossing import Fall, crossing, fall_of
from nurture.audience.expressions.motion import Motion, motion
from nurture.audience.expressions.predicate import compiled_all
from nurture.audience.expressions.readers import matches, orders_of_entry, orders_of_line, touch_moments
from nurture.audience.expressions.tree import (
    Compare,
    Did,
    EngagementFact,
    LastEvent,
    Node,
    OneOf,
    OrderFact,
    Place,
    SegmentUse,
    Touched,
    children,
    walk,
)
from nurture.audience.expressions.windows import next_change, next_fall
from nurture.audience.facts import Facts, OrderFacts
from nurture.clock import DAY, NEVER, Moment

Flip: TypeAlias = Callable[[Facts, Moment], Moment]
"""The earliest moment later than `now` at which something could change; NEVER where nothing can."""


def flip_of(tree: Node) -> Flip:
    """The flip of a whole expression."""
    return _any_of(_flips(tree)) or _never


def is_exact(tree: Node) -> bool:
    """Whether the flips of `tree` are worked out, not looked for once a day."""
    for node in walk(tree):
        match node:
            case SegmentUse(rule=rule) if not rule.exact_in_time:
                return False
            case Compare(left=left, right=right) if max(motion(left), motion(right)) is Motion.OTHER:
                return False
            case OneOf(of=of, items=items) if max(motion(it) for it in (of, *items)) is Motion.OTHER:
                return False
            case Did(properties=properties) if any(motion(it) >= Motion.LINE for _, it in properties):
                return False
    return motion(tree) < Motion.LINE


def _never(facts: Facts, now: Moment) -> Moment:
    return NEVER


def _tomorrow(facts: Facts, now: Moment) -> Moment:
    return now + DAY


def _any_of(flips: Iterable[Flip]) -> Flip | None:
    found = tuple(flips)
    if len(found) < 2:
        return found[0] if found else None
    return lambda facts, now: min(flip(facts, now) for flip in found)


def _flips(node: Node) -> list[Flip]:
    """The flips of a condition, or of a value that nothing is compared with."""
    match node:
        case Compare():
            return _comparison(node)
        case OneOf(of=of, items=items):
            return [flip for item in items for flip in _comparison(Compare(op="==", left=of, right=item))]
        case Did():
            return _did(node)
        case _:
            steps = _steps(node)
            return [*steps, _tomorrow] if motion(node) >= Motion.LINE else steps


def _steps(node: Node) -> list[Flip]:
    """When the things that `node` is made of change by a step."""
    match node:
        case OrderFact(place=place, window=window) if window:
            orders = _orders_at(place)
            return [lambda facts, now: next_change(orders(facts).recent, now, window)]
        case EngagementFact(window=window) if window:
            return [lambda facts, now: next_change(facts.engagement.recent, now, window)]
        case LastEvent(event=event):
            return [lambda facts, now: _next_event(facts, now, event)]
        case SegmentUse(rule=rule):
            return [rule.next_flip]
        case Touched(kind=kind, campaign=campaign, step=step):
            return [
                lambda facts, now: min(
                    (at for at in touch_moments(facts, kind, campaign, step) if at > now), default=NEVER
                )
            ]
        case Compare() | OneOf() | Did():
            return _flips(node)
        case _:
            return [flip for child in children(node) for flip in _steps(child)]


def _next_event(facts: Facts, now: Moment, name: str) -> Moment:
    found = NEVER
    for event in reversed(facts.events):
        if event.at <= now:
            break
        if event.name == name:
            found = event.at
    return found


def _orders_at(place: Place) -> Callable[[Facts], OrderFacts]:
    match place.kind:
        case "business":
            return lambda facts: facts.orders
        case "entry":
            return orders_of_entry
        case "named":
            return lambda facts: orders_of_line(facts, place.name)


def _comparison(node: Compare) -> list[Flip]:
    fall = fall_of(node)
    if fall is not None:
        return [_falling(fall)]
    steps = [*_steps(node.left), *_steps(node.right)]
    match max(motion(node.left), motion(node.right)):
        case Motion.LINE:
            return [crossing(node, _any_of(steps) or _never)]
        case Motion.OTHER:
            return [*steps, _tomorrow]
        case _:
            return steps


def _falling(fall: Fall) -> Flip:
    """A number of orders in a window against a fixed number: only its falling past that matters."""
    orders = _orders_at(fall.fact.place)

    def flip(facts: Facts, now: Moment) -> Moment:
        recent = orders(facts).recent
        return min(next_fall(recent, now, fall.fact.window, below) for below in fall.below)

    return flip


def _did(node: Did) -> list[Flip]:
    asked = compiled_all(value for _, value in node.properties)
    names = tuple(name for name, _ in node.properties)

    def flip(facts: Facts, now: Moment) -> Moment:
        enters = _next_event(facts, now, node.event)
        if not node.within:
            return enters
        after = facts.entry.entered_at if node.since_entry and facts.entry else 0
        wanted = tuple(zip(names, asked(facts, now), strict=True))
        left = node.times
        for event in reversed(facts.events):
            if event.at <= max(now - node.within, after):
                break
            if event.at <= now and matches(event, node.event, wanted):
                left -= 1
                if left == 0:
                    return min(enters, event.at + node.within)
        return enters

    moving = [step for _, value in node.properties for step in _steps(value)]
    wild = any(motion(value) >= Motion.LINE for _, value in node.properties)
    return [flip, *moving, *([_tomorrow] if wild else [])]
