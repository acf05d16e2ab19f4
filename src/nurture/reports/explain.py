"""What is known about one contact and why they were or were not written to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nurture.audience.contact import Contact
from nurture.clock import Moment
from nurture.lifecycle.stages import Transition
from nurture.offers.redemption import Verdict
from nurture.reports.waiting import Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWord:
    """One word that the contact gave or took back."""

    topic: str
    agreed: bool
    at: Moment
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStory:
    """A product that a message recommended."""

    sku: str
    name: str
    why: str
    """In words for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStory:
    """One message: when planned, what became of it and why, what the contact did with it."""

    enrollment_id: int
    campaign: str
    step: str
    template: str
    offer: str
    line: str
    stage: str
    planned_at: Moment
    done_at: Moment | None
    state: str
    """planned, claimed, handed or deferred while it is open; else what became of it."""
    reason: str
    saw: Mapping[str, str] = field(default_factory=dict)
    """The facts behind the reason, where a gate stopped it."""
    opened_at: Moment | None = None
    clicked_at: Moment | None = None
    unsubscribed_at: Moment | None = None
    recommended: tuple[ShownStory, ...] = ()
    """What it showed of what was recommended, in its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryStory:
    """One way through a campaign, with its messages, oldest first."""

    id: int
    campaign: str
    name: str
    line: str
    entered_at: Moment
    step: str
    """Where they stand; empty once it is over."""
    due_at: Moment | None
    """When the next decision is due; None where it waits for something else, or is over."""
    goal_at: Moment | None
    closed_at: Moment | None
    reason: str
    messages: tuple[MessageStory, ...]
    saw: Mapping[str, str] = field(default_factory=dict)
    """The facts behind the reason."""
    version: int = 0
    """The version they entered with."""
    held_out: bool = False
    waiting: Waiting | None = None
    """What it waits for; None: it is over, or was not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Why the contact is not in a campaign that is in force."""

    campaign: str
    name: str
    reason: str
    """What keeps them out (a word of `who.OUTS`); empty: nothing, they wait for what lets people in."""
    says: str
    """In words."""
    saw: Mapping[str, str] = field(default_factory=dict)
    """The facts behind it."""
    enters: str = ""
    """How people come into the campaign."""
    enters_at: Moment | None = None
    """When they would; None: that does not hang on time, or is not known."""
    held_out: bool = False
    """Whether they would get nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnedStory:
    """What a message earned by one of the contact's orders."""

    order: str
    """Its number."""
    at: Moment
    campaign: str
    step: str
    amount: int
    """Of the order or of the message's share, in minor units."""
    undone: bool
    """It was refunded or cancelled, and earned nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseStory:
    """An order that bears a code."""

    order: str
    """Its number."""
    at: Moment
    verdict: Verdict
    discount: int | None
    """What it cost, in minor units; None: that is not known."""
    is_theirs: bool
    """Whether this contact ordered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeStory:
    """A code that the contact was given, or that an order of theirs bears though it is not theirs."""

    code: str
    offer: str
    own: bool
    """Whether it is of one contact alone."""
    issued_at: Moment
    """0: they were never given it."""
    handed_at: Moment
    """0: no message with it was handed over yet."""
    expires_at: Moment
    """0: it does not, or does not yet."""
    redeemed_at: Moment
    """0: no order has used it."""
    uses: tuple[UseStory, ...] = ()
    """Oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that `nurture explain` tells."""

    contact: Contact
    suppressed: str
    """Why the address is never mailed again; empty where it may be."""
    stages: Mapping[str, str]
    """The stage now, by line; "" is the business. Lines without a purchase are left out."""
    transitions: tuple[Transition, ...]
    """Oldest first, business and lines together."""
    consents: tuple[ConsentWord, ...]
    entries: tuple[EntryStory, ...]
