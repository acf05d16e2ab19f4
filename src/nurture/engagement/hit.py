"""A hit: one request for an open pixel or a link, and the verdict on who made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey

HitKind: TypeAlias = Literal["open", "click", "hidden"]
Verdict: TypeAlias = Literal["human", "prefetch", "scanner", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What arrived, as it arrived. Agent and address are hostile text."""

    key: MessageKey
    kind: HitKind
    link_no: int = 0
    """Which link of the message, counted from 1; 0 where it is none."""
    at: Moment
    method: str = "GET"
    agent: str = ""
    ip: str = ""
    extra: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Other header fields that tell something of who asked (`accept-language`, `purpose`, `sec-purpose`, `x-purpose`,
    `referer`), names in lower case, values cut to 200 characters. Hostile too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A hit with its verdict and the reasons for it, worst sign first."""

    hit: Hit
    verdict: Verdict
    score: float
    """The sum of the signs of a machine; 0: none."""
    reasons: tuple[str, ...]
