"""A hit: one request for an open pixel or a link, and the verdict on who made it."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A hit with its verdict and the reasons for it, worst sign first."""

    hit: Hit
    verdict: Verdict
    reasons: tuple[str, ...]
