"""The kinds of value that stand behind keys: names, lengths of time, expressions, yes and no."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, GetCoreSchemaHandler, PlainValidator, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from nurture.audience.expressions import Expression
from nurture.audience.expressions.types import SAID, Type
from nurture.audience.spans import SpanError, parse_span
from nurture.clock import Span
from nurture.errors import ExpressionError
from nurture.journeys.shape import KEY, Braced, Reading, context_of, kind_of, wrong
from nurture.journeys.spelling import near, quoted
from nurture.lifecycle.stages import within

EACH = "each"
"""In `lines:`, all of them."""

_ASKS = re.compile("^not | and | or ")
"""What no event is called, but a condition has in it."""
_COMPARED = {
    Type.NUMBER: "compare it, such as > 0",
    Type.TEXT: 'compare it, such as == "DE"',
    Type.MOMENT: "compare it, such as < now",
    Type.TEXTS: 'ask what is in it, such as "vip" in contact.tags',
}


def text(value: object, info: ValidationInfo) -> str:
    """Any scalar, as it is written."""
    if value is None or value == "":
        raise wrong("empty", f"{KEY} is empty", "write its value behind it")
    if not isinstance(value, str):
        raise wrong("wrong-type", f"{KEY} wants text, not {kind_of(value)}")
    return str(value)


def _named(code: str, noun: str, of: Callable[[Reading], Iterable[str] | None]) -> PlainValidator:
    """A validator for a name that must be one of those that `of` knows."""

    def check(value: object, info: ValidationInfo) -> str:
        name = text(value, info)
        known = of(context_of(info))
        if known is None or name in known:
            return name
        raise wrong(code, f"no {noun} is called {quoted(name)}", near(name, known) or _list(noun, known))

    return PlainValidator(check)


def _list(noun: str, words: Iterable[str]) -> str:
    names = sorted(set(words))
    if not names:
        return f"there is no {noun} yet"
    shown = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
    return f"there is: {shown}"


def _yes_no(value: object, info: ValidationInfo) -> bool:
    match text(value, info):
        case "yes" | "true" | "on":
            return True
        case "no" | "false" | "off":
            return False
        case other:
            raise wrong("wrong-type", f"{KEY} wants yes or no, not {quoted(other)}")


def _length(value: object, info: ValidationInfo) -> Span:
    written = text(value, info)
    try:
        return parse_span(written)
    except SpanError as error:
        code = "zero-length" if re.match(r"0+\b", written) else "not-a-length"
        raise wrong(code, error.message, error.hint) from None


def condition(value: object, info: ValidationInfo) -> Expression:
    """An expression over facts."""
    written = text(value, info)
    if isinstance(value, Braced):
        raise wrong(
            "expression-in-braces",
            "an expression cannot stand inside { } or [ ]",
            f"put {KEY} on a line of its own",
        )
    try:
        expression = context_of(info).parse(written)
    except ExpressionError as error:
        raise wrong("expression", error.message, error.hint, error.column, error.length) from None
    if expression.type not in (Type.YES_NO, Type.UNKNOWN):
        raise wrong(
            "expression", f"this is {SAID[expression.type]}, not yes or no", _COMPARED[expression.type]
        )
    return expression


class _ReadByCondition:
    """Has pydantic read an expression by `condition`, and not look into what an Expression is made of."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(condition)


def _stage_pattern(value: object, info: ValidationInfo) -> str:
    name, stages = text(value, info), context_of(info).stages
    if stages is None or any(within(stage, (name,)) for stage in stages):
        return name
    groups = {stage.partition("/")[0] for stage in stages}
    known = groups.union(stages)
    hint = near(name, known) or _list("stage", stages)
    if name.lower() in ("all", "any", "anybody", "anyone", "everybody", "everyone"):
        hint = f"leave {KEY} out for everybody"
    raise wrong("unknown-stage", f"no stage is called {quoted(name)}", hint)


def _event(value: object, info: ValidationInfo) -> str:
    name = text(value, info)
    if re.fullmatch(r"[^\W\d][\w.:-]*( [\w.:-]+)*", name) and not _ASKS.search(name):
        return name
    asks = _ASKS.search(name) or re.search(r"[(<>=]", name)
    hint = (
        "an expression stands outside { }, right behind the key" if asks else "such as ordered or signed_up"
    )
    raise wrong("not-an-event", f"{quoted(name)} is not the name of an event", hint)


def _property(value: object, info: ValidationInfo) -> str:
    name = text(value, info)
    if re.fullmatch(r"[^\W\d]\w*", name):
        return name
    raise wrong("not-a-property", f"{quoted(name)} is not the name of a property", "such as order_id")


def _step_name(value: object, info: ValidationInfo) -> str:
    name = text(value, info)
    if re.fullmatch(r"\w[\w.-]*(\+[0-9]+)?", name):
        return name
    raise wrong("not-an-id", f"{quoted(name)} cannot be the name of a step", "such as welcome, or welcome+1")


def is_step_id(name: str) -> bool:
    """Whether a step may be called so: no + (ids that are derived) and no / (`campaign/step`)."""
    return re.fullmatch(r"\w[\w.-]*", name) is not None


def _step_id(value: object, info: ValidationInfo) -> str:
    name = text(value, info)
    if is_step_id(name):
        return name
    raise wrong(
        "not-an-id", f"{quoted(name)} cannot be an id", "letters, digits, - and _ only, such as ask-again"
    )


def _many(value: object) -> object:
    return [value] if isinstance(value, (str, dict)) else value


def _listed(value: object, info: ValidationInfo) -> object:
    if isinstance(value, list) and value:
        return value
    if value in (None, "", []):
        raise wrong("empty", f"{KEY} is empty", "write its value behind it")
    raise wrong("wrong-type", f"{KEY} wants a list, not {kind_of(value)}")


OneOrMany = BeforeValidator(_many)
"""A single value stands for a list of one."""
Listed = BeforeValidator(_listed)
"""A list with something in it."""

Text: TypeAlias = Annotated[str, PlainValidator(text)]
YesNo: TypeAlias = Annotated[bool, PlainValidator(_yes_no)]
Length: TypeAlias = Annotated[Span, PlainValidator(_length)]
"""A length of time, longer than none, in microseconds."""
Condition: TypeAlias = Annotated[Expression, _ReadByCondition()]
StagePattern: TypeAlias = Annotated[str, PlainValidator(_stage_pattern)]
StepId: TypeAlias = Annotated[str, PlainValidator(_step_id)]
StepName: TypeAlias = Annotated[str, PlainValidator(_step_name)]
"""An id that was given, or one that is derived: `welcome+1`."""
PropertyName: TypeAlias = Annotated[str, PlainValidator(_property)]
EventName: TypeAlias = Annotated[str, PlainValidator(_event)]
TemplateName: TypeAlias = Annotated[str, _named("unknown-template", "template", lambda it: it.templates)]
TopicName: TypeAlias = Annotated[str, _named("unknown-topic", "topic", lambda it: it.topics)]
OfferName: TypeAlias = Annotated[str, _named("unknown-offer", "offer", lambda it: it.offers)]
LineName: TypeAlias = Annotated[
    str, _named("unknown-line", "line", lambda it: None if it.lines is None else it.lines | {EACH})
]
"""The name of a product line, or `each`."""
