"""What the calls of an expression stand for: did, last, opened, segment, days_since and their like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from nurture.audience.expressions import names
from nurture.audience.expressions.coerce import as_moment
from nurture.audience.expressions.context import Context, error
from nurture.audience.expressions.grammar import Argument, Call, Chain, Trailer, WrittenValue
from nurture.audience.expressions.tree import (
    DaysSince,
    Did,
    InCampaign,
    LastEvent,
    Node,
    SegmentUse,
    Touched,
)
from nurture.audience.expressions.types import SAID, Type
from nurture.errors import ExpressionError

_Rest = tuple[Trailer, ...]
_Kind = Literal["received", "opened", "clicked"]
_MOST_TIMES = 1_000_000


def _call(context: Context, chain: Chain, rest: _Rest, example: str) -> Call:
    if not rest or not isinstance(rest[0], Call):
        raise error(chain, f"{chain.name} is asked with brackets behind it", f"write {example}")
    context.end(rest[1:], context.slice(chain))
    return rest[0]


def _did(context: Context, chain: Chain, rest: _Rest, depth: int) -> Node:
    example = 'did("signed_up", within="30 days")'
    call = _call(context, chain, rest, example)
    if not call.arguments or call.arguments[0].name:
        raise error(call, "did wants the name of an event first", f"write {example}")
    event, at = context.text_of(call.arguments[0].value, "an event")
    context.know_event(at, event)
    within, times, since_entry = 0, 1, False
    properties: dict[str, Node] = {}
    said: set[str] = set()
    for argument in call.arguments[1:]:
        name = argument.name
        if not name:
            raise error(argument, "did takes one event", f"name what else is asked, as in {example}")
        if name in said:
            raise error(argument, f"{name} is said twice", "take one of them out")
        said.add(name)
        match name:
            case "within":
                within = context.span_of(argument.value)
            case "times":
                times = _times(argument)
            case "since":
                since_entry = _since(argument)
            case _:
                properties[name] = _property(context, argument, depth)
    if event == "answered":
        _know_answer(context, call.arguments[1:])
    return Did(
        event=event,
        within=within,
        times=times,
        since_entry=since_entry,
        properties=tuple(properties.items()),
    )


def _know_answer(context: Context, arguments: Sequence[Argument]) -> None:
    """Note a question that is not asked, or an answer that it does not have."""
    said = {it.name: it.value for it in arguments}
    questions, question, answer = context.known.questions, said.get("question"), said.get("answer")
    if questions is None or not isinstance(question, WrittenValue):
        return
    name = str(question.value)
    context.know(question, name, questions, "there is no question")
    if name in questions and isinstance(answer, WrittenValue):
        context.know(answer, str(answer.value), questions[name], f'the question "{name}" has no answer')


def _times(argument: Argument) -> int:
    value = argument.value.value if isinstance(argument.value, WrittenValue) else None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_TIMES:
        raise error(argument.value, "times wants a whole number from 1", "write times=2")
    return value


def _since(argument: Argument) -> bool:
    if isinstance(argument.value, WrittenValue) and argument.value.value == "entry":
        return True
    hint = 'write since="entry", or within="30 days" for a length of time'
    raise error(argument.value, 'since knows only "entry"', hint)


def _property(context: Context, argument: Argument, depth: int) -> Node:
    node = context.resolve(argument.value, depth + 1)
    if node.type is Type.TEXTS:
        raise error(argument.value, f"a property cannot be {SAID[node.type]}", "compare it with one text")
    return node


def _last(context: Context, chain: Chain, rest: _Rest, depth: int) -> Node:
    event, at = context.only_text(chain, rest[:1], "an event")
    context.know_event(at, event)
    name, _ = context.name_behind(chain, f'last("{event}")', rest[1:], "score")
    return LastEvent(event=event, name=name, type=names.EVENT.get(name, Type.UNKNOWN))


@lru_cache(maxsize=4)
def _without_campaign(steps: frozenset[str]) -> frozenset[str]:
    return frozenset(it.rpartition("/")[2] for it in steps)


def _touched(kind: _Kind) -> Callable[[Context, Chain, _Rest, int], Node]:
    def read(context: Context, chain: Chain, rest: _Rest, depth: int) -> Node:
        call = _call(context, chain, rest, f'{kind}("step") or {kind}()')
        if not call.arguments:
            return Touched(kind=kind, campaign="", step="")
        path, at = context.only_text(chain, rest, "a step")
        campaign, _, step = path.rpartition("/")
        if "/" in path and not (campaign and step):
            raise error(at, f'"{path}" is no step', f'write {kind}("step") or {kind}("campaign/step")')
        steps = context.known.steps
        if steps is not None:
            recorded = steps if campaign else _without_campaign(steps)
            context.know(at, path, recorded, "no campaign has a step")
        return Touched(kind=kind, campaign=campaign, step=step)

    return read


def _replied(context: Context, chain: Chain, rest: _Rest, depth: int) -> Node:
    call = _call(context, chain, rest, "replied()")
    if call.arguments:
        raise error(call, "replied asks about any message of this campaign", "write replied()")
    return Did(event="replied", within=0, times=1, since_entry=True, properties=())


def _segment(context: Context, chain: Chain, rest: _Rest, depth: int) -> Node:
    name, at = context.only_text(chain, rest, "a segment")
    rule = context.segments.get(name)
    if rule is None:
        hint = names.near(name, context.segments)
        if not hint:
            some = names.listed(context.segments)
            hint = f"the segments are {some}" if some else "name it under segments in lifecycle.yaml"
        raise error(at, f'there is no segment "{name}"', hint)
    return SegmentUse(name=name, rule=rule)


def _in_campaign(context: Context, chain: Chain, rest: _Rest, depth: int) -> Node:
    name, at = context.only_text(chain, rest, "a campaign")
    context.know(at, name, context.known.campaigns, "there is no campaign")
    return InCampaign(name=name)


def _days_since(context: Context, chain: Chain, rest: _Rest, depth: int) -> Node:
    call = _call(context, chain, rest, "days_since(contact.created_at)")
    if len(call.arguments) != 1 or call.arguments[0].name:
        raise error(call, "days_since takes one moment", "write days_since(contact.created_at)")
    spelled = call.arguments[0].value
    node = context.resolve(spelled, depth + 1)

    def mismatch() -> ExpressionError:
        said = f"{context.slice(spelled)} is {SAID[node.type]}, not a moment"
        return error(spelled, said, "days_since wants a date, such as contact.created_at")

    return DaysSince(of=as_moment(node, context.known.zone, mismatch))


CALLS: Mapping[str, Callable[[Context, Chain, _Rest, int], Node]] = {
    "opened": _touched("opened"),
    "clicked": _touched("clicked"),
    "received": _touched("received"),
    "replied": _replied,
    "did": _did,
    "last": _last,
    "segment": _segment,
    "in_campaign": _in_campaign,
    "days_since": _days_since,
}
"""Each call by its name."""
