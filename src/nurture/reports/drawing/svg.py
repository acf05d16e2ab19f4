"""A picture as an SVG file of its own: system fonts, light and dark, no script, all texts escaped.

The colours are those of the dashboard. Who cannot see it is read the outline, which stands in its description.
"""

from __future__ import annotations

from html import escape
from itertools import pairwise

from nurture.reports.drawing.layout import lay_out
from nurture.reports.drawing.outline import outline
from nurture.reports.drawing.picture import Picture
from nurture.reports.drawing.shapes import Box, Edge, Flow, Label, Layout, Metrics, Point
from nurture.reports.drawing.words import pixels, wrap

WIDTH = 1000
"""Pixels that a picture takes at most, where its ways are not nested so deep that they need more."""

METRICS = Metrics(
    measure=pixels,
    box=331,
    least=221,
    inset=32,
    line=20,
    frame=20,
    gap=26,
    between=34,
    rail=2,
    margin=26,
    beside=9,
)

_EDGE = 28
"""Between the drawing and the end of the paper."""
_NARROWEST = 420
_NOTE = 19
_WORD = 64
"""Room for the word before a note."""
_BEND = 9
_DEPTH = 100
"""Columns of the description."""

_STYLE = """\
.paper { fill: #f6f6f3 } .name { fill: #1d2421; font-size: 20px; font-weight: 650 }
.word, .aside, .label { fill: #5d6863 } .note, .words { fill: #1d2421 }
.note, .word { font-size: 13px } .words { font-size: 14px } .aside, .label { font-size: 12px }
.people { fill: #1f7a4b; font-size: 14px; font-weight: 650 }
.edge { fill: none; stroke: #a7afaa; stroke-width: 1.5 } .tip { fill: #a7afaa } .under { fill: #f6f6f3 }
.box { fill: #ffffff; stroke: #d5d9d2; stroke-width: 1 }
.message .box { fill: #e3f1e9; stroke: #3f9a64 } .branch .box { fill: #e9f1f8; stroke: #7faed6 }
.end .box { fill: #f8ece6; stroke: #d07a5b } .act .box { fill: #fbf3df; stroke: #e0a63a }
.enter .box { fill: #1f7a4b; stroke: none } .enter .words { fill: #ffffff; font-weight: 500 }
.out .box { fill: #eef0ec; stroke: #c9c3bb }
@media (prefers-color-scheme: dark) {
.paper, .under { fill: #121614 } .name, .note, .words { fill: #e7ece9 }
.word, .aside, .label { fill: #9aa6a0 } .people { fill: #63c48f }
.edge { stroke: #66706b } .tip { fill: #66706b } .box { fill: #1a1f1c; stroke: #39423d }
.message .box { fill: #1d3428; stroke: #418a5d } .branch .box { fill: #1b2938; stroke: #4a7aa5 }
.end .box { fill: #35231c; stroke: #cf7c5e } .act .box { fill: #33290f; stroke: #d9a441 }
.enter .box { fill: #63c48f } .enter .words { fill: #0c1a12 }
.out .box { fill: #252b28; stroke: #4a4641 }
}
"""


def draw(picture: Picture, width: int = WIDTH) -> str:
    """The picture as one SVG document."""
    layout = lay_out(picture, METRICS, width - 2 * _EDGE)
    whole = max(layout.width + 2 * _EDGE, _NARROWEST)
    head, top = _head(picture, whole)
    left = (whole - layout.width) // 2
    height = top + layout.height + _EDGE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {height}" width="{whole}"'
        f' height="{height}" role="img" aria-labelledby="picture-name" aria-describedby="picture-outline"'
        " font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif\">",
        f'<title id="picture-name">{escape(picture.name)}</title>',
        f'<desc id="picture-outline">{escape(_in_words(picture))}</desc>',
        f"<style>\n{_STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
        ' markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>',
        f'<rect class="paper" width="{whole}" height="{height}" rx="14"/>',
        *head,
        f'<g transform="translate({left} {top})">',
        *_drawing(layout),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _in_words(picture: Picture) -> str:
    notes = [f"{word}: {text}" for word, text in picture.notes]
    rows = ["".join(text for text, _ in row) for row in outline(picture, _DEPTH)]
    return "\n".join([*notes, *rows])


