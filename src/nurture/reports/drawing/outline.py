"""A picture where boxes have no room: a line for each step, what is behind an `if` set in."""

from __future__ import annotations

from collections.abc import Sequence

from nurture.reports.drawing.inks import Ink, Row
from nurture.reports.drawing.picture import Picture, Standing, Step, Tone
from nurture.reports.drawing.words import cells, wrap
from nurture.reports.figures import number

_LEAST = 16
"""Columns that words have at any depth."""


def outline(picture: Picture, width: int) -> list[Row]:
    """The sequence in rows, as a rule no wider than `width` columns."""
    made = _Outline(width=width)
    made.entry("enter", picture.enter, Standing(), ())
    made.chain(picture.steps, "")
    if picture.runs_out:
        made.entry("out", "the end", Standing(), ())
    return made.rows


class _Outline:
    def __init__(self, *, width: int) -> None:
        self._width = width
        self.rows: list[Row] = []

    def chain(self, steps: Sequence[Step], before: str) -> None:
        """Steps below one another; `before` are the lines of the ways that they stand on."""
        for step in steps:
            asides = [*step.asides]
            if step.standing.on_their_way:
                asides.append(f"{number(step.standing.on_their_way)} with a message on its way")
            self.entry(step.tone, step.words, step.standing, asides, before)
            for at, way in enumerate(step.ways, 1):
                last = at == len(step.ways)
                says = way.label if way.steps else f"{way.label}: goes on"
                self.rows.append(((f"{before}{'╰' if last else '├'} ", "line"), (says, "label")))
                self.chain(way.steps, f"{before}{' ' if last else '│'} ")

    def entry(
        self, tone: Tone, words: str, standing: Standing, asides: Sequence[str], before: str = ""
    ) -> None:
        """One step, with the people at it at the right edge."""
        # Too deep for the width, the lines of the outer ways are left out.
        before = before[: max(0, (self._width - _LEAST) // 2 * 2)]
        people = number(standing.people) if standing.people else ""
        beside = cells(f"  {people}") if people else 0
        room = max(_LEAST, self._width - cells(before) - 2) - beside
        said: list[tuple[str, Ink]] = [(line, tone) for line in wrap(words, room, 4, cells)]
        said += [(line, "aside") for text in asides for line in wrap(text, room, 2, cells)]
        for at, (line, ink) in enumerate(said):
            row = [(f"{before}{'  ' if at else '• '}", "line"), (line, ink)]
            if people and not at:
                space = self._width - cells(before) - 2 - cells(line) - cells(people)
                row += [(" " * max(2, space), ""), (people, "people")]
            self.rows.append(tuple(row))
