"""questions.yaml: what messages ask, with the answers that can be given."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field

from nurture.audience.expressions import Expression
from nurture.campaigns.questions_values import EXAMPLE, NAME, Answers, Languages, Scale, Sets
from nurture.campaigns.source import Source
from nurture.campaigns.tree import Keyed
from nurture.campaigns.wording import Complaint
from nurture.journeys.questions import Question
from nurture.journeys.shape import Reading, Shape
from nurture.journeys.spelling import near, quoted
from nurture.journeys.values import Text

FILE = "questions.yaml"


def _nothing_to_parse(written: str) -> Expression:
    raise AssertionError(f"no expression stands in {FILE}: {written}")


_READING = Reading(parse=_nothing_to_parse)


class QuestionShape(Shape):
    """One entry of questions.yaml."""

    asks: Text = Field(examples=["How did we do?"])
    answers: Answers = ()
    scale: Scale = ()
    low: Text = ""
    high: Text = ""
    comment: Text = ""
    sets: Sets = ("", False)
    thanks: Text = ""
    in_: Languages = Field(default={}, alias="in")


def read_questions(source: Source) -> dict[str, Question]:
    """The questions that can be read, by name; findings for the others."""
    if source.tree is None:
        return {}
    if not isinstance(source.tree, Keyed):
        message = "this file wants the name of a question, and its keys below it"
        source.complain(Complaint("wrong-type", message, "such as how-was-it:"), ())
        return {}
    questions: dict[str, Question] = {}
    for entry in source.tree.entries:
        key = entry.key.value
        if not re.fullmatch(NAME, key):
            message = f"{quoted(key)} cannot be the name of a question"
            source.complain(Complaint("not-a-name", message, "write it as how-was-it", on_key=True), (key,))
        shape = source.shape(QuestionShape, _READING, (key,))
        if shape is not None and _is_whole(source, key, shape):
            questions[key] = _question(key, shape)
    return questions


def questions_in(files: Mapping[str, str]) -> dict[str, Question]:
    """The questions of `files`, path to text, as far as they can be read; what is wrong is `book.read`'s to say."""
    path = f"campaigns/{FILE}"
    if path not in files:
        return {}
    return read_questions(Source(path, files[path]))


def _is_whole(source: Source, key: str, shape: QuestionShape) -> bool:
    """Whether its keys go together."""
    answers = shape.answers or shape.scale
    if bool(shape.answers) is bool(shape.scale):
        said = "both `answers:` and `scale:`" if shape.scale else "neither `answers:` nor `scale:`"
        hint = "take one of them out" if shape.scale else f"write answers, such as {EXAMPLE}"
        source.complain(Complaint("answers", f"there is {said}", hint, on_key=True), (key,))
        return False
    ends = [it for it in ("low", "high") if getattr(shape, it)] if shape.answers else []
    for name in ends:
        message = f"`{name}:` is for a scale, and this question has answers of its own"
        hint = "take it out, or write `scale:` in place of `answers:`"
        source.complain(Complaint("conflict", message, hint, on_key=True), (key, name))
    if shape.sets[1] and any(it.score is None for it in answers):
        name = next(it.name for it in answers if it.score is None)
        message = f"the answer {quoted(name)} has no score to take"
        source.complain(Complaint("missing", message, f"give it one, such as {EXAMPLE}"), (key, "sets"))
        return False
    known = {it.name for it in answers}
    strange = [
        (language, it) for language, said in shape.in_.items() for it in said.answers if it not in known
    ]
    for language, name in strange:
        message = f"no answer is called {quoted(name)}"
        hint = near(name, known) or f"there is: {', '.join(sorted(known))}"
        written = next(it for it in _written(source, key) if it.replace("_", "-").lower() == language)
        complaint = Complaint("unknown-answer", message, hint, on_key=True)
        source.complain(complaint, (key, "in", written, "answers", name))
    return not strange


def _written(source: Source, key: str) -> list[str]:
    """The languages as the file spells them."""
    entry = source.tree.entry(key) if isinstance(source.tree, Keyed) else None
    inside = entry.value.entry("in") if entry and isinstance(entry.value, Keyed) else None
    return [it.key.value for it in inside.value.entries] if inside and isinstance(inside.value, Keyed) else []


def _question(key: str, shape: QuestionShape) -> Question:
    attribute, score = shape.sets
    return Question(
        key=key,
        asks=shape.asks,
        answers=shape.answers or shape.scale,
        comment=shape.comment,
        sets=attribute,
        sets_score=score,
        thanks=shape.thanks,
        low=shape.low,
        high=shape.high,
        languages=shape.in_,
    )
