"""An expression over the facts of a contact, ready to be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nurture.audience.expressions.flips import Flip, flip_of, is_exact
from nurture.audience.expressions.grammar import read
from nurture.audience.expressions.needs import Needs
from nurture.audience.expressions.predicate import compiled, compiled_all
from nurture.audience.expressions.requirements import needs_of
from nurture.audience.expressions.resolve import Resolver
from nurture.audience.expressions.saying import said
from nurture.audience.expressions.tree import Node, SegmentUse, walk
from nurture.audience.expressions.types import Known, Type
from nurture.audience.facts import Facts
from nurture.clock import Moment
from nurture.errors import ExpressionError

_HEAVIEST = 5_000
_MOST_LAYERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A condition or a value, parsed, typed and compiled."""

    text: str
    type: Type = field(hash=False)
    needs: Needs = field(hash=False)
    """What must be loaded before it is asked."""
    tree: Node = field(hash=False, repr=False)
    unsure: tuple[tuple[int, str], ...] = field(default=(), hash=False)
    """(column, message) for each name that nobody ever recorded."""
    exact_in_time: bool = field(default=True, hash=False)
    """Whether `next_flip` works its moment out; else it looks once a day."""
    weight: int = field(default=1, hash=False, repr=False)
    """Nodes of the tree, those of its segments counted in."""
    layers: int = field(default=0, hash=False, repr=False)
    """How deep segments stand in segments."""
    evaluate: Callable[[Facts, Moment], Any] = field(compare=False, repr=False)
    flip: Flip = field(compare=False, repr=False)
    look: Callable[[Facts, Moment], tuple[Any, ...]] = field(compare=False, repr=False)
    leaves: Mapping[str, Node] = field(compare=False, repr=False)

    def holds(self, facts: Facts, now: Moment) -> bool:
        """Whether it is true; a missing value is not."""
        return self.evaluate(facts, now) is True

    def value(self, facts: Facts, now: Moment) -> Any:
        """Its value: a number, text, bool, Moment or set of text, or None where it is missing."""
        return self.evaluate(facts, now)

    def next_flip(self, facts: Facts, now: Moment) -> Moment:
        """The earliest moment later than `now` at which the value could change by time alone, or NEVER.

        At that moment the value may turn out to be the same; it is never different before.
        """
        return self.flip(facts, now)

    def seen(self, facts: Facts, now: Moment) -> dict[str, str]:
        """Each fact that is named, as written, with its value as text."""
        shown = self.look(facts, now)
        return {
            name: said(node, value) for (name, node), value in zip(self.leaves.items(), shown, strict=True)
        }


def parse(
    text: str, *, segments: Mapping[str, Expression] | None = None, known: Known | None = None
) -> Expression:
    """Read an expression. Raises ExpressionError, which points at the mistake and says what was meant."""
    resolver = Resolver(text, segments or {}, known)
    tree = resolver.value(read(text))
    weight, layers = _weigh(tree)
    return Expression(
        text=text,
        type=tree.type,
        needs=needs_of(tree),
        tree=tree,
        unsure=resolver.unsure,
        exact_in_time=is_exact(tree),
        weight=weight,
        layers=layers,
        evaluate=compiled(tree),
        flip=flip_of(tree),
        look=compiled_all(resolver.leaves.values()),
        leaves=resolver.leaves,
    )


def _weigh(tree: Node) -> tuple[int, int]:
    weight, layers = 0, 0
    for node in walk(tree):
        weight += 1
        if isinstance(node, SegmentUse) and isinstance(node.rule, Expression):
            weight += node.rule.weight
            layers = max(layers, node.rule.layers + 1)
    if weight > _HEAVIEST or layers > _MOST_LAYERS:
        hint = "write some of the segments out, or leave some away"
        raise ExpressionError("the segments that this names come to too much", column=0, hint=hint)
    return weight, layers
