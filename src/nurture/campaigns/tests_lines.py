"""What a line of a test says: something happens, something is expected, a rule holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.clock import Span
from nurture.offers.offer import Kind

Reaction: TypeAlias = Literal["opened", "clicked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrives:
    """An event of theirs: `signed_up`."""

    event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacts:
    """`clicked welcome`: they do something with a message."""

    how: Reaction
    message: str
    """The step that sent it; with another campaign of that name, `campaign/step`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """`ordered R-12 for 40 EUR`."""

    sku: str
    amount: str = ""
    """As written; empty: what the product costs."""
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """`send welcome`."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """`stage customer/first-time`."""

    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AtMost:
    """`no more than 3 messages in 7 days`."""

    messages: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOffer:
    """`no introductory offer to a customer`."""

    kind: Kind
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietAfter:
    """`nothing within 7 days of a complaint`."""

    span: Span
    event: str


Happens: TypeAlias = Arrives | Reacts | Orders
Expects: TypeAlias = Sent | Reached
Holds: TypeAlias = AtMost | NoOffer | QuietAfter
