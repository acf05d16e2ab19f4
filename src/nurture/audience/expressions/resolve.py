"""From what was written to what is meant: values, operators and their types. Names are `named.py`'s."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from nurture.audience.expressions.coerce import as_type, meet
from nurture.audience.expressions.context import Context, error
from nurture.audience.expressions.grammar import Chain, Series, Spelled, Unary, WrittenList, WrittenValue
from nurture.audience.expressions.membership import is_none, membership, mismatch, named_stage, stage_name
from nurture.audience.expressions.mistakes import DEEPEST, too_deep
from nurture.audience.expressions.named import fact
from nurture.audience.expressions.tree import (
    Arithmetic,
    Compare,
    Constant,
    DaysSince,
    Joined,
    Negative,
    Node,
    Not,
    Now,
    Operator,
    Rule,
    StageFact,
    StageIs,
)
from nurture.audience.expressions.types import SAID, Known, Type

_TRUTH_HINT = {
    Type.NUMBER: "compare it, such as > 0",
    Type.TEXT: 'compare it, such as != ""',
    Type.MOMENT: "compare it, such as < now",
    Type.TEXTS: 'ask what is in it, such as "vip" in contact.tags',
}


class Resolver:
    """Resolves one expression. `leaves` are the facts it names, by their spelling."""

    def __init__(self, text: str, segments: Mapping[str, Rule], known: Known | None) -> None:
        self._context = Context(text=text, segments=segments, known=known or Known(), resolve=self.value)
        self._zone = self._context.known.zone
        self.leaves: dict[str, Node] = {}

    @property
    def unsure(self) -> tuple[tuple[int, str], ...]:
        """(column, message) for each name that nobody ever recorded."""
        return tuple(sorted(set(self._context.unsure)))

    def value(self, spelled: Spelled, depth: int = 1) -> Node:
        """A value; `stage` alone stands for its name. Raises ExpressionError."""
        return _named_stage(self._read(spelled, depth))

    def _read(self, spelled: Spelled, depth: int) -> Node:
        if depth > DEEPEST:
            raise too_deep(spelled.start)
        match spelled:
            case WrittenValue():
                return _constant(spelled)
            case WrittenList():
                raise error(spelled, "a list stands only behind in", 'write contact.country in ["DE", "AT"]')
            case Chain():
                node = fact(self._context, spelled, depth)
                if not isinstance(node, DaysSince | Now):
                    self.leaves.setdefault(self._context.slice(spelled), _named_stage(node))
                return node
            case Unary(op="not"):
                return Not(of=self._truth(spelled.of, depth + 1))
            case Unary():
                return self._signed(spelled, depth)
            case Series(ops=("and" | "or" as op, *_)):
                parts = tuple(self._truth(part, depth + 1) for part in spelled.parts)
                return Joined(op="and" if op == "and" else "or", parts=parts)
            case Series(ops=("+" | "-" | "*" | "/", *_)):
                return self._sum(spelled, depth)
            case Series():
                return self._comparisons(spelled, depth)

    def _truth(self, spelled: Spelled, depth: int) -> Node:
        node = self.value(spelled, depth)
        if is_none(node) or node.type not in (Type.YES_NO, Type.UNKNOWN):
            said = f"{self._context.slice(spelled)} is {SAID[node.type]}, not yes or no"
            raise error(spelled, said, _TRUTH_HINT.get(node.type, ""))
        return as_type(node, Type.YES_NO, self._zone)

    def _number(self, spelled: Spelled, depth: int) -> Node:
        node = self.value(spelled, depth)
        said = self._context.slice(spelled)
        if node.type is Type.MOMENT:
            raise error(
                spelled, "moments cannot be added or subtracted", f"write days_since({said}) for a number"
            )
        if is_none(node) or node.type not in (Type.NUMBER, Type.UNKNOWN):
            raise error(spelled, f"{said} is {SAID[node.type]}, not a number")
        return as_type(node, Type.NUMBER, self._zone)

    def _signed(self, unary: Unary, depth: int) -> Node:
        number = self._number(unary.of, depth + 1)
        if unary.op == "+":
            return number
        if isinstance(number, Constant) and isinstance(number.value, int | float):
            return Constant(type=Type.NUMBER, value=-number.value)
        return Negative(of=number)

    def _sum(self, series: Series, depth: int) -> Node:
        deepest = depth + len(series.ops)
        node = self._number(series.parts[0], deepest)
        for place, op in enumerate(series.ops, 1):
            right = self._number(series.parts[place], deepest - place + 1)
            match op:
                case "+" | "-" | "*" | "/":
                    node = Arithmetic(op=op, left=node, right=right)
        return node

    def _comparisons(self, series: Series, depth: int) -> Node:
        inner = depth + (2 if len(series.ops) > 1 else 1)
        parts = tuple(
            self._comparison(op, series.parts[place], series.parts[place + 1], inner)
            for place, op in enumerate(series.ops)
        )
        return parts[0] if len(parts) == 1 else Joined(op="and", parts=parts)

    def _comparison(self, op: str, left: Spelled, right: Spelled, depth: int) -> Node:
        one = self._read(left, depth)
        if op in ("in", "not in"):
            if isinstance(right, WrittenList):
                items = [(self.value(item, depth + 1), item) for item in right.items]
                node = membership(self._context, one, left, items)
            else:
                node = membership(self._context, _named_stage(one), left, self.value(right, depth), right)
            return node if op == "in" else Not(of=node)
        other = self._read(right, depth)
        for stage, name, at in ((one, other, right), (other, one, left)):
            if isinstance(stage, StageFact) and not stage.name and not isinstance(name, StageFact):
                return self._stage_is(op, stage, name, at)
        one, other = _named_stage(one), _named_stage(other)
        for node, at in ((one, left), (other, right)):
            if node.type is Type.TEXTS:
                said = f"{self._context.slice(at)} is a set, and sets are not compared"
                raise error(at, said, 'ask what is in it, such as "vip" in contact.tags')
        wrong = mismatch(self._context, left, one, right, other)
        one, other = meet(one, other, self._zone, lambda: wrong)
        if op not in ("==", "!="):
            for node, at in ((one, left), (other, right)):
                if is_none(node) or node.type is Type.YES_NO:
                    said = "none" if is_none(node) else SAID[node.type]
                    raise error(at, f"{op} does not compare {said}", "use == or !=")
        return Compare(op=cast(Operator, op), left=one, right=other)

    def _stage_is(self, op: str, stage: StageFact, name: Node, at: Spelled) -> Node:
        if op not in ("==", "!="):
            raise error(at, f"{op} does not compare stages", "use ==, != or in")
        held = StageIs(stage=named_stage(stage), names=(stage_name(self._context, name, at),))
        return held if op == "==" else Not(of=held)


def _named_stage(node: Node) -> Node:
    return named_stage(node) if isinstance(node, StageFact) and not node.name else node


def _constant(written: WrittenValue) -> Constant:
    match written.value:
        case bool():
            kind = Type.YES_NO
        case int() | float():
            kind = Type.NUMBER
            if written.end - written.start > 15:
                raise error(written, "this number is too long", "write at most 15 digits")
        case str():
            kind = Type.TEXT
        case None:
            kind = Type.UNKNOWN
    return Constant(type=kind, value=written.value)
