"""An offer: something that may be given, to whom and until when. The meaning of offers.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.clock import Span

Kind: TypeAlias = Literal[
    "introductory", "trial", "appreciation", "loyalty", "cross-sell", "up-sell", "referral", "win-back"
]

FOR_PROSPECTS: frozenset[str] = frozenset({"introductory", "trial"})
"""Kinds that a customer (with `lines`: of that line) is never sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One entry of offers.yaml."""

    key: str
    kind: Kind
    says: str
    discount: str = ""
    """As written: 15%, 10 USD, free delivery."""
    unique: bool = False
    """Whether each contact gets a code of their own."""
    code: str = ""
    """The one code for all, where it is not unique."""
    expires: Span | None = None
    """Counted from the handover of the message that carried it."""
