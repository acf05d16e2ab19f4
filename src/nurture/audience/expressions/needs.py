"""Which facts an expression asks for, so that no others are loaded."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.clock import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What must be in a Facts value before the expression is asked. `a | b` is what either needs."""

    orders: bool = False
    """Those of the whole business."""
    order_window: Span = 0
    """How far back `OrderFacts.recent` must reach, for whichever orders are asked; 0: not at all."""
    gaps: bool = False
    """`usual_gap_days`."""
    skus: bool = False
    """The set `skus`, and with a window those of each recent purchase."""
    order_lines: bool = False
    """The set `lines`, and with a window those of each recent purchase."""
    line: bool = False
    """The line of this entry: name and stage."""
    line_orders: bool = False
    """The orders on the line of this entry."""
    lines: frozenset[str] = frozenset()
    """Lines by name: stage and orders."""
    engagement: bool = False
    engagement_window: Span = 0
    """How far back `EngagementFacts.recent` must reach; 0: not at all."""
    events: frozenset[str] = frozenset()
    """Events by name, over all time."""
    messages: bool = False
    in_campaigns: bool = False
    offer: bool = False
    stage: bool = False
    entry: bool = False
    """When the contact entered the campaign, and the event that started it."""
    clock: bool = False
    """Whether the value can change by time alone."""

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            orders=self.orders or other.orders,
            order_window=max(self.order_window, other.order_window),
            gaps=self.gaps or other.gaps,
            skus=self.skus or other.skus,
            order_lines=self.order_lines or other.order_lines,
            line=self.line or other.line,
            line_orders=self.line_orders or other.line_orders,
            lines=self.lines | other.lines,
            engagement=self.engagement or other.engagement,
            engagement_window=max(self.engagement_window, other.engagement_window),
            events=self.events | other.events,
            messages=self.messages or other.messages,
            in_campaigns=self.in_campaigns or other.in_campaigns,
            offer=self.offer or other.offer,
            stage=self.stage or other.stage,
            entry=self.entry or other.entry,
            clock=self.clock or other.clock,
        )
