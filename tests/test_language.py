"""The reference of the campaign language: its examples are taken as they stand, and it leaves nothing out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from nurture.audience.expressions import parse as parse_expression
from nurture.audience.expressions.calls import CALLS
from nurture.audience.expressions.named import FACTS
from nurture.audience.expressions.names import CONTACT, ENGAGEMENT, EVENT, OFFER, ORDERS, OWN_EVENTS, STAGE
from nurture.campaigns.book import read
from nurture.campaigns.campaign_file import CampaignShape, EnterShape, EventShape, GoalShape, ReentryShape
from nurture.campaigns.findings import render
from nurture.campaigns.known import Known
from nurture.campaigns.lifecycle_file import LifecycleShape
from nurture.campaigns.offers_file import AtMostShape, OfferShape
from nurture.campaigns.questions_file import QuestionShape
from nurture.campaigns.schema.words import WORDS
from nurture.clock import HOUR, Moment, from_datetime, to_datetime
from nurture.journeys.calendar import (
    Recurring,
    days_later,
    parse_point,
    parse_recurring,
    parse_window,
)
from nurture.journeys.effects import SETTABLE
from nurture.journeys.shape import Shape
from nurture.journeys.steps.kinds import KINDS
from nurture.journeys.terms import Terms
from nurture.offers.offer import Kind
from nurture.settings import load

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/language.md").read_text(encoding="utf-8")
FEEDBACK = (ROOT / "docs/feedback.md").read_text(encoding="utf-8")
FILES = {path.relative_to(ROOT).as_posix(): path.read_text() for path in ROOT.glob("campaigns/*.yaml")}
SHAPES: tuple[tuple[type[Shape], str], ...] = (
    (CampaignShape, "campaign"),
    (EnterShape, "enter"),
    (ReentryShape, "reentry"),
    (EventShape, "exit"),
    (GoalShape, "goal"),
    (LifecycleShape, "lifecycle"),
    (OfferShape, "offer"),
    (AtMostShape, "at most"),
    (QuestionShape, "question"),
)
"""Every group of keys but the steps, and where the index says its keys stand."""

HEAD = "topic: offers\nstage: prospect\n"
SEQUENCE = "sequence:\n  - send: welcome\n"
OF_THE_WHOLE = {"stage-without-campaign", "late-thanks", "care-drops", "newcomers-get-more"}
"""What is said of a workspace that has no campaigns but the one of an example."""


@pytest.fixture(scope="module")
def known() -> Known:
    return Known(
        templates=frozenset(path.stem for path in (ROOT / "templates/email").glob("*.*")),
        topics={name: topic.always for name, topic in load(ROOT, {}).topics.items()},
        lines=frozenset({"DELI", "FLORAL"}),
    )


def examples() -> list[str]:
    return [
        it
        for page in (PAGE, FEEDBACK)
        for it in re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    ]


def completed(example: str) -> dict[str, str]:
    """The files of a workspace with the example in it; what it does not say is added."""
    if example.startswith("stages:"):
        return {"campaigns/lifecycle.yaml": example}
    if "  asks:" in example:
        return FILES | {"campaigns/questions.yaml": example}
    if "  kind:" in example:
        return FILES | {"campaigns/offers.yaml": example}
    if example.startswith("  - "):
        return FILES | {"campaigns/example.yaml": HEAD + SEQUENCE + example}
    if not re.search("^sequence:", example, re.MULTILINE):
        example += SEQUENCE
    return FILES | {"campaigns/example.yaml": example}


@pytest.mark.parametrize("example", examples())
def test_every_example_is_taken_as_it_stands(example: str, known: Known) -> None:
    found = [it for it in read(completed(example), known).findings if it.code not in OF_THE_WHOLE]
    assert [render(it) for it in found] == []


def first_cells(heading: str) -> Iterator[str]:
    """What is written in code in the first cells of the tables of a section."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE):
        yield from re.findall("`([^`]+)`", row)


def index() -> dict[str, set[str]]:
    """Each key of the index, and where it stands."""
    found: dict[str, set[str]] = {}
    for row in re.findall(r"^\| `.*\|$", PAGE.split("\n## All keys\n")[1], re.MULTILINE):
        keys, places, _ = row.strip("| ").split(" | ")
        for key in re.findall("`([^`]+)`", keys):
            found.setdefault(key, set()).update(it.strip("` ") for it in places.split(","))
    return found


@pytest.mark.parametrize(("shape", "place"), SHAPES)
def test_the_index_has_every_key(shape: type[Shape], place: str) -> None:
    assert {key for key in shape.written_keys() if place not in index().get(key, set())} == set()


@pytest.mark.parametrize("kind", KINDS.values())
def test_the_index_has_every_key_of_every_step(kind: type[Shape]) -> None:
    own, *others = (key for key in kind.written_keys() if key not in ("id", "when"))
    for key in ("id", "when"):
        assert "any step" in index()[key]
    steps = [key for key in (own, *others) if "step" in index().get(key, set())]
    assert len(steps) == 1
    assert {key for key in (own, *others) if not {"step", *steps} & index().get(key, set())} == set()


