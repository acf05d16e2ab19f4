"""Editing a campaign that people are in: each row of docs/language-edits.md, for people before, at and behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from nurture.clock import DAY, HOUR
from nurture.errors import FilesError
from nurture.runner.in_force import InForce
from nurture.runner.tick import decide
from nurture.store.engine import Store
from support.corner import START, Corner, files, letter, opened

DOCS = Path(__file__).parents[2] / "docs" / "language-edits.md"
EDIT = START + 10 * DAY + HOUR
"""When the edit is applied."""
HEAD = "topic: offers\nenter: {on: hello}\nwindow: any time\n"
LETTERS = {name: letter(name) for name in ("four", "five")}
NIGHT = "    window: mon-sun 08:00-20:00\n"
"""Below a `send` that is wanted at midnight: it is planned, and goes at 8."""

ONE, TWO, THREE, FOUR, FIVE = (f"  - send: {name}\n" for name in ("one", "two", "three", "four", "five"))


def wait(length: str) -> str:
    return f"  - wait: {length}\n"


BASE = ONE + wait("2 days") + TWO + wait("4 days") + THREE + wait("5 days") + FOUR
"""Messages on days 0, 2, 6 and 11."""
HELD = BASE.replace(THREE, THREE + NIGHT)
ASKED = HELD.replace(NIGHT, NIGHT + '    when: not did("visited")\n')
FORKED = (
    ONE
    + wait("2 days")
    + TWO
    + wait("4 days")
    + ('  - if: did("visited")\n    then:\n      - send: three\n    else:\n      - send: five\n')
    + wait("5 days")
    + FOUR
)
NESTED = (
    ONE
    + wait("2 days")
    + TWO
    + ('  - if: not did("visited")\n    then:\n      - wait: 4 days\n      - send: three\n')
    + wait("5 days")
    + FOUR
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One edit. Each person: how many days ago they entered, and what they get on which day since."""

    edit: str
    old: str = BASE
    new: str
    people: dict[str, tuple[float, str]]
    head: str = HEAD
    new_head: str = ""
    """Where it is another."""
    refused: str = ""
    """What `apply` says to write, where the new file does not say where people go."""
    visited: bool = False


PLAIN_BEFORE = (1, "one 0 two 2 three 6 four 11")
PLAIN_BEHIND = (7, "one 0 two 2 three 6 four 11")
MOVED_WAIT = 'moved: {"two+1": three}\n'

