from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.campaigns.book import read
from nurture.campaigns.known import Known
from nurture.reports.drawing import svg, text
from nurture.reports.drawing.inks import Row
from nurture.reports.drawing.layout import fits, lay_out
from nurture.reports.drawing.picture import Picture, Standing, Step, Way, picture
from nurture.reports.drawing.shapes import Layout, Metrics
from nurture.reports.drawing.words import cells, pixels, plain, wrap

LIFECYCLE = "stages:\n  - prospect:\n  - customer: orders.count >= 1\n"
HEAD = "name: Hello\nstage: prospect\ntopic: offers\n"


def campaign(sequence: str, head: str = HEAD, standing: Mapping[str, Standing] | None = None) -> Picture:
    files = {"campaigns/lifecycle.yaml": LIFECYCLE, "campaigns/hello.yaml": f"{head}sequence:\n{sequence}"}
    book = read(files, Known())
    assert "hello" in book.campaigns, book.errors
    return picture(book.campaigns["hello"], standing)


def drawn(it: Picture, width: int = 80) -> list[str]:
    return said(text.draw(it, width))


def said(rows: list[Row]) -> list[str]:
    return ["".join(piece for piece, _ in row) for row in rows]


def block(lines: str) -> list[str]:
    return [line.rstrip() for line in lines.strip("\n").splitlines()]


def test_steps_stand_below_one_another_with_the_people_on_the_right() -> None:
    people = {"welcome": Standing(people=1_234, on_their_way=3), "welcome+1": Standing(people=7)}
    it = campaign("  - send: welcome\n  - wait: 3 days\n", standing=people)
    assert drawn(it, 60) == block(
        """
       ╭─────────────────────────────────╮
       │ enter: on coming into the stage │
       ╰────────────────┬────────────────╯
 ╭──────────────────────┴──────────────────────╮
 │ send welcome                          1\u202f234 │
 │ 3 with a message on its way                 │
 ╰──────────────────────┬──────────────────────╯
 ╭──────────────────────┴──────────────────────╮
 │ wait 3 days                               7 │
 ╰──────────────────────┬──────────────────────╯
                   ╭────┴────╮
                   │ the end │
                   ╰─────────╯
""".replace("\n ", "\n")
    )


def test_ways_stand_side_by_side_and_join_again() -> None:
    it = campaign(
        "  - if: orders.count == 0\n    then:\n      - wait: 1 day\n      - send: a\n    else:\n"
        "      - send: b\n  - send: c\n"
    )
    assert drawn(it)[3:] == block("""
                 ╭──────────────────────┴──────────────────────╮
                 │ if orders.count == 0                        │
                 ╰──────────────────────┬──────────────────────╯
                   ╭────── then ────────┴────── else ───────╮
 ╭─────────────────┴─────────────────╮    ╭─────────────────┴─────────────────╮
 │ wait 1 day                        │    │ send b                            │
 ╰─────────────────┬─────────────────╯    ╰─────────────────┬─────────────────╯
 ╭─────────────────┴─────────────────╮                      │
 │ send a                            │                      │
 ╰─────────────────┬─────────────────╯                      │
                   ╰────────────────────┬───────────────────╯
                 ╭──────────────────────┴──────────────────────╮
                 │ send c                                      │
                 ╰──────────────────────┬──────────────────────╯
                                   ╭────┴────╮
                                   │ the end │
                                   ╰─────────╯
""")


def test_a_way_without_steps_goes_round_and_nobody_comes_out_of_an_end() -> None:
    it = campaign("  - if: orders.count == 0\n    then:\n      - end: not curious\n  - send: c\n")
    assert drawn(it, 60)[3:] == block("""
  ╭──────────────────────┴──────────────────────╮
  │ if orders.count == 0                        │
  ╰──────────────────────┬──────────────────────╯
╭──────── else ──────────┤ then
│ ╭──────────────────────┴──────────────────────╮
│ │ end: not curious                            │
│ ╰─────────────────────────────────────────────╯
╰────────────────────────╮
  ╭──────────────────────┴──────────────────────╮
  │ send c                                      │
  ╰──────────────────────┬──────────────────────╯
                    ╭────┴────╮
                    │ the end │
                    ╰─────────╯
""")


def test_where_all_ways_end_there_is_no_end_behind_them() -> None:
    it = campaign(
        "  - send: a\n  - if: orders.count == 0\n    then:\n      - end: a\n    else:\n      - end: b\n"
    )
    assert not it.runs_out
    assert "the end" not in "".join(drawn(it) + drawn(it, 40))


