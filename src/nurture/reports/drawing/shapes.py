"""What a picture is made of once everything has its place: boxes, lines and labels, and the sizes they have.

Coordinates are whole numbers, to the right and down: columns and rows of a terminal, or pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from nurture.reports.drawing.picture import Tone
from nurture.reports.drawing.words import Measure

Point: TypeAlias = tuple[int, int]
Flow: TypeAlias = tuple[Point, ...]
"""A line on its way down, to be gone on with from its last point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The sizes that a picture is laid out in."""

    measure: Measure
    box: int
    """The width of a box that has all the room it wants."""
    least: int
    """The width below which no box gets."""
    inset: int
    """Of a box's width, what is no text."""
    line: int
    """From one line of text to the next."""
    frame: int
    """Of a box's height, what is no text."""
    gap: int
    """Between what stands below one another."""
    between: int
    """Between ways that stand side by side."""
    rail: int
    """From the edge of the region to its rail."""
    margin: int
    """From the edge of the region to what runs between its rails."""
    beside: int
    """From the axis to a label on its right."""
    most_lines: int = 4
    """Of one text in one box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One step, the way in or the end.

    Its frame runs from x to x + width - 1, and from y to y + height.
    """

    x: int
    y: int
    width: int
    height: int
    tone: Tone
    lines: tuple[str, ...]
    asides: tuple[str, ...]
    """Lines below them that say less."""
    people: str
    """How many stand there; empty where nobody does."""
    says: str
    """All of it in one sentence, whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A line through these points, each straight above, below or beside the next."""

    points: Flow
    arrives: bool
    """Whether it ends at a box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a way is called. (x, y) is a point on its line: the middle of the label, or its left end."""

    x: int
    y: int
    text: str
    middle: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A picture in its place."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    labels: tuple[Label, ...]
