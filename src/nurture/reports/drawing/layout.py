"""Where each box and each line of a picture goes.

Everything flows down along an axis. Ways stand side by side where there is room for them; else one below the other,
the first on the axis and the others round it on rails. A way without steps is such a rail, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nurture.reports.drawing.picture import Picture, Standing, Step, Way
from nurture.reports.drawing.shapes import Box, Edge, Flow, Label, Layout, Metrics, Point
from nurture.reports.drawing.words import wrap
from nurture.reports.figures import number


def lay_out(picture: Picture, metrics: Metrics, width: int) -> Layout:
    """Lay `picture` out, no wider than `width`; see `fits`."""
    wanted = _natural(picture.steps, metrics)
    region = min(width, wanted) if fits(picture, metrics, width) else _least(picture.steps, metrics)
    pen = _Pen(metrics=metrics)
    entry = Step(id="", tone="enter", words=picture.enter)
    y, flow = pen.chain((entry, *picture.steps), 0, region, -metrics.gap, ())
    if picture.runs_out:
        y, _ = pen.chain([Step(id="", tone="out", words="the end")], 0, region, y, flow)
    return Layout(
        width=region,
        height=y,
        boxes=tuple(pen.boxes),
        edges=tuple(pen.edges),
        labels=tuple(pen.labels),
    )


def fits(picture: Picture, metrics: Metrics, width: int) -> bool:
    """Whether it can be drawn so narrow."""
    return _least(picture.steps, metrics) <= width


def _least(steps: Sequence[Step], metrics: Metrics) -> int:
    """The narrowest region for these steps."""
    inner = [_least(way.steps, metrics) for step in steps for way in step.ways]
    return max([metrics.least, *(it + 2 * metrics.margin for it in inner)])


def _natural(steps: Sequence[Step], metrics: Metrics) -> int:
    """The width that these steps take where there is no end of it."""
    widths = [metrics.box]
    for step in steps:
        inner = [_natural(way.steps, metrics) for way in step.ways]
        if inner and all(way.steps for way in step.ways):
            widths.append(sum(inner) + metrics.between * (len(inner) - 1))
        elif inner:
            widths.append(max(inner) + 2 * metrics.margin)
    return max(widths)


def _columns(ways: Sequence[Way], width: int, metrics: Metrics) -> list[int]:
    """The widths of ways side by side; empty where they have no room so."""
    if not all(way.steps for way in ways):
        return []
    room = width - metrics.between * (len(ways) - 1)
    wanted = [_natural(way.steps, metrics) for way in ways]
    if sum(wanted) > room:
        share = room // len(ways)
        modest = sum(min(it, share) for it in wanted)
        greedy = sum(it > share for it in wanted)
        wanted = [it if it <= share else share + (room - modest) // greedy for it in wanted]
    least = [_least(way.steps, metrics) for way in ways]
    return wanted if all(has >= needs for has, needs in zip(wanted, least, strict=True)) else []


@dataclass(slots=True, kw_only=True)
class _Pen:
    metrics: Metrics
    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def chain(self, steps: Sequence[Step], left: int, width: int, y: int, flow: Flow) -> tuple[int, Flow]:
        """Draw steps below one another, in the region from `left` on and below `y`.

        `flow` comes in at its axis, empty where nobody does. Returns how far down it goes and what comes out.
        """
        axis = left + width // 2
        for step in steps:
            y = self._box(step, axis, width, y, flow)
            flow = () if step.ends and not step.ways else ((axis, y),)
            if step.ways:
                y, flow = self._ways(step.ways, left, width, y, flow)
        return y, flow

    def _box(self, step: Step, axis: int, width: int, y: int, flow: Flow) -> int:
        metrics = self.metrics
        box = _odd(min(width, metrics.box), -1)
        room = box - metrics.inset
        people = number(step.standing.people) if step.standing.people else ""
        beside = metrics.measure(f"  {people}") if people else 0
        lines = wrap(step.words, room - beside, metrics.most_lines, metrics.measure)
        asides = [line for text in _asides(step) for line in wrap(text, room, 2, metrics.measure)]
        if step.tone in ("enter", "out"):
            used = [beside + metrics.measure(lines[0]), *map(metrics.measure, [*lines, *asides])]
            box = min(box, _odd(max(used) + metrics.inset, 1))
        made = Box(
            x=axis - box // 2,
            y=y + metrics.gap,
            width=box,
            height=(len(lines) + len(asides)) * metrics.line + metrics.frame,
            tone=step.tone,
            lines=tuple(lines),
            asides=tuple(asides),
            people=people,
            says="; ".join([step.words, *step.asides, *([_says(step.standing)] if people else [])]),
        )
        self.boxes.append(made)
        if flow:
            self._line(*flow, (axis, made.y), arrives=True)
        return made.y + made.height

    def _ways(self, ways: Sequence[Way], left: int, width: int, y: int, flow: Flow) -> tuple[int, Flow]:
        columns = _columns(ways, width, self.metrics)
        if columns:
            return self._side_by_side(ways, columns, left, width, y, flow)
        return self._round_the_axis(ways, left, width, y, flow)

    def _side_by_side(
        self, ways: Sequence[Way], columns: Sequence[int], left: int, width: int, y: int, flow: Flow
    ) -> tuple[int, Flow]:
        axis, split = left + width // 2, y + self.metrics.gap
        at = left + (width - sum(columns) - self.metrics.between * (len(columns) - 1)) // 2
        lowest = split
        out = []
        for way, column in zip(ways, columns, strict=True):
            middle = at + column // 2
            start = (*flow, (axis, split), (middle, split))
            self.labels.append(Label(x=(axis + middle) // 2, y=split, text=way.label, middle=True))
            bottom, coming = self.chain(way.steps, at, column, split, start)
            lowest = max(lowest, bottom)
            out.append((middle, coming))
            at += column + self.metrics.between
        coming_out = [(middle, it) for middle, it in out if it]
        return self._join(coming_out, axis, lowest)

    def _round_the_axis(
        self, ways: Sequence[Way], left: int, width: int, y: int, flow: Flow
    ) -> tuple[int, Flow]:
        metrics = self.metrics
        axis, split = left + width // 2, y + metrics.gap
        width = min(width, max(_natural(way.steps, metrics) for way in ways) + 2 * metrics.margin)
        left = axis - width // 2
        first_rail, last_rail = left + metrics.rail, left + width - 1 - metrics.rail
        straight, *round_it = sorted(ways, key=lambda way: not way.steps)
        inner = (left + metrics.margin, width - 2 * metrics.margin)
        self.labels.append(Label(x=axis + metrics.beside, y=split, text=straight.label, middle=False))
        aside = (*flow, (axis, split), (first_rail, split))
        others = " or ".join(it.label for it in round_it)
        self.labels.append(Label(x=(axis + first_rail) // 2, y=split, text=others, middle=True))
        y, coming = self.chain(straight.steps, *inner, split, (*flow, (axis, split)))
        out = []
        for way in round_it:
            if not way.steps:
                out.append((first_rail, aside))
                continue
            if coming:
                y += metrics.gap
                out.append((last_rail, (*coming, (axis, y), (last_rail, y))))
            y += metrics.gap
            self.labels.append(Label(x=(axis + first_rail) // 2, y=y, text=way.label, middle=True))
            y, coming = self.chain(way.steps, *inner, y, (*aside, (first_rail, y), (axis, y)))
        return self._join([*([(axis, coming)] if coming else []), *out], axis, y)

    def _join(self, coming: Sequence[tuple[int, Flow]], axis: int, y: int) -> tuple[int, Flow]:
        """Lead what comes out of several ways to the axis."""
        if not coming:
            return y, ()
        if len(coming) == 1 and coming[0][0] == axis:
            return y, coming[0][1]
        y += self.metrics.gap
        flows = [(*flow, (x, y), (axis, y)) for x, flow in coming]
        if len(flows) == 1:
            return y, flows[0]
        for flow in flows:
            self._line(*flow, arrives=False)
        return y, ((axis, y),)

    def _line(self, *points: Point, arrives: bool) -> None:
        kept = [point for at, point in enumerate(points) if not at or point != points[at - 1]]
        self.edges.append(Edge(points=tuple(kept), arrives=arrives))


def _odd(width: int, way: int) -> int:
    """A width that has a middle: the same or the next one up (1) or down (-1)."""
    return width if width % 2 else width + way


def _asides(step: Step) -> list[str]:
    away = step.standing.on_their_way
    said = f"{number(away)} with a message on its way" if away else ""
    return [*step.asides, *([said] if said else [])]


def _says(standing: Standing) -> str:
    return "1 person is here" if standing.people == 1 else f"{number(standing.people)} people are here"