ROWS = [
    Row(
        edit="wait shortened",
        new=BASE.replace("4 days", "36 hours"),
        people={
            "before": (1, "one 0 two 2 three 3.5 four 8.5"),
            "at, over": (5, "one 0 two 2 three 5.04 four 10.04"),
            "at": (3, "one 0 two 2 three 3.5 four 8.5"),
            "behind": PLAIN_BEHIND,
        },
    ),
    Row(
        edit="wait lengthened",
        new=BASE.replace("4 days", "6 days"),
        people={
            "before": (1, "one 0 two 2 three 8 four 13"),
            "at": (5, "one 0 two 2 three 8 four 13"),
            "behind": PLAIN_BEHIND,
        },
    ),
    Row(
        edit="wait deleted",
        new=BASE.replace(wait("4 days"), ""),
        new_head=HEAD + MOVED_WAIT,
        refused="moved: {two+1: three}",
        people={
            "before": (1, "one 0 two 2 three 2 four 7"),
            "at": (3, "one 0 two 2 three 3.04 four 8.04"),
            "behind": PLAIN_BEHIND,
        },
    ),
    Row(
        edit="wait inserted",
        new=BASE.replace(wait("4 days"), wait("4 days") + wait("1 day")),
        people={
            "before": (1, "one 0 two 2 three 7 four 12"),
            "at": (3, "one 0 two 2 three 7 four 12"),
            "behind": PLAIN_BEHIND,
        },
    ),
    Row(
        edit="wait split in two",
        new=BASE.replace(wait("4 days"), wait("2 days") + wait("3 days")),
        people={
            "before": (1, "one 0 two 2 three 7 four 12"),
            "at": (3, "one 0 two 2 three 7 four 12"),
            "behind": PLAIN_BEHIND,
        },
    ),
    Row(
        edit="message inserted",
        new=BASE.replace(THREE, FIVE + THREE),
        people={
            "before": (1, "one 0 two 2 five 6 three 6 four 11"),
            "at": (3, "one 0 two 2 five 6 three 6 four 11"),
            "behind": PLAIN_BEHIND,
        },
    ),
    Row(
        edit="message deleted",
        old=HELD,
        new=HELD.replace(THREE + NIGHT, ""),
        people={
            "before": (1, "one 0 two 2 four 11"),
            "at": (6, "one 0 two 2 three 6.33 four 11.33"),
            "behind": (7, "one 0 two 2 three 6.33 four 11.33"),
        },
    ),
    Row(
        edit="message appended",
        old=HELD.replace(wait("5 days") + FOUR, ""),
        new=HELD.replace(wait("5 days"), wait("1 day")),
        people={
            "before": (1, "one 0 two 2 three 6.33 four 7.33"),
            "at": (6, "one 0 two 2 three 6.33 four 7.33"),
            "behind": (7, "one 0 two 2 three 6.33"),
        },
    ),
    Row(
        edit="message moved up",
        new=ONE + wait("2 days") + THREE + wait("4 days") + TWO + wait("5 days") + FOUR,
        people={
            "before": (1, "one 0 three 2 two 6 four 11"),
            "at": (3, "one 0 two 2 four 7"),
            "behind": (7, "one 0 two 2 three 6 four 15"),
        },
    ),
    Row(
        edit="message renamed",
        old=HELD,
        new=HELD.replace(NIGHT, NIGHT + "    id: third\n"),
        new_head=HEAD + "moved: {three: third}\n",
        people={
            "before": (1, "one 0 two 2 three 6.33 four 11.33"),
            "at": (6, "one 0 two 2 three 6.33 four 11.33"),
            "behind": (7, "one 0 two 2 three 6.33 four 11.33"),
        },
    ),
    Row(
        edit="message replaced",
        old=HELD,
        new=HELD.replace(THREE, FIVE),
        new_head=HEAD + "moved: {three: five}\n",
        people={
            "before": (1, "one 0 two 2 five 6.33 four 11.33"),
            "at": (6, "one 0 two 2 three 6.33 four 11.33"),
            "behind": (7, "one 0 two 2 three 6.33 four 11.33"),
        },
    ),
    Row(
        edit="when changed",
        old=HELD,
        new=ASKED,
        visited=True,
        people={
            "before": (1, "one 0 two 2 four 11"),
            "at": (6, "one 0 two 2 four 11.33"),
            "behind": (7, "one 0 two 2 three 6.33 four 11.33"),
        },
    ),
    Row(
        edit="condition of a branch changed",
        old=FORKED,
        new=FORKED.replace('did("visited")', 'not did("visited")'),
        people={
            "before": (1, "one 0 two 2 three 6 four 11"),
            "at": (3, "one 0 two 2 three 6 four 11"),
            "behind": (7, "one 0 two 2 five 6 four 11"),
        },
    ),
    Row(
        edit="branch taken out",
        old=NESTED,
        new=ONE + wait("2 days") + TWO + wait("5 days") + FOUR,
        new_head=HEAD + 'moved: {"two+2": four}\n',
        refused="moved: {two+2: two+1}",
        people={
            "before": (1, "one 0 two 2 four 7"),
            "at": (3, "one 0 two 2 four 3.04"),
            "behind": PLAIN_BEHIND,
        },
    ),
    Row(
        edit="message moved into a branch",
        new=BASE.replace(THREE, '  - if: not did("visited")\n    then:\n      - send: three\n'),
        people={"before": PLAIN_BEFORE, "at": (3, "one 0 two 2 three 6 four 11"), "behind": PLAIN_BEHIND},
    ),
    Row(
        edit="pin",
        head=HEAD + "on edit: pin\n",
        new=BASE.replace("4 days", "1 day").replace(FOUR, FIVE),
        people={
            "before": PLAIN_BEFORE,
            "at": (3, "one 0 two 2 three 6 four 11"),
            "behind": PLAIN_BEHIND,
            "later": (-1, "one 0 two 2 three 3 five 8"),
        },
    ),
    Row(
        edit="follow turned into pin",
        new=BASE.replace("4 days", "1 day").replace(FOUR, FIVE),
        new_head=HEAD + "on edit: pin\n",
        people={
            "before": PLAIN_BEFORE,
            "at": (3, "one 0 two 2 three 6 four 11"),
            "behind": PLAIN_BEHIND,
            "later": (-1, "one 0 two 2 three 3 five 8"),
        },
    ),
    Row(
        edit="pin turned into follow",
        head=HEAD + "on edit: pin\n",
        new=BASE.replace("4 days", "1 day").replace(FOUR, FIVE),
        new_head=HEAD,
        people={
            "before": (1, "one 0 two 2 three 3 five 8"),
            "at": (4, "one 0 two 2 three 4.04 five 9.04"),
            "behind": (7, "one 0 two 2 three 6 five 11"),
            "later": (-1, "one 0 two 2 three 3 five 8"),
        },
    ),
]


def who(where: str) -> str:
    return f"{where.replace(', ', '-')}@x.example"


def enter(corner: Corner, people: dict[str, tuple[float, str]]) -> None:
    for where, (days, _) in people.items():
        at = START + (10 - int(days)) * DAY
        corner.contact(who(where), at=START - 20 * DAY)
        corner.event(who(where), "hello", at)