def test_in_a_narrow_terminal_it_is_an_outline() -> None:
    it = campaign(
        "  - if: orders.count == 0\n    then:\n      - wait: 1 day\n        when: orders.count == 3\n"
        "  - send: c\n    id: ask-again\n",
        standing={"ask-again": Standing(people=12)},
    )
    assert drawn(it, 40) == block("""
• enter: on coming into the stage
• if orders.count == 0
├ then
│ • wait 1 day
│   when orders.count == 3
╰ else: goes on
• send c                              12
  id: ask-again
• the end
""")


def test_who_skips_an_if_takes_none_of_its_ways() -> None:
    it = campaign(
        "  - send: a\n  - if: orders.count == 0\n    when: orders.count < 9\n    then:\n      - end: a\n"
        "    else:\n      - end: b\n"
    )
    _, skip = it.steps
    assert (skip.words, [way.label for way in skip.ways]) == ("when orders.count < 9", ["yes", "no"])
    assert it.runs_out


def test_goal_exits_and_who_leaves_are_told() -> None:
    head = (
        f"{HEAD}goal: {{on: ordered, within: 30 days}}\nexit: orders.count >= 9\nwhen: orders.count < 3\n"
        "holdout: 10%\n"
    )
    notes = dict(campaign("  - send: a\n", head).notes)
    assert notes["for"] == "prospect, when orders.count < 3"
    assert notes["goal"] == "ordered, within 30 days; who reaches it leaves"
    assert notes["exit"] == "orders.count >= 9"
    assert notes["leaves"] == "whoever the campaign is no longer for"
    assert notes["holdout"].replace("\u202f", " ") == "10 % of those who enter get nothing"
    assert "inside" not in notes


@pytest.mark.parametrize(
    ("people", "elsewhere", "says"),
    [
        (0, 0, "nobody now"),
        (1, 0, "1 person; the number"),
        (2_000, 0, "2 000 people; the number"),
        (2, 3, "5 people, 3 of them at steps of another version; the number"),
    ],
)
def test_all_who_are_inside_are_counted(people: int, elsewhere: int, says: str) -> None:
    book = read({"campaigns/hello.yaml": f"{HEAD}sequence:\n  - send: a\n"}, Known())
    it = picture(book.campaigns["hello"], {"a": Standing(people=people)}, elsewhere)
    assert dict(it.notes)["inside"].replace("\u202f", " ").startswith(says)


def test_in_ascii_only_the_lines_and_signs_of_ours_change() -> None:
    it = campaign("  - send: a\n  - end: Grüße…\n", standing={"a+1": Standing(people=1_234)})
    rows = said(text.in_ascii(text.draw(it, 80)))
    assert rows[7] == "| end: Grüße~                           1,234 |"
    assert set("".join(rows)) - set(map(chr, range(128))) == set("üß")


@settings(max_examples=50)
@given(st.text(st.characters(), max_size=40))
def test_what_people_wrote_moves_no_cursor_and_stands_in_xml(written: str) -> None:
    step = Step(id="a", tone="end", words=plain(written), asides=(plain(written),))
    it = Picture(key="k", name=plain(written), enter="enter", notes=(("for", plain(written)),), steps=(step,))
    for row in drawn(it, 60) + drawn(it, 30):
        assert not set(row) & set("\x1b\n\r\x07\x9b\u202e\u2067")
    document = svg.draw(it)
    document.encode()
    root = ElementTree.fromstring(document)
    assert {it.tag.rpartition("}")[2] for it in root.iter()} <= {
        "svg", "title", "desc", "style", "defs", "marker", "path", "rect", "g", "text"
    }  # fmt: skip


def test_hostile_markup_stays_text() -> None:
    it = campaign(
        "  - send: a\n  - end: '</desc><script>alert(1)</script>'\n", HEAD.replace("Hello", "'</title><b>&'")
    )
    document = svg.draw(it)
    assert "<script" not in document
    assert "<b>" not in document
    ElementTree.fromstring(document)


