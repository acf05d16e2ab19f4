"""What the files may name and only the workspace knows: templates, topics, attributes, events, lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from nurture.clock import Moment, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """None: not known, so that no name is complained about."""

    templates: frozenset[str] | None = None
    topics: Mapping[str, bool] | None = None
    """By name, whether the topic is always on: it cannot be switched off, and may not sell."""
    attributes: Mapping[str, type] | None = None
    """Of contacts: str, float, bool or datetime by name."""
    events: frozenset[str] | None = None
    """Names of events that were ever recorded."""
    lines: frozenset[str] | None = None
    """Names of the product lines."""
    carriers: frozenset[str] | None = None
    """Names of the templates that show an offer."""
    pools: frozenset[str] | None = None
    """Files of codes (*.csv), by their paths below campaigns/."""
    currency: str = ""
    """In which the workspace keeps its amounts."""
    caps: tuple[tuple[int, Span], ...] = ()
    """The workspace's caps: so many messages to one contact in so long."""
    now: Moment | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """The workspace's, for dates without a time zone."""


NOTHING_KNOWN = Known()
