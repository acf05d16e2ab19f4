"""A share of a whole, with how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`part` of `whole`, both counts; `low` and `high` bound the true share, all three between 0 and 1."""

    part: int
    whole: int
    share: float
    low: float
    high: float


def rate(part: int, whole: int, confidence: float = 0.95) -> Rate:
    """The share with its Wilson interval (E. B. Wilson 1927); of nothing it is 0, within 0 and 1."""
    if whole <= 0:
        return Rate(part=part, whole=whole, share=0.0, low=0.0, high=1.0)
    part = min(max(part, 0), whole)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = part / whole
    scale = 1 + z * z / whole
    middle = (share + z * z / (2 * whole)) / scale
    half = z / scale * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    # At the ends the interval touches them exactly; floating point would miss by a hair.
    low = 0.0 if part == 0 else max(0.0, middle - half)
    high = 1.0 if part == whole else min(1.0, middle + half)
    return Rate(part=part, whole=whole, share=share, low=low, high=high)
