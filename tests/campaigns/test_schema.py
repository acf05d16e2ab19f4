"""The schemas of editors: made of the shapes, right about every file there is, and wordy about every key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from nurture.audience.expressions import parse
from nurture.campaigns.campaign_file import CampaignShape
from nurture.campaigns.codes.care import CARE
from nurture.campaigns.codes.expressions import EXPRESSIONS
from nurture.campaigns.codes.names import NAMES
from nurture.campaigns.lifecycle_file import LifecycleShape
from nurture.campaigns.offers_file import AtMostShape, OfferShape
from nurture.campaigns.questions_file import QuestionShape
from nurture.campaigns.schema import FOLDER, KINDS, file_name, schema, written
from nurture.campaigns.schema.shapes import Writer
from nurture.campaigns.schema.values import WRITTEN_BY
from nurture.campaigns.schema.words import WORDS
from nurture.campaigns.tests_file import AlwaysShape, CaseShape, GivenShape
from nurture.journeys import sending_values, time_values, values
from nurture.journeys.shape import Reading, Shape
from nurture.journeys.spelling import normal, spoken
from nurture.journeys.steps.base import StepKind
from nurture.journeys.steps.kinds import KINDS as STEPS
from support.broken import findings_of
from support.editor_yaml import Editor11, Editor12, read_as_editors_do

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted([*ROOT.glob("campaigns/**/*.yaml"), *ROOT.glob("examples/**/*.yaml")])
BROKEN = sorted((ROOT / "tests/broken").glob("*.yaml"))
SHAPES: tuple[type[Shape], ...] = (
    CampaignShape,
    LifecycleShape,
    OfferShape,
    AtMostShape,
    QuestionShape,
    CaseShape,
    GivenShape,
    AlwaysShape,
    *STEPS.values(),
)

OF_FORM = frozenset(
    {"unknown-key", "missing", "wrong-type", "not-a-choice", "not-a-length", "zero-length", "not-an-event"}
    | {"not-an-id", "not-a-share", "not-a-priority", "not-an-address", "not-a-target", "not-a-property"}
    | {"step-kind", "empty", "test-line", "not-a-name"}
)
"""Codes of mistakes that a schema sees."""
OF_MEANING = frozenset({*NAMES, *EXPRESSIONS, *CARE})
"""Codes of mistakes that no schema can see."""
BEYOND = frozenset(
    {
        "empty-file",  # there is nothing that a schema could look at
        "empty-only-comments",
        "offers-called-hold",  # a name like any other, but for `when out: hold`
        "questions-sets-a-score-that-is-not-there",  # it is looked for in the answers
        "template-that-is-no-id",  # it wants an id, and may have one
        "wait-until-without-length",  # it could be a fact
    }
)
"""Files of OF_FORM whose mistake is beyond a schema all the same."""


@cache
def validator(kind: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(schema(kind))


def kind_of(path: Path) -> str:
    """Which schema a file is for. The names of broken files begin with it, those of campaigns excepted."""
    if path.parent.name == "tests":
        return "tests"
    first = path.stem.partition("-")[0]
    return first if first in ("lifecycle", "offers", "questions", "tests") else "campaign"


def mistakes(kind: str, text: str, loader: type[yaml.SafeLoader] = Editor12) -> list[str]:
    return [it.message for it in validator(kind).iter_errors(read_as_editors_do(text, loader))]


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_in_the_repository_is_what_is_generated(kind: str) -> None:
    file = ROOT / FOLDER / file_name(kind)
    assert file.read_text(encoding="utf-8") == written(kind), "make it anew: nurture schema"


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_schema_itself(kind: str) -> None:
    jsonschema.Draft7Validator.check_schema(schema(kind))
    assert json.loads(written(kind)) == schema(kind)


@pytest.mark.parametrize("loader", [Editor11, Editor12])
@pytest.mark.parametrize("path", SAMPLES, ids=lambda it: it.stem)
def test_the_samples_are_right_to_an_editor(path: Path, loader: type[yaml.SafeLoader]) -> None:
    assert mistakes(kind_of(path), path.read_text(encoding="utf-8"), loader) == []


@pytest.mark.parametrize("path", SAMPLES, ids=lambda it: it.stem)
def test_the_samples_name_their_schema_in_the_first_line(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert named is not None
    assert (path.parent / named[1]).resolve() == ROOT / FOLDER / file_name(kind_of(path))


@pytest.mark.parametrize("path", BROKEN, ids=lambda it: it.stem)
def test_an_editor_sees_the_mistakes_of_form_and_imagines_none(path: Path) -> None:
    text, kind = path.read_bytes().decode(), kind_of(path)
    codes = {it.code for it in findings_of(path) if it.severity == "error"}
    try:
        said = mistakes(kind, text)
    except (yaml.YAMLError, UnicodeError):
        return
    if codes <= OF_MEANING:
        assert said == [], codes
    elif codes & OF_FORM and path.stem not in BEYOND:
        assert said != [], codes


def keys() -> Iterator[tuple[str, str]]:
    """Every shape with every key that a schema writes of it."""
    seen: set[type[Shape]] = set()

    def inside(annotation: Any) -> Iterator[type[Shape]]:
        if isinstance(annotation, type) and issubclass(annotation, Shape) and annotation is not StepKind:
            yield annotation
        for part in getattr(annotation, "__args__", ()):
            yield from inside(part)

    waiting = list(SHAPES)
    while waiting:
        shape = waiting.pop()
        if shape not in seen:
            seen.add(shape)
            for name, field in shape.model_fields.items():
                yield shape.__name__, normal(field.alias or name)
                waiting += inside(field.annotation)


def test_every_key_is_described_and_every_description_is_of_a_key() -> None:
    parents = {kind.__name__: [it.__name__ for it in kind.__mro__] for kind in all_shapes()}
    described = {(it, key) for shape, key in keys() for it in parents[shape] if key in WORDS.get(it, {})}
    assert {(shape, key) for shape, words in WORDS.items() for key in words} == described
    assert {
        (shape, key) for shape, key in keys() if not any((it, key) in described for it in parents[shape])
    } == set()


def all_shapes(of: type[Shape] = Shape) -> Iterator[type[Shape]]:
    yield of
    for child in of.__subclasses__():
        yield from all_shapes(child)


@pytest.mark.parametrize(("shape", "key"), [(shape, key) for shape, words in WORDS.items() for key in words])
def test_a_description_is_a_sentence_with_an_example(shape: str, key: str) -> None:
    word = WORDS[shape][key]
    assert word.says[0].isupper() or word.says.startswith("`")
    assert word.says.endswith(".")
    assert word.examples


def described(part: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of a schema with its value's."""
    if isinstance(part, dict):
        yield from part.get("properties", {}).items()
        for it in part.values():
            yield from described(it)
    elif isinstance(part, list):
        for it in part:
            yield from described(it)


