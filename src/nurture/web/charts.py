"""Pictures of numbers as SVG shapes, worked out here so that no page needs a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log10

from nurture.reports.care import group

WIDTH = 1000
HEIGHT = 300
"""Of the picture's own coordinates; the page stretches it."""

KNOWN_GROUPS = ("prospect", "customer", "client", "lapsed")
TONES = 3
"""Shades in each group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One band of a stacked picture."""

    stage: str
    tone: str
    points: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One upright strip over all bands, which says in words what it shows."""

    x: float
    width: float
    at: int
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacked:
    """How the parts of a whole changed over time."""

    areas: tuple[Area, ...]
    """From the bottom up."""
    slices: tuple[Slice, ...]
    marks: tuple[int, ...]
    """For the upright axis, from the top down."""


def tones(stages: Sequence[str]) -> dict[str, str]:
    """A colour for each stage, by the name of its class: one hue a group, one shade a stage within it."""
    seen: dict[str, int] = {}
    named = {}
    for stage in stages:
        family = group(stage)
        family = family if family in KNOWN_GROUPS else "other"
        named[stage] = f"tone-{family}-{seen.get(family, 0) % TONES + 1}"
        seen[family] = seen.get(family, 0) + 1
    return named


def stack(stages: Sequence[str], series: Sequence[Mapping[str, int]], moments: Sequence[int]) -> Stacked:
    """Bands for `stages` over `series`, one entry a moment, at least two of them."""
    top = _round_up(max(sum(counts.values()) for counts in series))
    step = WIDTH / (len(series) - 1)
    below = [0.0] * len(series)
    areas = []
    colours = tones(stages)
    for stage in stages:
        above = [low + counts.get(stage, 0) for low, counts in zip(below, series, strict=True)]
        if above == below:
            continue
        upper = [f"{_short(at * step)},{_short(_y(value, top))}" for at, value in enumerate(above)]
        lower = [f"{_short(at * step)},{_short(_y(value, top))}" for at, value in enumerate(below)]
        areas.append(Area(stage=stage, tone=colours[stage], points=" ".join([*upper, *reversed(lower)])))
        below = above
    slices = tuple(
        Slice(
            x=max(0.0, (at - 0.5) * step),
            width=step if 0 < at < len(series) - 1 else step / 2,
            at=moments[at],
            says=", ".join(f"{stage} {counts[stage]}" for stage in stages if counts.get(stage)),
        )
        for at, counts in enumerate(series)
    )
    return Stacked(
        areas=tuple(areas), slices=slices, marks=tuple(top * part // 4 for part in (4, 3, 2, 1, 0))
    )


def _y(value: float, top: int) -> float:
    return HEIGHT - value / top * HEIGHT


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _round_up(value: int) -> int:
    """The next number that four marks divide well."""
    if value <= 4:
        return 4
    size = 10 ** int(log10(value))
    for part in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10):
        if part * size >= value and part * size % 4 == 0:
            return int(part * size)
    return ceil(value / 4) * 4