def test_the_index_has_no_key_that_there_is_not() -> None:
    shapes = [shape for shape, _ in SHAPES] + list(KINDS.values())
    there = {key for shape in shapes for key in shape.written_keys()}
    assert set(index()) - there == {"contact.NAME", "tag", "untag"}


def test_every_shape_that_schemas_describe_is_looked_at_here() -> None:
    mine = {shape.__name__ for shape, _ in SHAPES} | {kind.__name__ for kind in KINDS.values()}
    tests = {"CaseShape", "GivenShape", "AlwaysShape"}
    assert set(WORDS) - mine - tests == {"StepKind"}


def test_every_term_of_a_message_stands_in_its_table() -> None:
    cells = set(first_cells("What happens to them"))
    spoken = {"sender": "from"}
    for name in Terms.__slots__:
        assert spoken.get(name, name.replace("_", " ")) in cells


def test_every_fact_has_a_row() -> None:
    cells = set(first_cells("Conditions"))
    fields = {"contact": CONTACT, "stage": STAGE, "orders": ORDERS, "engagement": ENGAGEMENT, "offer": OFFER}
    wanted = {f"{owner}.{name}" for owner, names in fields.items() for name in names}
    wanted |= {f"event.{name}" for name in EVENT} | {"stage", "now", "line.name", 'lines["FLORAL"].stage'}
    assert wanted - cells == set()
    assert {re.split(r"[.\[(]", cell)[0] for cell in cells} >= set(FACTS)


def test_every_call_has_a_row() -> None:
    calls = {cell.partition("(")[0] for cell in first_cells("Conditions") if "(" in cell}
    assert set(CALLS) - calls == set()


@pytest.mark.parametrize("cell", sorted({*first_cells("Conditions")}))
def test_what_the_tables_of_conditions_show_can_be_read(cell: str) -> None:
    # What begins with a quotation mark stands in single quotes as a whole, as in a file.
    written = re.sub(r"^'(\".*)'$", r"\1", cell).replace("…", "count")
    if re.search(r"[\w\"')]", written) and written not in ("and", "or", "not", "in", "not in", "( )"):
        parse_expression(written, segments={"newcomer": parse_expression("orders.count == 1")})


@pytest.mark.parametrize(
    "words", [get_args(Kind), OWN_EVENTS, SETTABLE, ("clicks", "conversions"), ("wait", "skip", "replace")]
)
def test_every_word_to_choose_from_is_named(words: tuple[str, ...]) -> None:
    assert {word for word in words if f"`{word}`" not in PAGE} == set()


def test_every_way_to_say_when_is_understood() -> None:
    section = PAGE.split("**`every`**:")[1].split("\n\n")[1]
    for written in re.findall("`([^`]+)`", re.sub(r"^(\|[^|]*\|).*$", r"\1", section, flags=re.MULTILINE)):
        parse_recurring(written)
    section = PAGE.split("### Windows")[1].split("Hours without days")[0]
    for written in re.findall(r"^\| `([^`]+)`", section, re.MULTILINE):
        parse_window(written)
    section = PAGE.split("**`wait until`** a moment:")[1].split("```")[0]
    for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE):
        for written in re.findall("`([^`]+)`", row):
            parse_point(written, parse_expression, recurring=True)


BERLIN = ZoneInfo("Europe/Berlin")


def moment(text: str) -> Moment:
    return from_datetime(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("day", "half_past_two", "noon_and_a_day", "hours_before", "open_for"),
    [
        (date(2026, 3, 29), "2026-03-29T03:00+02:00", "2026-03-29T13:00+02:00", 23, 0),
        (date(2026, 10, 25), "2026-10-25T02:30+02:00", "2026-10-25T11:00+01:00", 25, 2),
    ],
)
def test_the_days_on_which_clocks_change_are_as_the_page_says(
    day: date, half_past_two: str, noon_and_a_day: str, hours_before: int, open_for: int
) -> None:
    saturday = date.fromordinal(day.toordinal() - 1)
    noon = from_datetime(datetime(saturday.year, saturday.month, saturday.day, 12, tzinfo=BERLIN))
    sunday = parse_recurring("sunday 02:30")
    assert isinstance(sunday, Recurring)
    assert sunday.next_at_or_after(noon, BERLIN) == moment(half_past_two)
    assert to_datetime(noon + 24 * HOUR, BERLIN).isoformat(timespec="minutes") == noon_and_a_day
    next_noon = from_datetime(datetime(day.year, day.month, day.day, 12, tzinfo=BERLIN))
    assert days_later(next_noon, -1, BERLIN) == next_noon - hours_before * HOUR == noon
    window = parse_window("02:00-03:00")
    midnight = from_datetime(datetime(day.year, day.month, day.day, tzinfo=BERLIN))
    quarters = range(midnight, midnight + 6 * HOUR, HOUR // 4)
    assert sum(window.is_open(at, BERLIN) for at in quarters) == open_for * 4
    assert f"{day.day} {day:%B}" in PAGE


def test_a_weekday_counts_from_the_step_before() -> None:
    tuesday = parse_point("tuesday 10:00", parse_expression, recurring=True)
    assert isinstance(tuesday, Recurring)
    done = moment("2026-03-03T10:00+00:00")
    assert tuesday.next_at_or_after(done, ZoneInfo("UTC")) == done
