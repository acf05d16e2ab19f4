"""How much mail one contact gets: at most so many messages in any stretch of so long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.audience.spans import SpanError, parse_span, say_span
from nurture.clock import Moment, Span

OnCap: TypeAlias = Literal["wait", "skip", "replace"]
"""What a message does that finds the cap reached: wait for room, be left out, or leave room to the one of those that
wait which has the highest priority."""

_WRITTEN = re.compile(r"([0-9]{1,6})\s+(?:per|in|a|an)\s+(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most `count` messages to one contact within any `span`."""

    count: int
    span: Span

    def describe(self) -> str:
        """The cap as it is written in nurture.toml."""
        return f"{self.count} per {say_span(self.span)}"


def parse_cap(text: str) -> Cap:
    """Read `3 per 7 days`. Raises ValueError with what is wrong and what to write instead."""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'"{text}" is no cap; write it as "3 per 7 days"')
    written = match[2] if match[2][:1].isdigit() else f"1 {match[2]}"
    try:
        span = parse_span(written)
    except SpanError as error:
        raise ValueError(f"{error.message}; {error.hint}") from None
    if int(match[1]) == 0:
        raise ValueError("a cap of none would let nothing through; write 1 or more")
    return Cap(count=int(match[1]), span=span)


def room_at(caps: Iterable[Cap], sent: Sequence[Moment], now: Moment) -> Moment:
    """The first moment from `now` on at which one more message keeps to all caps.

    `sent` are the moments, in any order, of those that count. A message counts for exactly the span of a
    cap: sent at 9:00 under `1 per 1 day`, the next may go at 9:00 the day after.
    """
    earliest = now
    for cap in caps:
        counted = sorted(at for at in sent if at > now - cap.span)
        if len(counted) >= cap.count:
            earliest = max(earliest, counted[-cap.count] + cap.span)
    return earliest


def longest(caps: Iterable[Cap]) -> Span:
    """How far back messages have to be counted."""
    return max((cap.span for cap in caps), default=0)
