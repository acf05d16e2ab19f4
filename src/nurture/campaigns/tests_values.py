"""The kinds of value in a test: how its lines are read, and what is said of those that cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, TypeAlias, get_args

from pydantic import BeforeValidator, PlainValidator, ValidationInfo

from nurture.audience.spans import SpanError, parse_span
from nurture.campaigns.tests_lines import (
    Arrives,
    AtMost,
    Expects,
    Happens,
    Holds,
    NoOffer,
    Orders,
    QuietAfter,
    Reached,
    Reaction,
    Reacts,
    Sent,
)
from nurture.clock import Span
from nurture.journeys.shape import KEY, context_of, kind_of, wrong
from nurture.journeys.spelling import near, normal, quoted
from nurture.journeys.values import text
from nurture.lifecycle.stages import within
from nurture.offers.offer import Kind

NEVER = "never"
"""In `expect:`, in place of a day."""

REACTIONS: tuple[str, ...] = get_args(Reaction)

FOLLOWED = {"complaint": "complained", "order": "ordered", "refund": "refunded", "answer": "answered"}
"""What `nothing within 7 days of a …` may name, and the event it is."""

_KINDS: tuple[Kind, ...] = get_args(Kind)
_LAST_DAY = 36_525
_ORDER = re.compile(
    r"ordered\s+(?P<sku>\S+)(?:\s+for\s+(?P<amount>[0-9]+(?:\.[0-9]{1,3})?)\s+(?P<currency>[A-Z]{3}))?"
)
_WHAT_HAPPENS = "write an event, `clicked welcome`, or `ordered R-12 for 40 EUR`"
_WHAT_IS_EXPECTED = "write `send welcome`, or `stage customer/first-time`"
_WHAT_HOLDS = "write it as `no more than 3 messages in 7 days`"


def _day(value: object, info: ValidationInfo) -> int:
    match = re.fullmatch(r"day\s+([0-9]{1,5})", str(value).strip())
    if match is None:
        raise wrong("test-line", f"{quoted(str(value))} is not a day", "write it as day 1, day 2 …")
    if not 1 <= int(match[1]) <= _LAST_DAY:
        raise wrong("test-line", "the days count from 1, and end after a hundred years", "write it as day 1")
    return int(match[1])


def _day_or_never(value: object, info: ValidationInfo) -> int | None:
    written = str(value).strip()
    if written == NEVER:
        return None
    if not written.startswith("day"):
        hint = near(written, [NEVER]) or "write `day 2`, or `never`"
        raise wrong("test-line", f"{quoted(written)} is no time to expect something", hint)
    return _day(value, info)


def _happens(value: object, info: ValidationInfo) -> Happens:
    written = text(value, info).strip()
    verb, _, rest = written.partition(" ")
    if verb in REACTIONS:
        if re.fullmatch(r"\S+", rest):
            return Reacts(how="clicked" if verb == "clicked" else "opened", message=rest)
        raise wrong("test-line", f"{verb} which message?", f"write `{verb} welcome`")
    if verb == "ordered" and rest:
        match = _ORDER.fullmatch(written)
        if match is None:
            raise wrong("test-line", f"{quoted(written)} is not an order", "write `ordered R-12 for 40 EUR`")
        return Orders(sku=match["sku"], amount=match["amount"] or "", currency=match["currency"] or "")
    if re.fullmatch(r"[^\W\d][\w.:-]*", written):
        return Arrives(event=written)
    raise wrong("test-line", f"{quoted(written)} cannot happen", near(verb, REACTIONS) or _WHAT_HAPPENS)


def _expects(value: object, info: ValidationInfo) -> Expects:
    written = text(value, info).strip()
    verb, _, rest = written.partition(" ")
    name = rest.strip()
    if verb == "send" and re.fullmatch(r"\S+", name):
        return Sent(message=name)
    if verb == "stage" and re.fullmatch(r"\S+", name):
        return Reached(stage=_stage(name, info))
    hint = near(verb, ["send", "stage"]) if name else ""
    raise wrong("test-line", f"{quoted(written)} is nothing to expect", hint or _WHAT_IS_EXPECTED)


def _stage(name: str, info: ValidationInfo) -> str:
    stages = context_of(info).stages
    if stages is None or any(within(stage, (name,)) for stage in stages):
        return name
    known = {*stages, *(stage.partition("/")[0] for stage in stages)}
    hint = near(name, known) or f"there is: {', '.join(stages)}"
    raise wrong("unknown-stage", f"no stage is called {quoted(name)}", hint)


def _holds(value: object, info: ValidationInfo) -> Holds:
    written = " ".join(text(value, info).split())
    if match := re.fullmatch(r"no more than ([0-9]{1,6}) messages? in (.+)", written):
        return AtMost(messages=int(match[1]), span=_span(match[2]))
    if match := re.fullmatch(r"no (\S+) offer to (?:an? )?(\S+)", written):
        return NoOffer(kind=_kind(match[1]), stage=_stage(match[2], info))
    if match := re.fullmatch(r"nothing within (.+) of (?:an? )?(\S+)", written):
        return QuietAfter(span=_span(match[1]), event=_followed(match[2]))
    raise wrong("test-line", f"{quoted(written)} is no rule that can be tested", _WHAT_HOLDS)


def _span(written: str) -> Span:
    try:
        return parse_span(written)
    except SpanError as error:
        raise wrong("not-a-length", error.message, error.hint) from None


def _kind(written: str) -> Kind:
    for kind in _KINDS:
        if kind == written:
            return kind
    raise _no_such(written, "kind of offer", _KINDS)


def _followed(written: str) -> str:
    if written in FOLLOWED:
        return FOLLOWED[written]
    raise _no_such(written, "thing to keep quiet after", FOLLOWED)


def _no_such(written: str, what: str, known: Iterable[str]) -> Exception:
    hint = near(written, known) or f"there is: {', '.join(known)}"
    return wrong("not-a-choice", f"{quoted(written)} is no {what}", hint)


def _start(value: object, info: ValidationInfo) -> str:
    written = text(value, info).strip()
    try:
        datetime.fromisoformat(written)
    except ValueError:
        message = f"{quoted(written)} is no date"
        raise wrong("test-line", message, "write it as 2026-03-02 09:00") from None
    return written


def _attribute_name(value: object, info: ValidationInfo) -> str:
    name = normal(str(value))
    if re.fullmatch(r"[^\W\d]\w*", name):
        return name
    raise wrong("not-a-name", f"{quoted(str(value))} cannot be a fact of a contact", "write it as first_name")


def _attribute(value: object, info: ValidationInfo) -> str | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(text(it, info) for it in value)
    return text(value, info)


def _contact(value: object) -> object:
    if not isinstance(value, dict):
        raise wrong("wrong-type", f"{KEY} wants keys of its own, not {kind_of(value)}", "such as `email: …`")
    if "email" not in map(normal, value):
        raise wrong("test-line", "this contact has no address", "write `email: ann@example.test`")
    return value


def _one_pair(value: object) -> object:
    if not isinstance(value, dict) or len(value) != 1:
        raise wrong("test-line", "this is not a line of a test", "one a line, such as `- day 1: signed_up`")
    return value


Happening: TypeAlias = Annotated[
    dict[Annotated[int, PlainValidator(_day)], Annotated[Any, PlainValidator(_happens)]],
    BeforeValidator(_one_pair),
]
"""`day 2: clicked welcome`."""
Expectation: TypeAlias = Annotated[
    dict[Annotated[int | None, PlainValidator(_day_or_never)], Annotated[Any, PlainValidator(_expects)]],
    BeforeValidator(_one_pair),
]
"""`day 2: send how-it-works`; None: never."""
Rule: TypeAlias = Annotated[Any, PlainValidator(_holds)]
Start: TypeAlias = Annotated[str, PlainValidator(_start)]
"""ISO 8601; without a zone it is in the workspace's."""
Given: TypeAlias = Annotated[
    dict[Annotated[str, PlainValidator(_attribute_name)], Annotated[Any, PlainValidator(_attribute)]],
    BeforeValidator(_contact),
]
"""The facts of a contact, by name."""
