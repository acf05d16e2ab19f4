"""A picture in the terminal: rows of text, each piece with its ink. Where boxes have no room it is an outline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from nurture.reports.drawing.inks import Ink, Row
from nurture.reports.drawing.layout import fits, lay_out
from nurture.reports.drawing.outline import outline
from nurture.reports.drawing.picture import Picture
from nurture.reports.drawing.shapes import Box, Edge, Label, Layout, Metrics
from nurture.reports.drawing.words import MORE, cells
from nurture.reports.figures import THIN

NARROW = 60
"""Columns below which boxes are too small to read."""

METRICS = Metrics(
    measure=cells,
    box=47,
    least=27,
    inset=4,
    line=1,
    frame=1,
    gap=1,
    between=3,
    rail=0,
    margin=2,
    beside=2,
)

_UP, _RIGHT, _DOWN, _LEFT = 1, 2, 4, 8
SIGNS = " ╵╶╰╷│╭├╴╯─┴╮┤┬┼"
"""By the sum of the directions in which lines leave a cell."""
_ASCII = str.maketrans(SIGNS[1:] + THIN + MORE, "|-+||++-+-+++++" + ",~")


def draw(picture: Picture, width: int) -> list[Row]:
    """The picture in at most `width` columns: in boxes, or as an outline where these have no room."""
    if width < NARROW or not fits(picture, METRICS, width):
        return outline(picture, width)
    return _draw(lay_out(picture, METRICS, width))


def _draw(layout: Layout) -> list[Row]:
    canvas = _Canvas()
    for box in layout.boxes:
        canvas.box(box)
    for edge in layout.edges:
        canvas.edge(edge)
    for label in layout.labels:
        canvas.label(label)
    return [canvas.row(y) for y in range(layout.height + 1)]


def in_ascii(rows: Iterable[Row]) -> list[Row]:
    """The same in signs that every terminal has; what people wrote stays as it is."""
    return [tuple((text.translate(_ASCII), ink) for text, ink in row) for row in rows]


@dataclass(slots=True)
class _Canvas:
    lines: dict[tuple[int, int], int] = field(default_factory=dict)
    inks: dict[tuple[int, int], Ink] = field(default_factory=dict)
    signs: dict[tuple[int, int], str] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    """The last column that is used, by row."""

    def box(self, box: Box) -> None:
        right, bottom = box.x + box.width - 1, box.y + box.height
        corners = [(box.x, box.y), (right, box.y), (right, bottom), (box.x, bottom), (box.x, box.y)]
        self._trace(corners, box.tone)
        for at, line in enumerate(box.lines, 1):
            self._write(line, box.x + 2, box.y + at, box.tone)
        for at, line in enumerate(box.asides, 1 + len(box.lines)):
            self._write(line, box.x + 2, box.y + at, "aside")
        self._write(box.people, right - 1 - cells(box.people), box.y + 1, "people")

    def edge(self, edge: Edge) -> None:
        self._trace(edge.points, "line")

    def label(self, label: Label) -> None:
        text = f" {label.text} " if label.middle else label.text
        self._write(text, label.x - (cells(text) // 2 if label.middle else 0), label.y, "label")

    def row(self, y: int) -> Row:
        """One row without the spaces at its end."""
        pieces = [self._cell(x, y) for x in range(self.ends.get(y, -1) + 1)]
        grouped = groupby(pieces, key=lambda piece: piece[1])
        return tuple(("".join(sign for sign, _ in group), ink) for ink, group in grouped)

    def _cell(self, x: int, y: int) -> tuple[str, Ink]:
        sign = self.signs.get((x, y))
        return SIGNS[self.lines.get((x, y), 0)] if sign is None else sign, self.inks.get((x, y), "")

    def _trace(self, points: Iterable[tuple[int, int]], ink: Ink) -> None:
        for (x, y), (to_x, to_y) in pairwise(points):
            across, down = (to_x > x) - (to_x < x), (to_y > y) - (to_y < y)
            leaving = {(1, 0): _RIGHT, (-1, 0): _LEFT, (0, 1): _DOWN, (0, -1): _UP}[across, down]
            arriving = {_RIGHT: _LEFT, _LEFT: _RIGHT, _DOWN: _UP, _UP: _DOWN}[leaving]
            while (x, y) != (to_x, to_y):
                self._mark(x, y, leaving, ink)
                x, y = x + across, y + down
                self._mark(x, y, arriving, ink)

    def _mark(self, x: int, y: int, direction: int, ink: Ink) -> None:
        self.lines[x, y] = self.lines.get((x, y), 0) | direction
        self.inks.setdefault((x, y), ink)
        self.ends[y] = max(x, self.ends.get(y, -1))

    def _write(self, text: str, x: int, y: int, ink: Ink) -> None:
        for character in text:
            width = cells(character)
            if width == 0:
                self.signs[x - 1, y] = self.signs.get((x - 1, y), "") + character
            for at in range(width):
                self.signs[x + at, y] = "" if at else character
                self.inks[x + at, y] = ink
            x += width
        self.ends[y] = max(x - 1, self.ends.get(y, -1))
