"""Which facts a tree asks for."""

from __future__ import annotations

from functools import reduce
from operator import or_

from nurture.audience.expressions.needs import Needs
from nurture.audience.expressions.tree import (
    DaysSince,
    Did,
    EngagementFact,
    EntryEvent,
    InCampaign,
    LastEvent,
    LineName,
    Node,
    Now,
    OfferFact,
    OrderFact,
    Place,
    SegmentUse,
    StageFact,
    Touched,
    walk,
)


def needs_of(tree: Node) -> Needs:
    """What must be loaded before `tree` is asked."""
    return reduce(or_, (_of(node) for node in walk(tree)), Needs())


def _of(node: Node) -> Needs:
    match node:
        case StageFact(place=place, name=name):
            return _place(place, stage=True) | Needs(clock=name == "days")
        case LineName():
            return Needs(line=True)
        case OrderFact():
            return _place(node.place, stage=False) | Needs(
                order_window=node.window,
                gaps=node.name == "usual_gap_days",
                skus=node.name == "skus",
                order_lines=node.name == "lines",
                clock=bool(node.window) or node.name == "days_since_last",
            )
        case EngagementFact(name=name, window=window):
            clock = bool(window) or name == "days_since_last"
            return Needs(engagement=True, engagement_window=window, clock=clock)
        case OfferFact():
            return Needs(offer=True)
        case LastEvent(event=event):
            return Needs(events=frozenset({event}))
        case EntryEvent():
            return Needs(entry=True)
        case Did(event=event, within=within, since_entry=since_entry):
            return Needs(events=frozenset({event}), entry=since_entry, clock=bool(within))
        case Touched(campaign=campaign):
            return Needs(messages=True, entry=not campaign)
        case InCampaign():
            return Needs(in_campaigns=True)
        case SegmentUse(rule=rule):
            return rule.needs
        case Now() | DaysSince():
            return Needs(clock=True)
        case _:
            return Needs()


def _place(place: Place, *, stage: bool) -> Needs:
    match place.kind:
        case "business":
            return Needs(stage=stage, orders=not stage)
        case "entry":
            return Needs(line=True, line_orders=not stage)
        case "named":
            return Needs(lines=frozenset({place.name}))
