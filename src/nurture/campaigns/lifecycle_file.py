"""lifecycle.yaml: the stages, the rules that move people between them, and the segments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, PlainValidator, TypeAdapter, ValidationInfo

from nurture.audience.expressions import Expression, Needs, parse
from nurture.audience.expressions import Known as Names
from nurture.campaigns.source import Source
from nurture.campaigns.tree import Keyed, Listing, Loc, Scalar, as_mapping, find
from nurture.campaigns.vocabulary import reader
from nurture.campaigns.wording import Complaint
from nurture.clock import DAY
from nurture.journeys.shape import Reading, Shape, wrong
from nurture.journeys.spelling import quoted
from nurture.journeys.values import Condition, Length, Listed, condition, text
from nurture.lifecycle.stages import Lifecycle, Stage

EXAMPLE = "write one that begins:  stages: [prospect]"

PLAINEST = Lifecycle(stages=(Stage(name="prospect"),))
"""Stands in where lifecycle.yaml cannot be read."""

_CONDITION: TypeAdapter[Expression] = TypeAdapter(Condition)


def _stage_name(value: object, info: ValidationInfo) -> str:
    name = text(value, info)
    if re.fullmatch(r"\w[\w-]*(/\w[\w-]*)*", name):
        return name
    raise wrong("not-a-name", f"{quoted(name)} cannot be a stage", "write it as customer or customer/repeat")


def _as_pair(value: object) -> object:
    """`- prospect` is `- prospect:`; one stage a line."""
    if isinstance(value, str):
        return {value: None}
    if not isinstance(value, dict) or len(value) != 1:
        raise wrong(
            "wrong-type", "this is not a stage", "one a line, such as `- customer: orders.count >= 1`"
        )
    return value


def _per_line(value: object, info: ValidationInfo) -> bool:
    if text(value, info) == "product.line":
        return True
    raise wrong(
        "not-a-choice", f"`lines:` cannot be {quoted(text(value, info))}", "`product.line` is all there is"
    )


def _rule(value: object, info: ValidationInfo) -> Expression | None:
    if value is None:
        return None
    return condition(value, info)


StageEntry: TypeAlias = Annotated[
    dict[Annotated[str, PlainValidator(_stage_name)], Annotated[Any, PlainValidator(_rule)]],
    BeforeValidator(_as_pair),
]


class LifecycleShape(Shape):
    """The keys of lifecycle.yaml; `segments` are read before them, as the rules may name them."""

    stages: Annotated[tuple[StageEntry, ...], Listed] = Field(examples=["[prospect]"])
    segments: Any = None
    lines: Annotated[bool, PlainValidator(_per_line)] = False
    usual_gap: Length = 30 * DAY
    stay: Length | None = None


def read_lifecycle(source: Source, reading: Reading, segments: Mapping[str, Expression]) -> Lifecycle | None:
    """The lifecycle with these segments; None, with findings, where there is a mistake in it."""
    shape = source.shape(LifecycleShape, reading, extra={"segments": None})
    if shape is None:
        return None
    stages = tuple(Stage(name=name, rule=rule) for entry in shape.stages for name, rule in entry.items())
    _check_rules(source, stages)
    return Lifecycle(
        stages=stages,
        segments=segments,
        per_line=shape.lines,
        usual_gap_days=shape.usual_gap / DAY,
        stay=shape.stay or 0,
    )


def stage_names(source: Source) -> tuple[str, ...] | None:
    """The names of the stages, even where their rules are wrong; None where they cannot be told."""
    tree = None if source.tree is None else find(source.tree, ("stages",))[0]
    if not isinstance(tree, Listing):
        return None
    names = [it.value if isinstance(it, Scalar) else next(iter(as_mapping(it)), "") for it in tree.items]
    return tuple(name for name in names if name) or None


def read_segments(source: Source, names: Names) -> dict[str, Expression]:
    """The segments. One may name another, in any order but not in a circle.

    One that cannot be read is complained of here, and holds for everybody, so that nobody complains of it
    again.
    """
    tree, entry = (None, None) if source.tree is None else find(source.tree, ("segments",))
    if entry is None:
        return {}
    if not isinstance(tree, Keyed):
        complaint = Complaint(
            "wrong-type", "`segments:` wants a name and an expression on each line below it"
        )
        source.complain(complaint, ("segments",))
        return {}
    found: dict[str, Expression] = {}
    waiting = [it.key.value for it in tree.entries]
    while waiting:
        readable = [name for name in waiting if _segment(source, names, found, name)]
        if not readable:
            break
        waiting = [name for name in waiting if name not in readable]
    holds = found | dict.fromkeys(waiting, parse("1 == 1"))
    for name in waiting:
        if source.value(_CONDITION, Reading(parse=reader(names, holds)), ("segments", name)) is not None:
            message = f"{quoted(name)} names itself, through other segments"
            hint = "a segment stands on facts, at last"
            source.complain(Complaint("segment-circle", message, hint, on_key=True), ("segments", name))
    return holds


def _segment(source: Source, names: Names, found: dict[str, Expression], name: str) -> bool:
    value = source.quietly(_CONDITION, Reading(parse=reader(names, found)), ("segments", name))
    if value is not None:
        found[name] = value
    return value is not None


_NO_GROUND: tuple[tuple[str, str, Callable[[Needs], object]], ...] = (
    (r"stage", "the stage itself", lambda it: it.stage),
    (r"lines", "another line", lambda it: it.lines),
    (r"line", "the line of a campaign", lambda it: it.line or it.line_orders),
    (r"offer", "an offer", lambda it: it.offer),
    (r"in_campaign", "who is in a campaign", lambda it: it.in_campaigns),
    (
        r"opened|clicked|received|replied|event|since",
        "what happened since entering a campaign",
        lambda it: it.entry,
    ),
)
"""What a rule may not ask for: as it is spelled, in words, and how the rule's needs show it."""


def _check_ground(source: Source, stage: Stage, loc: Loc) -> None:
    """Stages are worked out from what people did, at any past moment, before any campaign has a say."""
    if stage.rule is None:
        return
    for spelled, what, asked in _NO_GROUND:
        if not asked(stage.rule.needs):
            continue
        found = re.search(rf"(?<![\w.\"'])(?:{spelled})\b", stage.rule.text)
        hint = "ask what they did: orders, engagement, did(…)"
        message = f"a stage cannot rest on {what}"
        place = (found.start(), len(found[0])) if found else (-1, 1)
        source.complain(Complaint("rule-fact", message, hint, *place), loc)


def _check_rules(source: Source, stages: tuple[Stage, ...]) -> None:
    seen: set[str] = set()
    for number, stage in enumerate(stages):
        loc = ("stages", number, stage.name)
        if stage.name in seen:
            source.complain(
                Complaint(
                    "stage-twice", f'"{stage.name}" is listed twice', "join the rules with or", on_key=True
                ),
                loc,
            )
        seen.add(stage.name)
        _check_ground(source, stage, loc)
        if number == 0 and stage.rule is not None:
            message = f'the first stage is where everyone starts: "{stage.name}" takes no rule'
            source.complain(Complaint("first-stage", message, "take the rule out"), loc)
        if number > 0 and stage.rule is None:
            message = f'"{stage.name}" has no rule, so nobody comes into it'
            hint = f"write `- {stage.name}: orders.count >= 1`"
            source.complain(Complaint("no-rule", message, hint, on_key=True), loc)
