"""What a walk reads, and where it starts from."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.audience.contact import Contact
from nurture.audience.facts import Event, MessageFacts, Purchase, Sign
from nurture.clock import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPurchase(Purchase):
    """One order, or the part of it that lies on one line, with what became of it."""

    undone_at: Moment = 0
    """When it was refunded or cancelled; 0: it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All that happened to one contact, oldest first. It may reach beyond the moment that is walked to."""

    contact: Contact
    line: str = ""
    """The product line that is walked; empty: the business."""
    purchases: tuple[HistoryPurchase, ...] = ()
    """Where a walk goes on from an earlier one's tally: those that it does not hold."""
    events: tuple[Event, ...] = ()
    """`ordered` and `refunded` are made from the purchases; they are not looked for here."""
    signs: tuple[Sign, ...] = ()
    messages: tuple[MessageFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A stage, and since when. `since` 0: from the beginning, so that `stay` holds nobody in it."""

    stage: str
    since: Moment