@pytest.mark.parametrize("kind", KINDS)
def test_every_property_says_what_it_does_and_shows_an_example(kind: str) -> None:
    for key, value in described(schema(kind)):
        says, _, example = value["description"].partition("\n\nExample: ")
        assert says, key
        assert f"{key}:" in example, key


EXAMPLES = [
    (shape, key, example)
    for shape, words in WORDS.items()
    for key, word in words.items()
    for example in word.examples
]


@pytest.mark.parametrize(("shape", "key", "example"), EXAMPLES)
def test_the_examples_are_right_themselves(shape: str, key: str, example: str) -> None:
    some = next(
        it for it in all_shapes() if shape in [kind.__name__ for kind in it.__mro__] and it.model_fields
    )
    kind = next((it for it in SHAPES if issubclass(it, some)), some)
    writer = Writer()
    wanted = writer.keys_of(kind)["properties"][spoken(key)]
    value = read_as_editors_do(f"{spoken(key)}: {example}")[spoken(key)]
    jsonschema.Draft7Validator({**wanted, "definitions": writer.definitions}).validate(value)


READING = Reading(parse=parse)
PIECES = [
    "0", "1", "12", "9", "%", " ", " ", "-", ":", ",", ";", ".", "_", "/", "+", "@", "<", ">", "ä", "x", "and", "first",
    "last", "day", "Day", "days", "hours", "mon", "Fri", "tuesday", "contact", "ordered", "yes", "09:00", "17:00",
    "09:00-17:00", "contact.born", "shop.example", "https://", "any time", "Any Time", "no holidays", "of the month",
]  # fmt: skip


KINDS_OF_VALUE = {
    name: alias
    for room in (values, sending_values, time_values)
    for name, alias in vars(room).items()
    if getattr(alias, "__metadata__", (None,))[0] in WRITTEN_BY
}
SEEN = {
    name: jsonschema.Draft7Validator(WRITTEN_BY[alias.__metadata__[0]])
    for name, alias in KINDS_OF_VALUE.items()
}
READERS = {name: TypeAdapter(alias) for name, alias in KINDS_OF_VALUE.items()}


def test_every_kind_of_value_is_known_to_schemas() -> None:
    assert {alias.__metadata__[0] for alias in KINDS_OF_VALUE.values()} == set(WRITTEN_BY)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join))
def test_nothing_that_check_takes_is_underlined(written: str) -> None:
    for name, reader in READERS.items():
        try:
            reader.validate_python(written, context=READING)
        except ValidationError:
            continue
        wanted = SEEN[name]
        seen = int(written) if wanted.schema.get("type") == "integer" else written
        assert wanted.is_valid(seen), (name, written)