def test_the_svg_says_in_words_what_it_shows() -> None:
    it = campaign("  - send: welcome\n", standing={"welcome": Standing(people=1)})
    root = ElementTree.fromstring(svg.draw(it))
    names = {element.get("id"): element.text or "" for element in root.iter() if element.get("id")}
    assert root.get("aria-labelledby") in names
    assert names["picture-name"] == "Hello"
    assert "goal" not in names["picture-outline"]
    assert "• send welcome" in names["picture-outline"]
    titles = [element.text for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert "send welcome; 1 person is here" in titles


WORDS = st.text("abcdefgh ()喜", min_size=1, max_size=120).map(plain).filter(bool)


def steps(inner: st.SearchStrategy[tuple[Step, ...]]) -> st.SearchStrategy[tuple[Step, ...]]:
    way = st.one_of(st.just(()), inner)
    ways = st.tuples(inner, way).map(
        lambda two: (Way(label="then", steps=two[0]), Way(label="else", steps=two[1]))
    )
    counts = st.integers(0, 2_000_000).map(lambda count: Standing(people=count, on_their_way=count // 2))
    step = st.builds(
        _step,
        words=WORDS,
        standing=counts,
        ways=st.one_of(st.just(()), ways),
        ends=st.booleans(),
    )
    return st.lists(step, min_size=1, max_size=3).map(tuple)


def _step(words: str, standing: Standing, ways: tuple[Way, ...], ends: bool) -> Step:
    if ways:
        ends = all(any(it.ends for it in way.steps) for way in ways)
    return Step(id="x", tone="act", words=words, standing=standing, ways=ways, ends=ends)


LEAVES = st.builds(Step, id=st.just("y"), tone=st.just("wait"), words=WORDS).map(lambda it: (it,))
SEQUENCES = steps(steps(steps(steps(LEAVES))))
PICTURES = SEQUENCES.map(lambda it: Picture(key="k", name="n", enter="enter", notes=(), steps=it))


@settings(max_examples=50)
@given(PICTURES, st.integers(20, 200))
def test_no_row_is_wider_than_the_terminal(it: Picture, width: int) -> None:
    assert max(map(cells, drawn(it, width))) <= max(width, 40)


@settings(max_examples=50)
@given(PICTURES, st.integers(60, 200))
def test_no_line_has_a_loose_end(it: Picture, width: int) -> None:
    if not fits(it, text.METRICS, width):
        return
    canvas = {(x, y): sign for y, row in enumerate(drawn(it, width)) for x, sign in _columns(row)}
    directions = {"up": (0, -1, 1, 4), "right": (1, 0, 2, 8), "down": (0, 1, 4, 1), "left": (-1, 0, 8, 2)}
    for (x, y), sign in canvas.items():
        leaving = text.SIGNS.find(sign)
        for way, (across, down, bit, back) in directions.items():
            if leaving > 0 and leaving & bit:
                other = canvas.get((x + across, y + down), "")
                beside_a_label = other == " " and not down
                assert beside_a_label or text.SIGNS.find(other) & back, (way, x, y)


def _columns(row: str) -> list[tuple[int, str]]:
    at, found = 0, []
    for sign in row:
        found.append((at, sign))
        at += cells(sign)
    return found


@pytest.mark.parametrize("metrics", [text.METRICS, svg.METRICS], ids=["text", "svg"])
@settings(max_examples=50)
@given(it=PICTURES, width=st.integers(0, 60))
def test_boxes_and_labels_do_not_cover_one_another(metrics: Metrics, it: Picture, width: int) -> None:
    layout = lay_out(it, metrics, metrics.least + width * metrics.margin)
    taken = [(box.x, box.y, box.x + box.width - 1, box.y + box.height) for box in layout.boxes]
    taken += _label_places(layout, metrics)
    for one, other in combinations(taken, 2):
        assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
    assert all(left >= 0 and right < layout.width for left, _, right, _ in taken if right - left > 0)


def _label_places(layout: Layout, metrics: Metrics) -> list[tuple[int, int, int, int]]:
    places = []
    for it in layout.labels:
        wide = metrics.measure(it.text)
        left = it.x - wide // 2 if it.middle else it.x
        places.append((left, it.y, left + wide - 1, it.y))
    return places


@settings(max_examples=50)
@given(WORDS, st.integers(8, 60), st.integers(1, 5))
def test_texts_are_broken_into_lines_that_fit(words: str, room: int, most: int) -> None:
    lines = wrap(words, room, most, cells)
    assert 1 <= len(lines) <= most
    assert max(map(cells, lines)) <= room
    shown = "".join(lines).replace(" ", "")
    whole = words.replace(" ", "")
    assert shown == whole or (shown.endswith("…") and whole.startswith(shown[:-1]))


def test_a_text_without_end_takes_no_time_and_little_room() -> None:
    lines = wrap("long" * 100_000, 40, 4, pixels)
    assert len(lines) == 4
    assert lines[-1].endswith("…")
