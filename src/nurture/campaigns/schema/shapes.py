"""From a shape to its part of a JSON Schema: its keys, what each wants, and the steps inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import Discriminator, Tag
from pydantic.fields import FieldInfo

from nurture.campaigns.schema.values import WRITTEN_BY
from nurture.campaigns.schema.word import Fragment, Word
from nurture.campaigns.schema.words import word_for
from nurture.journeys.shape import Shape
from nurture.journeys.spelling import normal, spoken
from nurture.journeys.steps.base import StepKind
from nurture.journeys.steps.kinds import KINDS
from nurture.journeys.values import Listed, OneOrMany

STEP = "step"
"""The definition that stands for a step of any kind."""

_SILENT = (Listed, OneOrMany)
"""Marks of a list, seen to there."""


class Writer:
    """Writes shapes; those that are named from several places are kept in `definitions`."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}

    def keys_of(self, model: type[Shape]) -> Fragment:
        """An object with the keys of `model` and no others, each in its three spellings."""
        properties: dict[str, Any] = {}
        others: dict[str, Any] = {}
        required: list[str] = []
        for name, field in model.model_fields.items():
            key = normal(field.alias or name)
            properties[spoken(key)] = value = self._described(model, key, field)
            if "_" in key:
                others[_other_spellings(key)] = value
            if field.is_required():
                required.append(key)
        return {
            "type": "object",
            **_required(required),
            "properties": properties,
            **({"patternProperties": others} if others else {}),
            "additionalProperties": False,
        }

    def shape(self, model: type[Shape]) -> Fragment:
        """A reference to the definition of `model`."""
        name = model.__name__.removesuffix("Shape")
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = self.keys_of(model)
        return {"$ref": f"#/definitions/{name}"}

    def step(self) -> Fragment:
        """A reference to a step of any kind."""
        if STEP not in self.definitions:
            self.definitions[STEP] = {}
            self.definitions[STEP] = {
                "type": "object",
                "anyOf": [self.shape(kind) for kind in KINDS.values()],
            }
        return {"$ref": f"#/definitions/{STEP}"}

    def _described(self, model: type[Shape], key: str, field: FieldInfo) -> Fragment:
        word = word_for(model, key)
        wanted = word.wanted or self._value(field.annotation, field.metadata)
        if "$ref" in wanted:
            # Draft 7 reads nothing that stands beside a reference.
            wanted = {"allOf": [wanted]}
        return {"description": _description(key, word), **_examples(word, wanted), **wanted}

    def _value(self, annotation: Any, marks: Iterable[Any]) -> Fragment:
        own = [mark for mark in marks if mark not in _SILENT and not isinstance(mark, (Tag, Discriminator))]
        for mark in own:
            if mark in WRITTEN_BY:
                return WRITTEN_BY[mark]
        origin, inner = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._value(inner[0], inner[1:])
        if annotation is StepKind:
            return self.step()
        if own:
            raise TypeError(f"no schema is known for values marked {own}")
        if isinstance(annotation, type) and issubclass(annotation, Shape):
            return self.shape(annotation)
        if origin is Literal:
            return {"enum": list(inner)}
        if origin in (Union, UnionType):
            return _any_of(self._value(it, ()) for it in inner if it is not NoneType)
        if origin is tuple:
            several = {"type": "array", "minItems": 1, "items": self._value(inner[0], ())}
            return _any_of([several["items"], several]) if OneOrMany in marks else several
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self._value(inner[1], ())}
        raise TypeError(f"no schema is known for {annotation}")


def _any_of(choices: Iterable[Any]) -> Fragment:
    found = list(choices)
    return found[0] if len(found) == 1 else {"anyOf": found}


def _other_spellings(key: str) -> str:
    """A pattern for `wait_for` and `wait-for`. `wait for` is a property, so that editors propose that one."""
    return f"^{key.replace('_', '[_-]')}$"


def _required(keys: Iterable[str]) -> Fragment:
    """That these keys are there, in whatever spelling."""
    plain = [key for key in keys if "_" not in key]
    spelled = [
        {"anyOf": [{"required": [key.replace("_", between)]} for between in " _-"]}
        for key in keys
        if "_" in key
    ]
    return {**({"required": plain} if plain else {}), **({"allOf": spelled} if spelled else {})}


def _description(key: str, word: Word) -> str:
    if not word.examples:
        return word.says
    return f"{word.says}\n\nExample: {spoken(key)}: {word.examples[0]}"


def _examples(word: Word, wanted: Fragment) -> Fragment:
    """Values that editors propose: those that are one word or sentence."""
    shown = [it for it in word.examples if not it.startswith(("{", "[", "\n"))]
    if not shown or any("enum" in it for it in (wanted, *wanted.get("anyOf", ()))):
        return {}
    return {"examples": [int(it) if wanted.get("type") == "integer" else it for it in shown]}