def _head(picture: Picture, width: int) -> tuple[list[str], int]:
    """Name and notes, and where the drawing begins."""
    # Measured for 14 px and set in 20 and 13.
    name = wrap(picture.name, (width - 2 * _EDGE) * 14 // 23, 2, pixels)
    y, parts = _EDGE - 8, []
    for line in name:
        y += 26
        parts.append(f'<text class="name" x="{_EDGE}" y="{y}">{escape(line)}</text>')
    y += 8
    for word, text in picture.notes:
        for at, line in enumerate(wrap(text, width - 2 * _EDGE - _WORD, 4, pixels)):
            y += _NOTE
            if not at:
                parts.append(f'<text class="word" x="{_EDGE}" y="{y}">{escape(word)}</text>')
            parts.append(f'<text class="note" x="{_EDGE + _WORD}" y="{y}">{escape(line)}</text>')
    return parts, y + 24


def _drawing(layout: Layout) -> list[str]:
    return [*map(_edge, layout.edges), *map(_label, layout.labels), *map(_box, layout.boxes)]


def _box(box: Box) -> str:
    corner = box.height // 2 if box.tone in ("enter", "out") else 9
    left, right = box.x + METRICS.inset // 2, box.x + box.width - METRICS.inset // 2
    base = box.y + METRICS.frame // 2 + 15
    parts = [
        f'<g class="{box.tone}"><title>{escape(box.says)}</title>',
        f'<rect class="box" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}"'
        f' rx="{min(corner, 22)}"/>',
    ]
    middle = box.tone in ("enter", "out") and not box.people
    place = f'x="{(left + right) // 2}" text-anchor="middle"' if middle else f'x="{left}"'
    for at, line in enumerate([*box.lines, *box.asides]):
        tone = "words" if at < len(box.lines) else "aside"
        y = base + at * METRICS.line
        parts.append(f'<text class="{tone}" {place} y="{y}">{escape(line)}</text>')
    if box.people:
        parts.append(f'<text class="people" x="{right}" y="{base}" text-anchor="end">{box.people}</text>')
    return "".join([*parts, "</g>"])


def _label(label: Label) -> str:
    text = escape(label.text)
    if not label.middle:
        return f'<text class="label" x="{label.x}" y="{label.y + 4}">{text}</text>'
    width = pixels(label.text) + 10
    return (
        f'<rect class="under" x="{label.x - width // 2}" y="{label.y - 9}" width="{width}" height="18"/>'
        f'<text class="label" x="{label.x}" y="{label.y + 4}" text-anchor="middle">{text}</text>'
    )


def _edge(edge: Edge) -> str:
    tip = ' marker-end="url(#tip)"' if edge.arrives else ""
    return f'<path class="edge" d="{_path(edge.points)}"{tip}/>'


def _path(points: Flow) -> str:
    """A line whose bends are round."""
    corners = _corners(points)
    said = [f"M{corners[0][0]} {corners[0][1]}"]
    for before, at, after in zip(corners, corners[1:], corners[2:], strict=False):
        into, out_of = _towards(at, before), _towards(at, after)
        said.append(f"L{into[0]} {into[1]}Q{at[0]} {at[1]} {out_of[0]} {out_of[1]}")
    return "".join([*said, f"L{corners[-1][0]} {corners[-1][1]}"])


def _corners(points: Flow) -> list[Point]:
    """The points at which the line turns, with its ends."""
    kept = [points[0]]
    for at, after in pairwise(points[1:]):
        (x, y), (last_x, last_y) = at, kept[-1]
        if not (last_x == x == after[0] or last_y == y == after[1]):
            kept.append(at)
    return [*kept, points[-1]]


def _towards(at: Point, other: Point) -> Point:
    """A little way from `at` to `other`, at most half of it."""
    across, down = other[0] - at[0], other[1] - at[1]
    far = min(_BEND, (abs(across) + abs(down)) // 2)
    return at[0] + far * ((across > 0) - (across < 0)), at[1] + far * ((down > 0) - (down < 0))
