"""A window of time over things that happened: what it holds at a moment, and when that changes.

A window of length W holds at `now` what lies in now - W < at <= now. What happened is handed in oldest first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import Protocol, TypeVar

from nurture.clock import NEVER, Moment, Span

_at = attrgetter("at")


class Dated(Protocol):
    """Something that happened at a moment."""

    @property
    def at(self) -> Moment: ...


DatedT = TypeVar("DatedT", bound=Dated)


def bounds(items: Sequence[Dated], now: Moment, window: Span) -> tuple[int, int]:
    """The window holds items[low:high]."""
    high = len(items)
    if items and items[-1].at > now:
        high = bisect_right(items, now, key=_at)
    return bisect_right(items, now - window, 0, high, key=_at), high


def held(items: Sequence[DatedT], now: Moment, window: Span) -> Sequence[DatedT]:
    """What the window holds at `now`."""
    low, high = bounds(items, now, window)
    return items[low:high]


def next_change(items: Sequence[Dated], now: Moment, window: Span) -> Moment:
    """When the window next loses something or takes something in."""
    low, high = bounds(items, now, window)
    leaves = items[low].at + window if low < high else NEVER
    enters = items[high].at if high < len(items) else NEVER
    return min(leaves, enters)


def next_fall(items: Sequence[Dated], now: Moment, window: Span, below: int) -> Moment:
    """When the window first holds fewer than `below`, or before that takes something in.

    NEVER where it holds fewer than `below` already and nothing is to come.
    """
    low, high = bounds(items, now, window)
    enters = items[high].at if high < len(items) else NEVER
    count = high - low
    leaves = items[high - below].at + window if 0 < below <= count else NEVER
    return min(leaves, enters)
