"""How often a key may ask: a bucket of tokens for each, in memory.

The headers are those of draft-ietf-httpapi-ratelimit-headers. Each process counts for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import ceil

MOST_KEPT = 50_000
"""Buckets in memory; then those that are full again are forgotten."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a request leaves of its key's allowance."""

    is_over: bool
    remaining: int
    wait: int
    """Seconds until there is one more, where there is none; else until all are back."""
    most: int
    window: int
    """Seconds in which `most` come back."""

    @property
    def headers(self) -> dict[str, str]:
        """RateLimit and RateLimit-Policy, and Retry-After where it is over."""
        told = {
            "ratelimit-policy": f'"key";q={self.most};w={self.window}',
            "ratelimit": f'"key";r={self.remaining};t={self.wait}',
        }
        return told | ({"retry-after": str(self.wait)} if self.is_over else {})


class Buckets:
    """So many requests a minute for each, and as many at once as in ten seconds, but at least five."""

    def __init__(self, per_minute: int, ticks: Callable[[], float]) -> None:
        """`ticks` tells the seconds since some moment."""
        self._rate = per_minute / 60
        self._most = max(min(5, per_minute), per_minute // 6)
        self._ticks = ticks
        self._buckets: dict[Hashable, _Bucket] = {}

    def spend(self, who: Hashable) -> Left:
        """Take a token of `who`'s. To be called from one thread."""
        now = self._ticks()
        bucket = self._buckets.get(who)
        if bucket is None:
            self._make_room(now)
            bucket = self._buckets[who] = _Bucket(self._most, now)
        bucket.tokens = min(self._most, bucket.tokens + (now - bucket.at) * self._rate)
        bucket.at = now
        is_over = bucket.tokens < 1
        if not is_over:
            bucket.tokens -= 1
        missing = (1 if is_over else self._most) - bucket.tokens
        return Left(
            is_over=is_over,
            remaining=int(bucket.tokens),
            wait=max(1, ceil(missing / self._rate)),
            most=self._most,
            window=max(1, ceil(self._most / self._rate)),
        )

    def _make_room(self, now: float) -> None:
        if len(self._buckets) < MOST_KEPT:
            return
        back = self._most / self._rate
        self._buckets = {who: it for who, it in self._buckets.items() if now - it.at < back}
        if len(self._buckets) >= MOST_KEPT:
            self._buckets.clear()
