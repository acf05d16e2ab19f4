"""The shape of what a marketer writes: the base of all models over the files, and their kinds of value.

YAML hands every scalar over as the text that stands in the file; the field it is for decides what it means,
so `country: NO` stays Norway. A value that cannot be used raises PydanticCustomError with a stable code;
`campaigns/` brings it back to its line and column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from nurture.audience.expressions import Expression
from nurture.journeys.spelling import normal, spoken


class Braced(str):
    """Text that stands inside `{ }` or `[ ]`, where a comma would cut an expression in two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the files may name. None: not known, so nothing is said about it."""

    parse: Callable[[str], Expression]
    """Reads one expression; raises ExpressionError."""
    templates: frozenset[str] | None = None
    topics: frozenset[str] | None = None
    offers: frozenset[str] | None = None
    stages: tuple[str, ...] | None = None
    lines: frozenset[str] | None = None


def wrong(
    code: str,
    message: str,
    hint: str = "",
    column: int = -1,
    length: int = 0,
    below: tuple[str, ...] = (),
) -> PydanticCustomError:
    """The error of a value. `column` counts from 0 within the value's text; -1: the whole value.

    `below` is the key at fault where the value has keys of its own, and `ON_KEY` behind it where its value is right.
    """
    detail = {"message": message, "hint": hint, "column": column, "length": length, "below": below}
    return PydanticCustomError(code, "{message}", detail)


ON_KEY = "[key]"
"""At the end of a place: the key itself, as pydantic says it."""

KEY = "`{key}:`"
"""Stands in messages for the key that the value belongs to; who knows the place puts it in."""


def kind_of(value: object) -> str:
    """What a value is, in a sentence."""
    match value:
        case None | "":
            return "nothing"
        case dict():
            return "keys of its own"
        case list():
            return "a list"
        case _:
            return "text"


def context_of(info: ValidationInfo) -> Reading:
    """The Reading that a shape is validated with."""
    if not isinstance(info.context, Reading):
        raise TypeError("shapes are validated with a Reading as their context")
    return info.context


class Shape(BaseModel):
    """A group of keys in a file; unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _normal_keys(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {normal(key): "" if it is None else it for key, it in value.items()}
        detail = {"example": cls.written_keys()[0], "instead": kind_of(value)}
        raise PydanticCustomError("wants-keys", "wants keys", detail)

    @classmethod
    def written_keys(cls) -> list[str]:
        """The keys a person may write here, as the language page spells them."""
        return [spoken(it.alias or name) for name, it in cls.model_fields.items()]
