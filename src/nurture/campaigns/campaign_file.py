"""One campaign file: its keys, and the campaign they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from nurture.audience.expressions import Expression
from nurture.campaigns.source import Source
from nurture.campaigns.steps_file import read_steps
from nurture.campaigns.tree import Keyed
from nurture.campaigns.wording import TAGS
from nurture.journeys.campaign import STALE_AFTER, Campaign, Enter, EnterOnEvent, EnterOnStage, Trigger
from nurture.journeys.program import lay_out
from nurture.journeys.shape import Reading, Shape, wrong
from nurture.journeys.steps.base import StepKind, Steps
from nurture.journeys.values import (
    EACH,
    Condition,
    EventName,
    Length,
    LineName,
    Listed,
    OfferName,
    OneOrMany,
    StagePattern,
    Text,
    TopicName,
    YesNo,
)

DEFAULT_LINE_STAGES = ("prospect",)
"""At which stage of the line people are whom a campaign with `lines:` is for, where it does not say."""


KEYS, TEXT = TAGS


class EnterShape(Shape):
    """`enter:`."""

    on: EventName = ""
    existing: YesNo = False

    later: ClassVar[frozenset[str]] = frozenset({"at", "every"})

    @model_validator(mode="after")
    def _one_way(self) -> EnterShape:
        if self.on and self.existing:
            raise wrong(
                "conflict", "`on:` and `existing:` cannot stand together", "an event has nobody in it already"
            )
        return self


class EventShape(Shape):
    """`{on: ordered}`."""

    on: EventName = Field(examples=["ordered"])


class GoalShape(EventShape):
    """`{on: ordered, within: 30 days}`."""

    within: Length | None = None


def _is_keyed(value: object) -> str:
    """Keys of their own say an event; text is an expression."""
    return KEYS if isinstance(value, dict) else TEXT


_Or: TypeAlias = Annotated[Condition, Tag(TEXT)]
ExitShape = Annotated[Annotated[EventShape, Tag(KEYS)] | _Or, Discriminator(_is_keyed)]
GoalOrText = Annotated[Annotated[GoalShape, Tag(KEYS)] | _Or, Discriminator(_is_keyed)]


class CampaignShape(Shape):
    """The keys of a campaign file. What stands here for `send` holds for all its messages."""

    name: Text = ""
    stage: Annotated[tuple[StagePattern, ...], Listed, OneOrMany] = ()
    topic: TopicName = Field(examples=["offers"])
    enter: EnterShape = EnterShape()
    when: Condition | None = None
    goal: GoalOrText | None = None
    on_goal: Literal["exit", "finish"] = "exit"
    exit: Annotated[tuple[ExitShape, ...], Listed, OneOrMany] = ()
    on_leaving: Literal["exit", "finish"] = "exit"
    lines: Annotated[tuple[LineName, ...], Listed, OneOrMany] = ()
    line_stage: Annotated[tuple[StagePattern, ...], Listed, OneOrMany] = ()
    offer: OfferName = ""
    stale_after: Length = STALE_AFTER
    sequence: Steps

    later: ClassVar[frozenset[str]] = frozenset(
        {
            "from", "reply_to", "window", "timezone", "variants", "winner", "test", "decide_after", "urgent",
            "holdout", "reentry", "priority", "on_cap", "on_edit", "moved",
        }
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A campaign file as far as it could be read: the steps always, the rest where all of it is right."""

    key: str
    source: Source
    steps: tuple[StepKind, ...]
    shape: CampaignShape | None


def read_draft(key: str, source: Source, reading: Reading) -> Draft:
    """Read one campaign file; its mistakes are in `source.findings`."""
    steps: tuple[StepKind, ...] = ()
    extra = {}
    if isinstance(source.tree, Keyed) and source.tree.entry("sequence"):
        steps = read_steps(source, ("sequence",), reading)
        extra = {"sequence": list(steps)}
    return Draft(key=key, source=source, steps=steps, shape=source.shape(CampaignShape, reading, extra=extra))


def campaign_of(draft: Draft, shape: CampaignShape) -> Campaign:
    """The campaign that a draft without mistakes describes."""
    lines: tuple[str, ...] | Literal["each"] | None = shape.lines or None
    return Campaign(
        key=draft.key,
        name=shape.name or draft.key,
        topic=shape.topic,
        program=lay_out(draft.steps),
        enter=_enter(shape.enter),
        stages=shape.stage,
        when=shape.when,
        goal=None if shape.goal is None else _trigger(shape.goal),
        exits=tuple(map(_trigger, shape.exit)),
        offer=shape.offer,
        lines="each" if lines == (EACH,) else lines,
        line_stages=shape.line_stage or DEFAULT_LINE_STAGES,
        on_goal=shape.on_goal,
        on_leaving=shape.on_leaving,
        stale_after=shape.stale_after,
    )


def _enter(shape: EnterShape) -> Enter:
    return EnterOnEvent(event=shape.on) if shape.on else EnterOnStage(existing=shape.existing)


def _trigger(written: EventShape | Expression) -> Trigger:
    match written:
        case GoalShape():
            return Trigger(event=written.on, within=written.within)
        case EventShape():
            return Trigger(event=written.on)
        case _:
            return Trigger(expression=written)
