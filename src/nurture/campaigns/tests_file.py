"""campaigns/tests/*.yaml: what must and must never happen to a made-up contact. Its form; nothing is run here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from nurture.campaigns.source import Source
from nurture.campaigns.tests_lines import Expects, Happens, Holds, Reacts, Sent
from nurture.campaigns.tests_values import Expectation, Given, Happening, Rule, Start
from nurture.campaigns.tree import Keyed, Listing, Loc, find
from nurture.campaigns.wording import Complaint
from nurture.journeys.shape import Reading, Shape
from nurture.journeys.spelling import near, quoted
from nurture.journeys.values import Listed, Text

FOLDER = "tests"
"""Below campaigns/."""


class GivenShape(Shape):
    """`given:`."""

    contact: Given = Field(examples=["{email: ann@example.test}"])


class CaseShape(Shape):
    """One test."""

    it: Text = Field(examples=["stops offering once they have bought"])
    given: GivenShape = Field(examples=["{contact: {email: ann@example.test}}"])
    start: Start = Field(alias="from", examples=["2026-03-02 09:00"])
    happens: Annotated[tuple[Happening, ...], Listed] = ()
    expect: Annotated[tuple[Expectation, ...], Listed] = Field(examples=["[day 1: send welcome]"])


class AlwaysShape(Shape):
    """`always:`: rules for every test, and for every `nurture simulate`."""

    always: Annotated[tuple[Rule, ...], Listed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A made-up contact, what happens to them day by day, and what must and must never follow."""

    it: str
    contact: dict[str, str | tuple[str, ...]]
    """Facts by name; `email` is among them."""
    start: str
    """ISO 8601: the first moment of day 1; without a zone it is in the workspace's."""
    happens: tuple[tuple[int, Happens], ...]
    """With the day, from 1."""
    expect: tuple[tuple[int | None, Expects], ...]
    """With the day; None: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """What one file says, as far as it has no mistake."""

    cases: tuple[Case, ...] = ()
    always: tuple[Holds, ...] = ()


def read_tests(source: Source, reading: Reading, messages: frozenset[str]) -> Cases:
    """The tests of one file; what is wrong with the others is in `source.findings`.

    `messages`: what the campaigns send, as `campaign/step`; a test may leave the campaign out.
    """
    if source.tree is None:
        return Cases()
    if not isinstance(source.tree, Listing) or not source.tree.items:
        source.complain(
            Complaint("wrong-type", "this file wants a list of tests", "write it as `- it: …`"), ()
        )
        return Cases()
    known = messages | {it.partition("/")[2] for it in messages}
    cases: list[Case] = []
    always: list[Holds] = []
    for number, item in enumerate(source.tree.items):
        loc = (number,)
        if not isinstance(item, Keyed) or not item.entries:
            complaint = Complaint("wrong-type", "this is not a test", "write it as `- it: …`, or `- always:`")
            source.complain(complaint, loc)
        elif item.entry("always"):
            rules = source.shape(AlwaysShape, reading, loc)
            always += rules.always if rules else ()
        elif shape := source.shape(CaseShape, reading, loc):
            case = _case(shape)
            _check_messages(source, loc, case, known)
            cases.append(case)
    return Cases(cases=tuple(cases), always=tuple(always))


def _case(shape: CaseShape) -> Case:
    return Case(
        it=shape.it,
        contact=shape.given.contact,
        start=shape.start,
        happens=tuple(pair for line in shape.happens for pair in line.items()),
        expect=tuple(pair for line in shape.expect for pair in line.items()),
    )


def _check_messages(source: Source, loc: Loc, case: Case, messages: frozenset[str]) -> None:
    for where, name in _named(case):
        if name not in messages:
            message = f"no campaign sends a message called {quoted(name)}"
            place = _behind_key(source, (*loc, *where))
            source.complain(Complaint("unknown-step", message, near(name, messages)), place)


def _named(case: Case) -> Iterator[tuple[Loc, str]]:
    for number, (_, happening) in enumerate(case.happens):
        if isinstance(happening, Reacts):
            yield ("happens", number), happening.message
    for number, (_, expected) in enumerate(case.expect):
        if isinstance(expected, Sent):
            yield ("expect", number), expected.message


def _behind_key(source: Source, loc: Loc) -> Loc:
    """The value of a line such as `day 2: clicked welcome`."""
    line = find(source.tree, loc)[0] if source.tree else None
    return (*loc, line.entries[0].key.value) if isinstance(line, Keyed) and line.entries else loc
