"""The tree of an expression: every name resolved, every value typed.

`predicate.py` reads it as Python and `flips.py` as a question about time; so a node says what is meant and
nothing of how it is worked out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from nurture.audience.contact import Scalar
from nurture.audience.expressions.needs import Needs
from nurture.audience.expressions.types import Type
from nurture.audience.facts import Facts
from nurture.clock import Moment, Span

Operator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


class Rule(Protocol):
    """What a segment stands for: an expression of its own."""

    @property
    def tree(self) -> Node: ...

    @property
    def needs(self) -> Needs: ...

    @property
    def exact_in_time(self) -> bool: ...

    def holds(self, facts: Facts, now: Moment) -> bool: ...

    def next_flip(self, facts: Facts, now: Moment) -> Moment: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose orders or stage: of the business, of the line of this entry, or of the line `name`."""

    kind: Literal["business", "entry", "named"] = "business"
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A value written down; None is `none`, the missing value."""

    type: Type
    value: Scalar | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFact:
    """A field that every contact has."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A contact's attribute, whatever its type; always inside As where one is wanted."""

    name: str
    type: Type = Type.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFact:
    """`name`, `since` or `days` of a stage."""

    place: Place
    name: str
    type: Type


@dataclass(frozen=True, slots=True, kw_only=True)
class LineName:
    """The name of the line of this entry."""

    type: Type = Type.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact:
    """A fact of the orders, all of them or (`window` is not 0) the latest."""

    place: Place
    name: str
    type: Type
    window: Span = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagementFact:
    """A fact of the engagement, all of it or (`window` is not 0) the latest."""

    name: str
    type: Type
    window: Span = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFact:
    """A fact of the offer that the contact holds."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True, kw_only=True)
class LastEvent:
    """A property of the last event of that name; `at` is its moment."""

    event: str
    name: str
    type: Type


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryEvent:
    """A property of the event that started this entry; `name` and `at` are its own."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The moment that is asked about."""

    type: Type = Type.MOMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysSince:
    """Elapsed time since `of`, divided by 24 hours."""

    of: Node
    type: Type = Type.NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Whether a message was received, opened or clicked: in this entry, or ever where `campaign` is named."""

    kind: Literal["received", "opened", "clicked"]
    campaign: str
    step: str
    """Empty: any."""
    type: Type = Type.YES_NO


@dataclass(frozen=True, slots=True, kw_only=True)
class Did:
    """Whether an event happened `times` times, with these properties."""

    event: str
    within: Span
    times: int
    since_entry: bool
    properties: tuple[tuple[str, Node], ...]
    type: Type = Type.YES_NO


@dataclass(frozen=True, slots=True, kw_only=True)
class InCampaign:
    """Whether the contact is under way in a campaign."""

    name: str
    type: Type = Type.YES_NO


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentUse:
    """Whether a named expression holds."""

    name: str
    rule: Rule
    type: Type = Type.YES_NO


@dataclass(frozen=True, slots=True, kw_only=True)
class As:
    """`of` where it has the type, else missing; a date written as text becomes a moment."""

    of: Node
    type: Type
    zone: str
    """For dates without one, where the contact has none either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """A comparison. With a missing value it is false, but == and != take missing for a value of its own."""

    op: Operator
    left: Node
    right: Node
    type: Type = Type.YES_NO


@dataclass(frozen=True, slots=True, kw_only=True)
class StageIs:
    """Whether the stage is one of these; `prospect` stands for every `prospect/…`."""

    stage: StageFact
    names: tuple[Node, ...]
    type: Type = Type.YES_NO


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """Whether `of` equals one of `items`."""

    of: Node
    items: tuple[Node, ...]
    type: Type = Type.YES_NO


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains:
    """Whether the set of texts, or the text, `whole` has `part` in it."""

    whole: Node
    part: Node
    type: Type = Type.YES_NO


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """Two numbers added, subtracted, multiplied or divided; x / 0 is missing."""

    op: Literal["+", "-", "*", "/"]
    left: Node
    right: Node
    type: Type = Type.NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Negative:
    """A number with its sign turned."""

    of: Node
    type: Type = Type.NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Two or more that must all hold (`and`), or of which one must (`or`)."""

    op: Literal["and", "or"]
    parts: tuple[Node, ...]
    type: Type = Type.YES_NO


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Holds where `of` does not; there is no third answer."""

    of: Node
    type: Type = Type.YES_NO


Leaf: TypeAlias = (
    Constant
    | ContactFact
    | Attribute
    | StageFact
    | LineName
    | OrderFact
    | EngagementFact
    | OfferFact
    | LastEvent
    | EntryEvent
    | Now
    | Touched
    | InCampaign
    | SegmentUse
)
Branch: TypeAlias = (
    DaysSince | Did | As | Compare | StageIs | OneOf | Contains | Arithmetic | Negative | Joined | Not
)
Node: TypeAlias = Leaf | Branch


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right under `node`; a segment's own tree is not among them."""
    match node:
        case DaysSince(of=of) | As(of=of) | Negative(of=of) | Not(of=of):
            return (of,)
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return (left, right)
        case Did(properties=properties):
            return tuple(value for _, value in properties)
        case StageIs(stage=stage, names=names):
            return (stage, *names)
        case OneOf(of=of, items=items):
            return (of, *items)
        case Contains(whole=whole, part=part):
            return (whole, part)
        case Joined(parts=parts):
            return parts
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """`node` and all below it."""
    yield node
    for child in children(node):
        yield from walk(child)
