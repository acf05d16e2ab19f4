"""The steps of a sequence: which kind each is, and the shape of that kind."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.source import Source
from nurture.campaigns.tree import Keyed, Listing, Loc, Scalar, find
from nurture.campaigns.wording import Complaint
from nurture.journeys.decisions import Decision, Exit
from nurture.journeys.shape import Reading
from nurture.journeys.spelling import nearest, normal, spoken
from nurture.journeys.steps.base import Situation, StepKind
from nurture.journeys.steps.kinds import KINDS

_STEPS = ", ".join(spoken(key) for key in KINDS)
_COMPANIONS = {normal(key) for kind in KINDS.values() for key in kind.written_keys()}
"""Keys that stand beside the one that says what a step does."""

_ELSEWHERE = {
    **dict.fromkeys(("email", "mail", "message", "send_email"), "send"),
    **dict.fromkeys(("delay", "pause", "sleep"), "wait"),
    **dict.fromkeys(("stop", "exit", "leave", "finish", "quit"), "end"),
    **dict.fromkeys(("branch", "condition", "decision"), "if"),
    **dict.fromkeys(("tag", "untag", "add_tag", "update", "update_contact"), "set"),
    **dict.fromkeys(("webhook", "alert", "notification", "internal_email"), "notify"),
    **dict.fromkeys(("random", "ab_test", "a/b"), "split"),
    "until": "wait_until",
    "optout": "unsubscribe",
}
"""What other programs call these steps."""

UNREAD = "?"
"""The name of a step that cannot be read; no step can be called so."""


class Unread(StepKind):
    """Stands where a step has mistakes, so that those behind it and inside it are still looked at."""

    called: str = ""
    inside: Mapping[str, tuple[StepKind, ...]] = {}

    @property
    def name(self) -> str:
        return self.called or UNREAD

    def branches(self) -> Mapping[str, tuple[StepKind, ...]]:
        return self.inside

    def decide(self, situation: Situation) -> Decision:
        return Exit(reason=self.describe())

    def describe(self) -> str:
        return "a step that cannot be read"


def read_steps(source: Source, loc: Loc, reading: Reading) -> tuple[StepKind, ...]:
    """The steps of the list at `loc`, those with mistakes as `Unread`."""
    if source.tree is None:
        return ()
    tree, _ = find(source.tree, loc)
    if isinstance(tree, Listing) and tree.items:
        return tuple(_read_step(source, (*loc, number), reading) for number in range(len(tree.items)))
    key = f"`{spoken(str(loc[-1]))}:`"
    if isinstance(tree, Listing) or (isinstance(tree, Scalar) and not tree.value):
        source.complain(Complaint("empty", f"{key} is empty", "write a step, such as `- send: welcome`"), loc)
    else:
        source.complain(Complaint("wrong-type", f"{key} wants a list of steps, each with a - before it"), loc)
    return ()


def _read_step(source: Source, loc: Loc, reading: Reading) -> StepKind:
    tree = find(source.tree, loc)[0] if source.tree else None
    if not isinstance(tree, Keyed) or not tree.entries:
        word = tree.value if isinstance(tree, Scalar) else ""
        meant = _meant(normal(word)) or "send"
        hint = f"write it as `- {spoken(meant)}: {_example(meant)}`"
        source.complain(Complaint("wrong-type", "this is not a step", hint), loc)
        return Unread()
    keys = {normal(it.key.value): it.key.value for it in tree.entries}
    kinds = [key for key in keys if key in KINDS]
    if len(kinds) != 1:
        _complain_of_kind(source, loc, keys, kinds)
        return Unread(inside=_inside(source, loc, keys, ("then", "else"), reading))
    kind = KINDS[kinds[0]]
    inside = _inside(source, loc, keys, kind.nested, reading)
    step = source.shape(kind, reading, loc, extra={key: list(it) for key, it in inside.items()})
    if step is None or any(not steps for steps in inside.values()):
        return Unread(called=_called(tree), inside=inside)
    return step


def _inside(
    source: Source, loc: Loc, keys: Mapping[str, str], nested: tuple[str, ...], reading: Reading
) -> dict[str, tuple[StepKind, ...]]:
    return {key: read_steps(source, (*loc, key), reading) for key in nested if key in keys}


def _complain_of_kind(source: Source, loc: Loc, keys: Mapping[str, str], kinds: list[str]) -> None:
    if kinds:
        names = " and ".join(f"`{spoken(key)}:`" for key in kinds)
        message = f"this is two steps in one: {names}"
        source.complain(
            Complaint("step-kind", message, "give each a - of its own", on_key=True), (*loc, kinds[1])
        )
        return
    strange = [key for key in keys if key not in _COMPANIONS]
    if not strange:
        message = "this step does not say what to do"
        source.complain(Complaint("step-kind", message, f"there is: {_STEPS}", on_key=True), loc)
        return
    first = strange[0]
    message = f"no step is called `{keys[first]}:`"
    source.complain(Complaint("step-kind", message, _instead(keys[first]), on_key=True), (*loc, first))


def _instead(written: str) -> str:
    """What to write for a step that there is not."""
    kind, _, rest = written.partition(" ")
    if kind in KINDS and rest:
        return f"did you mean `{kind}: {rest}`?"
    meant = _meant(normal(written))
    if meant:
        return f'did you mean "{spoken(meant)}"?'
    return f"there is: {_STEPS}"


def _meant(word: str) -> str:
    """The kind of step that `word` stands for, here or in other programs; empty: none."""
    return _ELSEWHERE.get(word.lower(), "") or nearest(word, KINDS)


def _example(kind: str) -> str:
    fields = KINDS[kind].model_fields.values()
    return next((str(it.examples[0]) for it in fields if it.examples and it.alias == kind), "…")


def _called(tree: Keyed) -> str:
    """The name of a step that cannot be read, as far as it can be told."""
    for key in ("id", "send"):
        entry = tree.entry(key)
        if entry and isinstance(entry.value, Scalar) and entry.value.value:
            return entry.value.value
    return ""
