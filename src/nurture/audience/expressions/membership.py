"""`in` and `not in`, what stands behind them, and types that do not fit together."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nurture.audience.expressions.coerce import as_type, meet
from nurture.audience.expressions.context import Context, error
from nurture.audience.expressions.grammar import Spelled
from nurture.audience.expressions.named import doubt_stage
from nurture.audience.expressions.tree import Constant, Contains, Node, OneOf, StageFact, StageIs
from nurture.audience.expressions.types import SAID, Type
from nurture.errors import ExpressionError


def is_none(node: Node) -> bool:
    """Whether `node` is `none` as written."""
    return isinstance(node, Constant) and node.value is None


def membership(
    context: Context,
    of: Node,
    left: Spelled,
    whole: Node | Sequence[tuple[Node, Spelled]],
    right: Spelled | None = None,
) -> Node:
    """`of in whole`, where `whole` is a list's items or one value at `right`."""
    if isinstance(whole, Sequence):
        return _one_of(context, of, left, whole)
    at = right or left
    if whole.type not in (Type.TEXTS, Type.TEXT, Type.UNKNOWN) or is_none(whole):
        raise error(
            at,
            f"{context.slice(at)} is {SAID[whole.type]}, so nothing can be in it",
            "write a list: in [1, 2]",
        )
    if of.type not in (Type.TEXT, Type.UNKNOWN) or is_none(of):
        raise error(left, f"{context.slice(left)} is {SAID[of.type]}, and {context.slice(at)} holds text")
    zone = context.known.zone
    return Contains(whole=as_type(whole, Type.TEXT, zone), part=as_type(of, Type.TEXT, zone))


def _one_of(context: Context, of: Node, left: Spelled, items: Sequence[tuple[Node, Spelled]]) -> Node:
    if isinstance(of, StageFact) and not of.name:
        names = tuple(stage_name(context, node, at) for node, at in items)
        return StageIs(stage=named_stage(of), names=names)
    if of.type is Type.TEXTS:
        raise error(left, f"{context.slice(left)} is a set", 'ask for one text: "vip" in contact.tags')
    typed = next(((node, at) for node, at in items if node.type is not Type.UNKNOWN), None)
    if typed is not None:
        of = _meet_item(context, of, left, *typed)[0]
    resolved = (_meet_item(context, of, left, node, at)[1] for node, at in items)
    return OneOf(of=of, items=tuple(resolved))


def _meet_item(context: Context, of: Node, left: Spelled, item: Node, at: Spelled) -> tuple[Node, Node]:
    wrong = mismatch(context, left, of, at, item)
    wrong.column, wrong.length = at.start, at.end - at.start
    return meet(of, item, context.known.zone, lambda: wrong)


def named_stage(stage: StageFact) -> StageFact:
    """The name of a stage that was written without one of its facts."""
    return StageFact(place=stage.place, name="name", type=Type.TEXT)


def stage_name(context: Context, name: Node, at: Spelled) -> Node:
    """`name` as the name of a stage."""
    if name.type not in (Type.TEXT, Type.UNKNOWN) or is_none(name):
        raise error(at, f"a stage is text and {context.slice(at)} is {SAID[name.type]}")
    if isinstance(name, Constant) and isinstance(name.value, str):
        doubt_stage(context, name.value, at)
    return as_type(name, Type.TEXT, context.known.zone)


def mismatch(context: Context, left: Spelled, one: Node, right: Spelled, other: Node) -> ExpressionError:
    """The error of two values that cannot be compared."""
    said, hint = f"{_say(context, left, one)} and {_say(context, right, other)} cannot be compared", ""
    for constant, opposite in ((one, other), (other, one)):
        if not isinstance(constant, Constant) or not isinstance(constant.value, str):
            continue
        if opposite.type is Type.NUMBER and re.fullmatch(r"[0-9]+(\.[0-9]+)?", constant.value):
            hint = f"write {constant.value} without quotes"
        if opposite.type is Type.MOMENT:
            said, hint = f'"{constant.value}" is no date', 'write "2026-12-01" or "2026-12-01 09:00"'
    return ExpressionError(said, column=left.start, length=max(left.end, right.end) - left.start, hint=hint)


def _say(context: Context, at: Spelled, node: Node) -> str:
    return f"{context.slice(at)} ({SAID[node.type]})"
