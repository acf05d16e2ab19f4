"""The tree of an expression as a Python function of (facts, now).

The source that is compiled consists of our own words only: whatever the marketer wrote (names, texts,
numbers) is bound to a name of ours and never becomes part of the source, and no attribute is read that the
text could choose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, assert_never

from nurture.audience.expressions import readers, values
from nurture.audience.expressions.tree import (
    Arithmetic,
    As,
    Attribute,
    Compare,
    Constant,
    ContactFact,
    Contains,
    DaysSince,
    Did,
    EngagementFact,
    EntryEvent,
    InCampaign,
    Joined,
    LastEvent,
    LineName,
    Negative,
    Node,
    Not,
    Now,
    OfferFact,
    OneOf,
    OrderFact,
    SegmentUse,
    StageFact,
    StageIs,
    Touched,
)
from nurture.audience.expressions.types import Type
from nurture.audience.facts import Facts
from nurture.clock import DAY, Moment

Evaluate: TypeAlias = Callable[[Facts, Moment], Any]

_DEEPEST = 12
"""Python takes 200 brackets in one another; what lies deeper is compiled apart."""

_CONTACT: Mapping[str, str] = {
    name: f"f.contact.{name}"
    for name in (
        "email",
        "first_name",
        "last_name",
        "locale",
        "timezone",
        "country",
        "tags",
        "created_at",
    )
}
_BUSINESS: Mapping[str, str] = {
    "count": "f.orders.count",
    "first_at": "f.orders.first_at",
    "last_at": "f.orders.last_at",
    "usual_gap_days": "f.orders.usual_gap_days",
    "skus": "f.orders.skus",
    "lines": "f.orders.lines",
}
_STAGE: Mapping[str, str] = {
    "name": "{}.stage.name",
    "since": "{}.stage.since",
    "days": "((n - {}.stage.since) / day)",
}
_OFFER: Mapping[str, str] = {
    name: f"(None if f.offer is None else f.offer.{name})"
    for name in ("says", "code", "expires_at", "discount", "redeemed")
}
_NEVER_MISSING = frozenset(
    {"count", "total", "usual_gap_days", "skus", "lines", "received", "opens", "clicks"}
)


def compiled(node: Node) -> Evaluate:
    """A function that works `node` out."""
    return _Writer().function(lambda writer: writer.value(node, 0))


def compiled_all(nodes: Iterable[Node]) -> Evaluate:
    """A function that works out each of `nodes`, as a tuple."""
    return _Writer().function(lambda writer: "(" + "".join(f"{writer.value(it, 1)}," for it in nodes) + ")")


def may_miss(node: Node) -> bool:
    """Whether the value of `node` can be missing."""
    match node:
        case Constant(value=value):
            return value is None
        case StageFact(place=place):
            return place.kind != "business"
        case OrderFact(name=name) | EngagementFact(name=name):
            return name not in _NEVER_MISSING
        case DaysSince(of=of):
            return may_miss(of)
        case ContactFact() | Now():
            return False
        case _:
            return node.type is not Type.YES_NO or isinstance(node, As | OfferFact)


class _Writer:
    """Writes the source of one function and keeps what its names stand for."""

    def __init__(self) -> None:
        self._bound: dict[str, object] = {"__builtins__": {}, "day": DAY}

    def function(self, write: Callable[[_Writer], str]) -> Evaluate:
        source = f"lambda f, n: {write(self)}"
        function: Evaluate = eval(source, self._bound)
        return function

    def _bind(self, value: object) -> str:
        name = f"k{len(self._bound)}"
        self._bound[name] = value
        return name

    def _call(self, function: Callable[..., Any], *arguments: str) -> str:
        return f"{self._bind(function)}({', '.join(arguments)})"

    def _tuple(self, nodes: Iterable[Node], depth: int) -> str:
        nodes = tuple(nodes)
        constants = [it.value for it in nodes if isinstance(it, Constant)]
        if len(constants) == len(nodes):
            return self._bind(tuple(constants))
        return "(" + "".join(f"{self.value(it, depth)}," for it in nodes) + ")"

    def truth(self, node: Node, depth: int) -> str:
        """`node` as yes or no, where missing is no."""
        code = self.value(node, depth)
        return f"({code} is True)" if may_miss(node) else code

    def value(self, node: Node, depth: int) -> str:
        """`node` as Python source."""
        if depth > _DEEPEST:
            return f"{self._bind(compiled(node))}(f, n)"
        below = depth + 1
        match node:
            case Constant(value=value):
                return self._bind(value)
            case ContactFact(name=name):
                return _CONTACT[name]
            case Attribute(name=name):
                return f"f.contact.attributes.get({self._bind(name)})"
            case StageFact():
                return self._stage(node)
            case LineName():
                return "(None if f.line is None else f.line.name)"
            case OrderFact():
                return self._orders(node)
            case EngagementFact(name=name, window=0):
                return self._call(readers.engagement, self._bind(name), "f", "n")
            case EngagementFact(name=name, window=window):
                return self._call(readers.recent_engagement, self._bind(name), "f", "n", self._bind(window))
            case OfferFact(name=name):
                return _OFFER[name]
            case LastEvent(event=event, name=name):
                return self._call(readers.last_event, "f", "n", self._bind(event), self._bind(name))
            case EntryEvent(name=name):
                return self._call(readers.entry_event, "f", self._bind(name))
            case Now():
                return "n"
            case Touched(kind=kind, campaign=campaign, step=step):
                said = (self._bind(it) for it in (kind, campaign, step))
                return self._call(readers.touched, "f", "n", *said)
            case InCampaign(name=name):
                return f"({self._bind(name)} in f.in_campaigns)"
            case SegmentUse(rule=rule):
                return self._call(rule.holds, "f", "n")
            case DaysSince(of=of):
                return self._call(readers.days_between, self.value(of, below), "n")
            case As(of=of, type=kind, zone=zone):
                wanted = (self._bind(kind), "f", self._bind(zone))
                return self._call(values.coerced, self.value(of, below), *wanted)
            case Did():
                return self._did(node, below)
            case Compare():
                return self._compare(node, below)
            case StageIs(stage=stage, names=names):
                return self._call(values.stage_is, self.value(stage, below), self._tuple(names, below))
            case OneOf(of=of, items=items):
                return self._call(values.one_of, self.value(of, below), self._tuple(items, below))
            case Contains(whole=whole, part=part):
                return self._call(values.contains, self.value(whole, below), self.value(part, below))
            case Arithmetic(op=op, left=left, right=right):
                sides = (self.value(left, below), self.value(right, below))
                return self._call(values.ARITHMETIC[op], *sides)
            case Negative(of=of):
                return self._call(values.negate, self.value(of, below))
            case Joined(op=op, parts=parts):
                return "(" + f" {op} ".join(self.truth(it, below) for it in parts) + ")"
            case Not(of=of):
                return f"(not {self.truth(of, below)})"
            case _:
                assert_never(node)

    def _stage(self, node: StageFact) -> str:
        match node.place.kind:
            case "business":
                return _STAGE[node.name].format("f")
            case "entry":
                return f"(None if f.line is None else {_STAGE[node.name].format('f.line')})"
            case "named":
                line = self._call(readers.line_of, "f", self._bind(node.place.name))
                return f"(None if (l := {line}) is None else {_STAGE[node.name].format('l')})"

    def _orders(self, node: OrderFact) -> str:
        place = node.place
        match place.kind:
            case "business":
                if not node.window and node.name in _BUSINESS:
                    return _BUSINESS[node.name]
                orders = "f.orders"
            case "entry":
                orders = self._call(readers.orders_of_entry, "f")
            case "named":
                orders = self._call(readers.orders_of_line, "f", self._bind(place.name))
        if node.window:
            name, window = self._bind(node.name), self._bind(node.window)
            return self._call(readers.recent_orders, name, orders, "n", window)
        return self._call(readers.ORDERS[node.name], orders, "n")

    def _did(self, node: Did, depth: int) -> str:
        asked = (self._bind(it) for it in (node.event, node.within, node.times, node.since_entry))
        pairs = "".join(f"({self._bind(name)}, {self.value(it, depth)})," for name, it in node.properties)
        return self._call(readers.did, "f", "n", *asked, f"({pairs})")

    def _compare(self, node: Compare, depth: int) -> str:
        left, right = self.value(node.left, depth), self.value(node.right, depth)
        unknown = node.left.type is Type.UNKNOWN and node.right.type is Type.UNKNOWN
        match node.op:
            case "==" | "!=":
                if not unknown:
                    return f"({left} {node.op} {right})"
                equal = self._call(readers.same, left, right)
                return equal if node.op == "==" else f"(not {equal})"
            case op:
                if unknown:
                    return self._call(values.COMPARED_LOOSELY[op], left, right)
                if may_miss(node.left) or may_miss(node.right):
                    return self._call(values.COMPARED[op], left, right)
                return f"({left} {op} {right})"
