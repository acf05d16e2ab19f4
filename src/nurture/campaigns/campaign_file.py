"""One campaign file: its keys, and the campaign they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from nurture.audience.expressions import Expression
from nurture.campaigns.source import Source
from nurture.campaigns.steps_file import read_steps
from nurture.campaigns.tree import Keyed
from nurture.campaigns.wording import TAGS
from nurture.journeys.calendar import Absolute, Anniversary, Around
from nurture.journeys.campaign import Campaign, Trigger
from nurture.journeys.caps import OnCap
from nurture.journeys.enter import (
    Enter,
    EnterOnDate,
    EnterOnEvent,
    EnterOnStage,
    EnterTogether,
    Reentry,
)
from nurture.journeys.program import lay_out
from nurture.journeys.sending_values import Mailbox, Priority, Share
from nurture.journeys.shape import Reading, Shape, wrong
from nurture.journeys.steps.base import StepKind, Steps
from nurture.journeys.terms import STALE_AFTER, Terms
from nurture.journeys.time_values import RecurringValue, SinglePointValue, WindowValue
from nurture.journeys.values import (
    EACH,
    Condition,
    EventName,
    Length,
    LineName,
    Listed,
    OfferName,
    OneOrMany,
    PropertyName,
    StagePattern,
    StepName,
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
    at: SinglePointValue | None = None
    every: RecurringValue | None = None
    existing: YesNo = False

    @model_validator(mode="after")
    def _one_way(self) -> EnterShape:
        given = {"on": self.on, "at": self.at, "every": self.every, "existing": self.existing}
        said = [f"`{key}:`" for key, it in given.items() if it]
        if len(said) > 1:
            hint = (
                "an event has nobody in it already"
                if self.existing and self.on
                else "choose one way to enter"
            )
            raise wrong("conflict", f"{said[0]} and {said[1]} cannot stand together", hint)
        return self


class ReentryShape(Shape):
    """`{after: 90 days}` or `{per: order_id}`."""

    after: Length | None = None
    per: PropertyName = ""

    @model_validator(mode="after")
    def _one_way(self) -> ReentryShape:
        if (self.after is None) == (not self.per):
            raise wrong("conflict", "say either `after:` or `per:`", "such as {after: 90 days}")
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
ReentryOrWord = Annotated[
    Annotated[ReentryShape, Tag(KEYS)] | Annotated[Literal["never", "always"], Tag(TEXT)],
    Discriminator(_is_keyed),
]
ExitShape = Annotated[Annotated[EventShape, Tag(KEYS)] | _Or, Discriminator(_is_keyed)]
GoalOrText = Annotated[Annotated[GoalShape, Tag(KEYS)] | _Or, Discriminator(_is_keyed)]


class CampaignShape(Shape):
    """The keys of a campaign file. What stands here for `send` holds for all its messages."""

    name: Text = ""
    stage: Annotated[tuple[StagePattern, ...], Listed, OneOrMany] = Field(default=(), examples=["prospect"])
    topic: TopicName = Field(examples=["offers"])
    enter: EnterShape = EnterShape()
    when: Condition | None = Field(default=None, examples=["orders.count == 0"])
    goal: GoalOrText | None = None
    on_goal: Literal["exit", "finish"] = "exit"
    exit: Annotated[tuple[ExitShape, ...], Listed, OneOrMany] = ()
    on_leaving: Literal["exit", "finish"] = "exit"
    lines: Annotated[tuple[LineName, ...], Listed, OneOrMany] = ()
    line_stage: Annotated[tuple[StagePattern, ...], Listed, OneOrMany] = ()
    holdout: Share = 0.0
    reentry: ReentryOrWord | None = Field(default=None, examples=["{after: 90 days}", "{per: order_id}"])
    priority: Priority = 5
    timezone: Literal["contact", "workspace"] = "contact"
    on_edit: Literal["follow", "pin"] = "follow"
    moved: Mapping[StepName, StepName] = Field(default_factory=dict, examples=["{old-step: new-step}"])
    sender: Mailbox = Field(default="", alias="from")
    reply_to: Mailbox = ""
    offer: OfferName = ""
    window: WindowValue | None = None
    urgent: YesNo = False
    on_cap: OnCap = "wait"
    stale_after: Length = STALE_AFTER
    sequence: Steps


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
        lines="each" if lines == (EACH,) else lines,
        line_stages=shape.line_stage or DEFAULT_LINE_STAGES,
        on_goal=shape.on_goal,
        on_leaving=shape.on_leaving,
        reentry=_reentry(shape),
        holdout=shape.holdout,
        terms=Terms(
            offer=shape.offer,
            window=shape.window,
            stale_after=shape.stale_after,
            urgent=shape.urgent,
            on_cap=shape.on_cap,
            sender=shape.sender,
            reply_to=shape.reply_to,
        ),
        in_workspace_time=shape.timezone == "workspace",
        priority=shape.priority,
        on_edit=shape.on_edit,
        moved=shape.moved,
    )


def _enter(shape: EnterShape) -> Enter:
    if shape.on:
        return EnterOnEvent(event=shape.on)
    if shape.every is not None:
        if isinstance(shape.every, Anniversary):
            return EnterOnDate(when=shape.every)
        return EnterTogether(when=shape.every)
    match shape.at:
        case Absolute() as moment:
            return EnterTogether(when=moment)
        case Around() as date:
            return EnterOnDate(when=date)
    return EnterOnStage(existing=shape.existing)


def _reentry(shape: CampaignShape) -> Reentry:
    match shape.reentry:
        case ReentryShape(per=per) if per:
            return Reentry(kind="per", per=per)
        case ReentryShape(after=after) if after is not None:
            return Reentry(kind="after", after=after)
        case "never" | "always" as kind:
            return Reentry(kind=kind)
        case _:
            by_stage = not (shape.enter.on or shape.enter.at or shape.enter.every)
            return Reentry(kind="never" if by_stage else "always")


def _trigger(written: EventShape | Expression) -> Trigger:
    match written:
        case GoalShape():
            return Trigger(event=written.on, within=written.within)
        case EventShape():
            return Trigger(event=written.on)
        case _:
            return Trigger(expression=written)
