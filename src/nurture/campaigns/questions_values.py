"""The values of questions.yaml: answers, scales, the attribute that is set, words in other languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from nurture.journeys.questions import Answer, Wording
from nurture.journeys.shape import ON_KEY, kind_of, wrong
from nurture.journeys.spelling import near, normal, quoted
from nurture.journeys.values import text

MOST_ANSWERS = 11
"""A row of more does not fit on a phone."""

NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}"
"""Of questions and answers: they stand in addresses."""

_SETS = re.compile(r"contact\.([^\W\d]\w*)")
_OWN = frozenset(
    {"email", "external_id", "first_name", "last_name", "locale", "timezone", "country", "tags", "created_at"}
)
"""What no answer may overwrite."""

EXAMPLE = "good: {says: Good, score: 3}"


def answers_of(value: object, info: ValidationInfo) -> tuple[Answer, ...]:
    if not isinstance(value, dict) or not value:
        raise wrong("wrong-type", "`answers:` wants answers, each with a name", f"such as {EXAMPLE}")
    found = tuple(_answer(str(name), it, info) for name, it in value.items())
    if len(found) < 2:
        raise wrong("answers", "one answer is no choice", f"write a second, such as {EXAMPLE}")
    if len(found) > MOST_ANSWERS:
        hint = "so many do not fit in a row on a phone"
        raise wrong("answers", f"there are {len(found)} answers, and {MOST_ANSWERS} at most", hint)
    return found


def _answer(name: str, value: object, info: ValidationInfo) -> Answer:
    if not re.fullmatch(NAME, name):
        message = f"{quoted(name)} cannot be the name of an answer"
        raise wrong("not-a-name", message, f"write it as {EXAMPLE}", below=(name, ON_KEY))
    if not isinstance(value, dict):
        if isinstance(value, list) or value in (None, ""):
            message = f"the answer {quoted(name)} wants words, not {kind_of(value)}"
            raise wrong("wrong-type", message, f"such as {EXAMPLE}", below=(name,))
        return Answer(name=name, says=str(value))
    keys = {normal(str(key)): str(key) for key in value}
    for key, written in keys.items():
        if key not in ("says", "score"):
            raise _unknown(written, ("says", "score"), (name, written), cut=value[written] in (None, ""))
    says = value.get(keys.get("says", ""), "")
    if not isinstance(says, str) or not says:
        message = f"the answer {quoted(name)} does not say anything"
        raise wrong("empty", message, f"such as {EXAMPLE}", below=(name, ON_KEY))
    score = value.get(keys["score"]) if "score" in keys else None
    return Answer(name=name, says=says, score=None if score is None else _score(score, name, keys["score"]))


def _score(value: object, name: str, key: str) -> float:
    written = value if isinstance(value, str) else ""
    if not re.fullmatch(r"-?\d{1,6}(\.\d{1,3})?", written):
        shown = quoted(written) if written else kind_of(value)
        raise wrong("wrong-type", f"a score is a number, not {shown}", "such as score: 3", below=(name, key))
    return float(written)


def scale_of(value: object, info: ValidationInfo) -> tuple[Answer, ...]:
    written = text(value, info)
    match = re.fullmatch(r"(\d{1,3})\s*[-–]\s*(\d{1,3})", written)
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 0 < last - first < MOST_ANSWERS:
        message = f"{quoted(written)} is not a scale"
        raise wrong("not-a-scale", message, "two whole numbers, such as 0-10 or 1-5, with at most 11 steps")
    return tuple(Answer(name=str(it), says=str(it), score=float(it)) for it in range(first, last + 1))


def sets_of(value: object, info: ValidationInfo) -> tuple[str, bool]:
    """The attribute, and whether it takes the score."""
    score = False
    if isinstance(value, dict) and len(value) == 1:
        (value, takes), *_ = value.items()
        if takes not in ("score", "answer"):
            hint = near(str(takes), ("score", "answer")) or "write {contact.satisfaction: score}"
            raise wrong(
                "not-a-choice", "an attribute takes the answer or its score", hint, below=(str(value),)
            )
        score = takes == "score"
    written = text(value, info)
    match = _SETS.fullmatch(written)
    if match is None:
        message = f"{quoted(written)} is no attribute of a contact"
        raise wrong("not-an-attribute", message, "write it as contact.satisfaction")
    if match[1] in _OWN:
        message = f"contact.{match[1]} is not for an answer to change"
        raise wrong("not-an-attribute", message, "take a name of its own, such as contact.satisfaction")
    return match[1], score


def languages_of(value: object, info: ValidationInfo) -> Mapping[str, Wording]:
    if not isinstance(value, dict) or not value:
        raise wrong(
            "wrong-type", "`in:` wants languages, each with words", 'such as de: {asks: "Wie war es?"}'
        )
    return {_language(str(it)): _wording(str(it), said) for it, said in value.items()}


def _language(written: str) -> str:
    if re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,4})?", written):
        return written.replace("_", "-").lower()
    raise wrong(
        "not-a-name", f"{quoted(written)} is no language", "such as de, or de-at", below=(written, ON_KEY)
    )


def _wording(language: str, said: object) -> Wording:
    if not isinstance(said, dict):
        message = f"{quoted(language)} wants keys, not {kind_of(said)}"
        raise wrong("wrong-type", message, 'such as de: {asks: "Wie war es?"}', below=(language,))
    known = ("asks", "answers", "comment", "thanks", "low", "high")
    for key in said:
        if key not in known:
            raise _unknown(str(key), known, (language, str(key)), cut=said[key] in (None, ""))
        if (key == "answers") is not isinstance(said[key], dict) or not said[key]:
            message = f"`{key}:` cannot be {kind_of(said[key])}"
            raise wrong("wrong-type", message, "words in this language", below=(language, str(key)))
    answers = said.get("answers", {})
    for name, words in answers.items():
        if not isinstance(words, str) or not words:
            message = f"the answer {quoted(str(name))} wants words, not {kind_of(words)}"
            raise wrong("wrong-type", message, "such as good: Gut", below=(language, "answers", str(name)))
    plain = {key: str(it) for key, it in said.items() if key != "answers"}
    return Wording(answers={str(name): str(it) for name, it in answers.items()}, **plain)


def _unknown(
    written: str, known: tuple[str, ...], below: tuple[str, ...], *, cut: bool
) -> PydanticCustomError:
    """A key that is not there; `cut`: nothing stands behind it, so that it may be the rest of a sentence."""
    message = f"no key is called `{written}:` here"
    hint = near(written, known) or f"there is: {', '.join(known)}"
    if cut and " " in written:
        message, hint = (
            "inside { } a comma ends the words",
            'put them in quotes, such as says: "Yes, I would"',
        )
    return wrong("unknown-key", message, hint, below=(*below, ON_KEY))


Answers: TypeAlias = Annotated[tuple[Answer, ...], PlainValidator(answers_of)]
Scale: TypeAlias = Annotated[tuple[Answer, ...], PlainValidator(scale_of)]
Sets: TypeAlias = Annotated[tuple[str, bool], PlainValidator(sets_of)]
"""The attribute, and whether it takes the score."""
Languages: TypeAlias = Annotated[Mapping[str, Wording], PlainValidator(languages_of)]