def got(corner: Corner, where: str, days: float) -> str:
    entered = 24 * (10 - int(days))
    found = [
        (what, round((at - entered) / 24, 2)) for email, what, at in corner.inbox() if email == who(where)
    ]
    return " ".join(f"{what} {day:g}" for what, day in found)


def put(corner: Corner, text: str, letters: dict[str, str] | None = None) -> None:
    corner.apply(files({"hello": text}, LETTERS | (letters or {})))
    corner.world.look()
    corner.retake()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.edit)
def test_people_before_at_and_behind_an_edit(row: Row, store: Store, tmp_path: Path) -> None:
    start = files({"hello": row.head + "sequence:\n" + row.old}, LETTERS)
    with opened(store, tmp_path, start) as corner:
        early(corner, row.people)
        if row.refused:
            with pytest.raises(FilesError) as caught:
                put(corner, row.head + "sequence:\n" + row.new)
            assert row.refused in str(caught.value)
        if row.visited:
            for where in row.people:
                corner.event(who(where), "visited", EDIT)
        put(corner, (row.new_head or row.head) + "sequence:\n" + row.new)
        corner.until(EDIT + 40 * DAY)
        found = {where: (days, got(corner, where, days)) for where, (days, _) in row.people.items()}
        assert found == row.people


def early(corner: Corner, people: dict[str, tuple[float, str]]) -> None:
    """Time up to the edit."""
    enter(corner, people)
    corner.until(EDIT)


OTHERS: dict[str, Callable[[Corner], None]] = {}


def other(edit: str) -> Callable[[Callable[[Corner], None]], Callable[[Corner], None]]:
    """A row of the table that takes more than one edit, or looks at more than who got what."""

    def keep(test: Callable[[Corner], None]) -> Callable[[Corner], None]:
        OTHERS[edit] = test
        return test

    return keep


@other("message removed and brought back")
def brought_back(corner: Corner) -> None:
    people = {"before": (1.0, ""), "at": (3.0, ""), "behind": (7.0, "")}
    early(corner, people)
    put(corner, HEAD + "sequence:\n" + BASE.replace(THREE, ""))
    corner.until(EDIT + HOUR)
    put(corner, HEAD + "sequence:\n" + BASE)
    corner.until(EDIT + 40 * DAY)
    for where, (days, _) in people.items():
        assert got(corner, where, days) == "one 0 two 2 three 6 four 11"


@other("template changed")
def template_changed(corner: Corner) -> None:
    put(corner, HEAD + "sequence:\n" + HELD)
    people = {"before": (1.0, ""), "at": (6.0, ""), "behind": (7.0, "")}
    early(corner, people)
    put(corner, HEAD + "sequence:\n" + HELD, {"three": letter("third")})
    corner.until(EDIT + 40 * DAY)
    assert got(corner, "before", 1) == "one 0 two 2 third 6.33 four 11.33"
    assert got(corner, "at", 6) == "one 0 two 2 three 6.33 four 11.33"
    assert got(corner, "behind", 7) == "one 0 two 2 three 6.33 four 11.33"


def without(corner: Corner) -> None:
    corner.apply(files({}, LETTERS))
    corner.world.look()
    corner.retake()


@other("campaign taken out")
def taken_out(corner: Corner) -> None:
    put(corner, HEAD + "sequence:\n" + HELD)
    early(corner, {"behind": (9.0, "")})
    enter(corner, {"at": (-6.0, ""), "before": (-20.0, "")})
    corner.until(EDIT + 12 * DAY)
    without(corner)
    corner.until(EDIT + 40 * DAY)
    assert got(corner, "before", -20) == ""
    assert got(corner, "at", -6) == "one 0 two 2"
    assert got(corner, "behind", 9) == "one 0 two 2 three 6.33 four 11.33"
    assert corner.skipped() == {"three": "campaign-gone"}
    assert corner.entries() == [("hello", "finished"), ("hello", "campaign-gone")]


@other("campaign brought back")
def campaign_brought_back(corner: Corner) -> None:
    people = {"before": (-5.0, ""), "at": (3.0, ""), "behind": (7.0, "")}
    early(corner, people)
    without(corner)
    corner.until(EDIT + 2 * DAY)
    put(corner, HEAD + "sequence:\n" + BASE)
    corner.until(EDIT + 40 * DAY)
    assert got(corner, "before", -5) == "one 0 two 2 three 6 four 11"
    assert got(corner, "at", 3) == "one 0 two 2"
    assert got(corner, "behind", 7) == "one 0 two 2 three 6"


@pytest.mark.parametrize("edit", OTHERS)
def test_edits_that_take_more_than_one_step(edit: str, store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"hello": HEAD + "sequence:\n" + BASE}, LETTERS)) as corner:
        OTHERS[edit](corner)


