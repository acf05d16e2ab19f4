"""What there is to draw of a campaign: its steps in words, the ways between them, the people at each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from nurture.audience.spans import say_span
from nurture.journeys.campaign import Campaign, Trigger
from nurture.journeys.program import Node, Program
from nurture.journeys.steps.kinds import KINDS
from nurture.journeys.telling import either
from nurture.reports.drawing.words import plain
from nurture.reports.figures import number, share

Tone: TypeAlias = Literal["enter", "message", "wait", "branch", "act", "end", "out"]
"""What a box is, for its colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many people are at one step."""

    people: int = 0
    on_their_way: int = 0
    """Of these, the ones whose message is planned and not done yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step."""

    id: str
    kind: str = ""
    """The key that it starts with in the file, such as `wait for`."""
    tone: Tone
    words: str
    asides: tuple[str, ...] = ()
    """What else is to be known about it: its id, its `when`."""
    standing: Standing = Standing()
    ways: tuple[Way, ...] = ()
    ends: bool = False
    """Whether nobody comes out of it; of a step with ways, they say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One of the ways behind a step. Without steps it leads to where all of them join again."""

    label: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All that is drawn of one campaign."""

    key: str
    name: str
    enter: str
    """How people come in."""
    notes: tuple[tuple[str, str], ...]
    """A word and what it stands for: `goal`, `ordered, within 30 days; …`."""
    steps: tuple[Step, ...]

    @property
    def runs_out(self) -> bool:
        """Whether people come to the end of the sequence, and not only to an `end` within it."""
        return not any(step.ends for step in self.steps)


def picture(
    campaign: Campaign, standing: Mapping[str, Standing] | None = None, elsewhere: int = 0
) -> Picture:
    """What to draw of `campaign`.

    `standing` are the people at its steps, by id, and `elsewhere` those at steps that it has not; None: they were
    not counted.
    """
    drawing = _Drawing(program=campaign.program, standing=standing or {})
    notes = _notes(campaign)
    if standing is not None:
        notes.append(("inside", _inside(sum(it.people for it in standing.values()), elsewhere)))
    return Picture(
        key=campaign.key,
        name=plain(campaign.name or campaign.key),
        enter=plain(f"enter: {campaign.enter.describe()}"),
        notes=tuple((word, plain(text)) for word, text in notes),
        steps=drawing.chain(campaign.program.first, ""),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    program: Program
    standing: Mapping[str, Standing] = field(default_factory=dict)

    def chain(self, first: str, behind: str) -> tuple[Step, ...]:
        """The steps from `first` on, up to the one behind them all."""
        steps = []
        at = first
        while at != behind and at:
            node = self.program.nodes[at]
            steps.append(self._step(node))
            at = node.next
        return tuple(steps)

    def _step(self, node: Node) -> Step:
        step = node.step
        ways = tuple(
            Way(label=label, steps=self.chain(first, node.next)) for label, first in node.branches.items()
        )
        words = plain(step.describe())
        asides = [f"id: {plain(step.id)}"] if step.id and step.id not in words.split() else []
        condition = "" if step.when is None else f"when {plain(step.when.text)}"
        drawn = Step(
            id=node.id,
            kind=_kind(node),
            tone=_tone(node),
            words=words,
            asides=tuple(asides if ways or not condition else [*asides, condition]),
            standing=self.standing.get(node.id, Standing()),
            ways=ways,
            ends=step.ends,
        )
        if not (ways and condition):
            return drawn
        # Who skips a step that has ways takes none of them.
        inside = (Way(label="yes", steps=(drawn,)), Way(label="no"))
        return Step(id="", kind="when", tone="branch", words=condition, ways=inside)


def _kind(node: Node) -> str:
    return next((key for key, kind in KINDS.items() if type(node.step) is kind), "step").replace("_", " ")


def _tone(node: Node) -> Tone:
    kind = _kind(node)
    if node.branches:
        return "branch"
    if kind == "end":
        return "end"
    if kind == "send":
        return "message"
    return "wait" if kind.startswith("wait") else "act"


def _notes(campaign: Campaign) -> list[tuple[str, str]]:
    notes = [
        ("for", _whom(campaign)),
        ("topic", campaign.topic),
        ("reentry", campaign.reentry.describe()),
    ]
    if campaign.goal is not None:
        after = "; who reaches it leaves" if campaign.on_goal == "exit" else "; who reaches it goes on"
        notes.append(("goal", _trigger(campaign.goal) + after))
    notes += [("exit", _trigger(it)) for it in campaign.exits]
    leaving = _leaving(campaign)
    if leaving:
        notes.append(("leaves", leaving))
    if campaign.holdout:
        notes.append(("holdout", f"{share(campaign.holdout)} of those who enter get nothing"))
    return notes


def _inside(people: int, elsewhere: int) -> str:
    everybody = people + elsewhere
    if not everybody:
        return "nobody now"
    said = "1 person" if everybody == 1 else f"{number(everybody)} people"
    others = f", {number(elsewhere)} of them at steps of another version" if elsewhere else ""
    return f"{said}{others}; the number in a box is how many are there now"


def _whom(campaign: Campaign) -> str:
    whom = either(campaign.stages) if campaign.stages else "everybody"
    if campaign.lines is not None:
        lines = "each line" if campaign.lines == "each" else ", ".join(campaign.lines)
        whom += f"; for {lines}, at {either(campaign.line_stages)} there"
    return whom if campaign.when is None else f"{whom}, when {campaign.when.text}"


def _trigger(trigger: Trigger) -> str:
    said = trigger.event if trigger.expression is None else trigger.expression.text
    return said if trigger.within is None else f"{said}, within {say_span(trigger.within)}"


def _leaving(campaign: Campaign) -> str:
    if not (campaign.stages or campaign.lines is not None or campaign.when is not None):
        return ""
    if campaign.on_leaving == "finish":
        return "nobody; those whom the campaign is no longer for go on to its end"
    return "whoever the campaign is no longer for"
