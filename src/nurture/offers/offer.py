"""An offer: something that may be given, to whom and until when. The meaning of offers.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.clock import Span
from nurture.offers.discount import Amount, Discount

Kind: TypeAlias = Literal[
    "introductory", "trial", "appreciation", "loyalty", "cross-sell", "up-sell", "referral", "win-back"
]

FOR_PROSPECTS: frozenset[str] = frozenset({"introductory", "trial"})
"""Kinds that a customer (with `lines`: of that line) is never sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForAll:
    """One word for everybody."""

    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unique:
    """Each contact gets a code of their own, made when the message is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Each contact gets a code of their own, out of those that were made before and that the shop was told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Each contact gets a code of their own, out of a file that somebody else made."""

    file: str
    """Its path below campaigns/."""


Coding: TypeAlias = ForAll | Unique | Ahead | Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """When the offer is out, another one is made."""

    offer: Offer


WhenOut: TypeAlias = Literal["hold", "skip"] | Instead
"""What becomes of a message when no code is left: it waits, it is not sent, or it makes another offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One entry of offers.yaml."""

    key: str
    kind: Kind
    says: str
    discount: str = ""
    """As written, for people: 15%, 10 USD, free delivery."""
    worth: Discount | None = None
    """What that comes to; None: nothing is said."""
    codes: Coding | None = None
    """Where its codes come from; None: it has none."""
    prefix: str = ""
    """What its own codes begin with; empty: the first word of its key."""
    expires: Span | None = None
    """Counted from the handover of the message that carried it."""
    most_codes: int | None = None
    """So many may be given; None: any number."""
    most_discount: Amount | None = None
    """Once so much discount was given, no more codes are."""
    when_out: WhenOut = "hold"

    @property
    def unique(self) -> bool:
        """Whether each contact gets a code of their own."""
        return self.codes is not None and not isinstance(self.codes, ForAll)

    @property
    def code(self) -> str:
        """The one code for all; empty: there is none."""
        return self.codes.word if isinstance(self.codes, ForAll) else ""

    @property
    def for_others(self) -> bool:
        """Whether whoever is given a code is to pass it on."""
        return self.kind == "referral"

    def others(self) -> Iterator[Offer]:
        """The offers that are made instead, one after the other, as each of them is out."""
        offer = self
        while isinstance(offer.when_out, Instead):
            offer = offer.when_out.offer
            yield offer