def test_who_is_moved_back_to_a_message_that_they_had_goes_on_behind_it(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"hello": HEAD + "sequence:\n" + BASE}, LETTERS)) as corner:
        early(corner, {"at": (3, "")})
        put(corner, HEAD + 'moved: {"two+1": two}\nsequence:\n' + BASE.replace(wait("4 days"), ""))
        corner.until(EDIT + 40 * DAY)
        assert got(corner, "at", 3) == "one 0 two 2 three 3.04 four 8.04"
        assert corner.entries() == [("hello", "finished")]


def test_who_followed_to_a_step_that_is_newer_than_their_entry_finishes_there_when_it_is_pinned(
    store: Store, tmp_path: Path
) -> None:
    newer = BASE.replace(THREE, FIVE + wait("2 days") + THREE)
    with opened(store, tmp_path, files({"hello": HEAD + "sequence:\n" + BASE}, LETTERS)) as corner:
        enter(corner, {"at": (3, "")})
        corner.until(EDIT - DAY)
        put(corner, HEAD + "sequence:\n" + newer)
        corner.until(EDIT + 4 * DAY)
        assert got(corner, "at", 3) == "one 0 two 2 five 6"
        put(corner, HEAD + "on edit: pin\nsequence:\n" + ONE)
        corner.until(EDIT + 40 * DAY)
        assert got(corner, "at", 3) == "one 0 two 2 five 6 three 8 four 13"


def test_those_at_the_end_of_a_sequence_that_was_cut_short_are_through(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"hello": HEAD + "sequence:\n" + BASE}, LETTERS)) as corner:
        early(corner, {"at": (7, "")})
        short = BASE.replace(wait("5 days") + FOUR, "")
        with pytest.raises(FilesError, match=r"moved: \{three\+1: end\}"):
            put(corner, HEAD + "sequence:\n" + short)
        put(corner, HEAD + 'moved: {"three+1": end}\nsequence:\n' + short)
        corner.until(EDIT + DAY)
        assert corner.entries() == [("hello", "finished")]


def test_nobody_leaves_before_their_last_message_went(store: Store, tmp_path: Path) -> None:
    late = HEAD + "sequence:\n" + ONE + "  - wait until: 2016-11-01 09:00\n"
    with opened(store, tmp_path, files({"hello": late}, LETTERS)) as corner:
        early(corner, {"at": (3, "")})
        assert corner.rows(
            "SELECT e.closed_at - i.at FROM enrollments e JOIN inbox i ON i.enrollment_id = e.id"
        ) == [(0,)]


def test_the_docs_name_the_same_edits() -> None:
    lines = [line for line in DOCS.read_text("utf-8").split("\n") if line.startswith("| ")]
    told = [line.split("|")[1].strip().replace("`", "") for line in lines[1:]]
    assert sorted(told) == sorted([row.edit for row in ROWS] + list(OTHERS))


def test_what_an_apply_puts_up_to_be_decided_waits_for_the_new_version(store: Store, tmp_path: Path) -> None:
    """A daemon ticks every second and may not have taken up the version yet."""
    waits = "topic: offers\nstage: prospect\nsequence:\n  - wait: 30 days\n  - send: one\n"
    there = "topic: news\nstage: prospect\nenter: {existing: yes}\nsequence:\n  - send: two\n"
    weekly = "topic: news\nenter: {every: tuesday 10:00}\nsequence:\n  - send: three\n"
    with opened(store, tmp_path, files({"it": waits})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + 2 * DAY)
        corner.apply(files({"it": waits.replace("30 days", "1 day"), "there": there, "weekly": weekly}))
        corner.clock.move_to(START + 2 * DAY + 11 * HOUR)
        corner.tick.run(corner.now)
        assert corner.inbox() == []
        corner.world.look()
        corner.retake()
        corner.until(START + 3 * DAY)
        assert sorted(subject for _, subject, _ in corner.inbox()) == ["one", "three", "two"]


def test_a_message_of_a_campaign_that_is_not_taken_up_yet_waits(store: Store, tmp_path: Path) -> None:
    """Another host may have taken the version up before this one, and planned by it."""
    new = "topic: news\nstage: prospect\nenter: {existing: yes}\nsequence:\n  - send: two\n"
    with opened(
        store, tmp_path, files({"it": "topic: offers\nenter: {on: never}\nsequence:\n  - send: one\n"})
    ) as corner:
        corner.contact("ann@x.example")
        corner.until(START + HOUR)
        stale, send = corner.world(), corner.send
        corner.apply(files({"new": new}))
        decide(store, InForce(store, corner.app.settings)(), corner.now)
        assert corner.world() is stale
        send()
        assert corner.inbox() == []
        corner.world.look()
        corner.retake()
        corner.until(START + DAY)
        assert [subject for _, subject, _ in corner.inbox()] == ["two"]
