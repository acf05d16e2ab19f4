"""Campaigns made up by hypothesis, and edits of them: plain values that are written out as files."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

LETTERS = ("a", "b", "c", "d", "e", "f", "g", "h")
"""Templates; the first two have a variant, `a2` and `b2`, the last two are urgent."""
URGENT = ("g", "h")

WAITS = ("3 hours", "1 day", "2 days", "5 days", "3 weeks")
LEFT = "left"
"""The event that is an exit wherever one is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. A `send` is one of LETTERS for ever, whatever it is called."""

    says: Mapping[str, str]
    """Its keys, those that hold steps left out."""
    then: tuple[Step, ...] = ()
    otherwise: tuple[Step, ...] = ()

    @property
    def letter(self) -> str:
        """Which message it sends; empty: none."""
        return self.says.get("send", "")

    @property
    def name(self) -> str:
        """What it is called; empty where that follows from its place."""
        return self.says.get("id", self.letter)

    def lines(self) -> Iterator[str]:
        """As it is written."""
        for number, (key, value) in enumerate(self.says.items()):
            yield f"{'- ' if number == 0 else '  '}{key}: {value}"
        for key, inside in (("then", self.then), ("else", self.otherwise)):
            if inside:
                yield f"  {key}:"
                yield from textwrap.indent("\n".join(written(inside)), "    ").split("\n")


def written(steps: Sequence[Step]) -> list[str]:
    """A sequence as it is written."""
    return [line for step in steps for line in step.lines()]


def walk(steps: Sequence[Step]) -> Iterator[Step]:
    """All steps, those inside others too."""
    for step in steps:
        yield step
        yield from walk(step.then)
        yield from walk(step.otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One campaign. What stands in `head` never changes, so that what it says can be held against what happened."""

    head: Mapping[str, str]
    edit: str = "follow"
    steps: tuple[Step, ...]
    moved: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The file."""
        lines = [f"{key}: {value}" for key, value in self.head.items()]
        lines.append(f"on edit: {self.edit}")
        if self.moved:
            lines += ["moved:", *(f'  "{old}": "{new}"' for old, new in self.moved.items())]
        return "\n".join(
            [*lines, "sequence:", *textwrap.indent("\n".join(written(self.steps)), "  ").split("\n")]
        )

    @property
    def letters(self) -> frozenset[str]:
        """The messages in it."""
        return frozenset(step.letter for step in walk(self.steps)) - {""}


def _one_of(*choices: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(choices)


@st.composite
def sends(draw: st.DrawFn, letter: str) -> Step:
    """One message."""
    says = {"send": letter}
    if letter in URGENT:
        says["urgent"] = "yes"
    else:
        says |= draw(_one_of({}, {}, {"on cap": "skip"}, {"on cap": "replace"}, {"stale after": "2 days"}))
    says |= draw(_one_of({}, {}, {}, {"when": 'not did("visited")'}))
    if letter in ("a", "b"):
        variants = {"variants": f"{letter}2", "winner": "clicks"}
        tested = {**variants, "test": "50%", "decide after": "1 day"}
        says |= draw(_one_of({}, variants, tested))
    return Step(says=says)


PLAIN = st.one_of(
    st.sampled_from(WAITS).map(lambda length: Step(says={"wait": length})),
    st.sampled_from(
        [
            {"wait until": "tuesday 10:00"},
            {"wait until": "2017-02-01 09:00"},
            {"wait until": "3 hours after orders.last_at"},
            {"wait for": 'did("visited", since="entry")', "up to": "5 days"},
            {"wait for": "clicked()", "up to": "2 days"},
            {"wait for": "orders.days_since_last > 10", "up to": "20 days"},
            {"set": "{tag: vip}"},
            {"set": "{contact.tier: gold}"},
            {"unsubscribe": "news"},
            {"notify": "desk@shop.example"},
            {"end": "enough", "when": 'orders.count < 9 and "vip" in contact.tags'},
        ]
    ).map(lambda says: Step(says=says)),
)
WAYS = _one_of({"if": "clicked()"}, {"if": 'did("visited")'}, {"if": "orders.count >= 1"}, {"split": "50%"})


@st.composite
def sequences(draw: st.DrawFn, letters: Sequence[str], most: int = 6, deep: int = 1) -> tuple[Step, ...]:
    """Up to `most` steps, with messages out of `letters`, each once."""
    left = list(letters)
    steps: list[Step] = []
    for _ in range(draw(st.integers(min(most, 3), most))):
        kind = draw(st.integers(0, 9))
        if kind < 5 and left:
            steps.append(draw(sends(left.pop(draw(st.integers(0, len(left) - 1))))))
        elif kind == 9 and deep:
            then = draw(sequences(left, 2, deep - 1))
            left = [it for it in left if it not in {step.letter for step in walk(then)}]
            otherwise = draw(st.one_of(st.just(()), sequences(left, 2, deep - 1)))
            left = [it for it in left if it not in {step.letter for step in walk(otherwise)}]
            steps.append(Step(says=draw(WAYS), then=then, otherwise=otherwise))
        else:
            steps.append(draw(PLAIN))
    return tuple(steps)


ENTRIES = _one_of(
    {"enter": "{on: hello}"},
    {"enter": "{on: hello}"},
    {"enter": "{on: hello}"},
    {"enter": "{on: hello}", "reentry": "never"},
    {"enter": "{on: hello}", "reentry": "{after: 5 days}"},
    {"enter": "{on: hello}", "reentry": "{per: room}"},
    {"enter": "{on: subscribed}"},
    {"enter": "{on: ordered}"},
    {"stage": "prospect"},
    {"stage": "prospect", "enter": "{existing: yes}"},
    {"stage": "[customer, regular]", "reentry": "always"},
    {"stage": "customer", "on leaving": "finish"},
    {"enter": "{every: tuesday 10:00}", "timezone": "workspace"},
    {"enter": "{at: 2017-01-20 09:00}", "timezone": "workspace"},
    {"enter": "{at: 3 days after contact.created_at}"},
)
GOALS = _one_of(
    {},
    {"goal": "{on: ordered}"},
    {"goal": "{on: ordered, within: 3 days}"},
    {"goal": "{on: ordered}", "on goal": "finish"},
    {"goal": "{on: ordered}", "holdout": "40%"},
    {"goal": "orders.count >= 2"},
)
EXITS = _one_of(
    {}, {"exit": f"{{on: {LEFT}}}"}, {"exit": f"{{on: {LEFT}}}"}, {"exit": f'did("{LEFT}", since="entry")'}
)
WINDOWS = _one_of({}, {"window": "mon-fri 09:00-17:00"}, {"window": "any time"})
NARROWED = _one_of(
    {}, {}, {}, {"when": "orders.count < 3"}, {"when": 'orders.count < 9 and "vip" not in contact.tags'}
)


@st.composite
def campaigns(draw: st.DrawFn, topic: str) -> Made:
    """One campaign."""
    head = {"topic": topic} | draw(ENTRIES) | draw(GOALS) | draw(EXITS) | draw(WINDOWS) | draw(NARROWED)
    if draw(st.booleans()):
        head["priority"] = str(draw(st.sampled_from([1, 9])))
    steps = draw(sequences(LETTERS).filter(lambda them: any(step.letter for step in walk(them))))
    return Made(head=head, edit=draw(_one_of("follow", "follow", "pin")), steps=steps)


@st.composite
def edits(draw: st.DrawFn, made: Made, ever: Mapping[str, Step]) -> Made:
    """The same campaign with something else in its sequence. `ever`: every message it ever had, by its letter."""
    steps = draw(_edited(made.steps, made, ever))
    edit = draw(_one_of(made.edit, made.edit, made.edit, "pin" if made.edit == "follow" else "follow"))
    return replace(made, steps=steps, edit=edit)


@st.composite
def _edited(
    draw: st.DrawFn, steps: tuple[Step, ...], made: Made, ever: Mapping[str, Step]
) -> tuple[Step, ...]:
    at = draw(st.integers(0, len(steps) - 1))
    step = steps[at]
    how = draw(_one_of("insert", "remove", "swap", "change", "inside", "rename", "append"))
    before, behind = steps[:at], steps[at + 1 :]
    if how == "insert" or how == "append":
        new = draw(_new(made, ever))
        return (*steps, new) if how == "append" else (*before, new, step, *behind)
    if how == "remove" and len(steps) > 1:
        return before + behind
    if how == "swap" and behind:
        return (*before, behind[0], step, *behind[1:])
    if how == "inside" and step.then:
        return (*before, replace(step, then=draw(_edited(step.then, made, ever))), *behind)
    if how == "rename" and step.letter:
        names = [name for name in ("x", "y", step.letter) if name not in {it.name for it in walk(made.steps)}]
        says = {"send": step.letter, "id": draw(st.sampled_from(names))} if names else {}
        return (*before, replace(step, says={**step.says, **says}), *behind)
    if "wait" in step.says:
        return (*before, replace(step, says={"wait": draw(st.sampled_from(WAITS))}), *behind)
    if step.then:
        return (*before, replace(step, says=draw(WAYS)), *behind)
    return (*before, replace(step, says={**step.says, "when": 'did("visited")'}), *behind)


@st.composite
def _new(draw: st.DrawFn, made: Made, ever: Mapping[str, Step]) -> Step:
    """A step to put in: a message it had before, or never had, or another kind of step."""
    gone = sorted(set(ever) - made.letters)
    fresh = sorted(set(LETTERS) - set(ever))
    kind = draw(st.integers(0, 2))
    if kind == 0 and gone:
        return ever[draw(st.sampled_from(gone))]
    if kind <= 1 and fresh:
        return draw(sends(draw(st.sampled_from(fresh))))
    return draw(PLAIN)
