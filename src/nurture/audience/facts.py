"""Facts: what is known of one contact at one moment, as frozen values.

A facts value is whole for the moment it was gathered and stays right afterwards until something new happens:
what depends on the time alone (days since, windows) is worked out from the moments it keeps. Amounts are
integers in the minor unit of the workspace's currency (cents); expressions and templates see them in the
major unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nurture.audience.contact import Contact, Scalar
from nurture.clock import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """One order, or the part of it that lies on one line."""

    at: Moment
    amount: int
    """In minor units."""
    day: int = 0
    """The ordinal of the contact's local date; 0: not told, the day in UTC counts."""
    skus: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """What a contact bought, refunds taken out: in the whole business or on one line."""

    count: int = 0
    total: int = 0
    """In minor units."""
    first_at: Moment | None = None
    last_at: Moment | None = None
    usual_gap_days: float = 30.0
    """Median days between consecutive order days; below two gaps the lifecycle's `usual gap`."""
    skus: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    recent: tuple[Purchase, ...] = ()
    """Oldest first, at least as far back as the longest window that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFacts:
    """Where a contact stands, and since when."""

    name: str
    since: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """One contact on one product line."""

    name: str
    stage: StageFacts
    orders: OrderFacts = OrderFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Something a contact did with a message: `kind` is "received", "open" or "click" (human ones)."""

    kind: str
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagementFacts:
    """What a contact did with what they were sent, in all campaigns."""

    received: int = 0
    opens: int = 0
    clicks: int = 0
    first_received_at: Moment | None = None
    last_open_at: Moment | None = None
    last_click_at: Moment | None = None
    recent: tuple[Sign, ...] = ()
    """Oldest first, at least as far back as the longest window that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened: `ordered`, `signed_up`, `viewed_pricing` …, with its properties."""

    name: str
    at: Moment
    properties: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """One message the contact was handed, and the first human open and click of it."""

    campaign: str
    step: str
    """The step's id."""
    enrollment_id: int
    received_at: Moment
    opened_at: Moment | None = None
    clicked_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFacts:
    """The offer a contact holds in this campaign. Without a code yet `code` is empty, `expires_at` None."""

    key: str
    says: str
    code: str = ""
    expires_at: Moment | None = None
    discount: str = ""
    """As the offers file writes it: 15%, 10 USD, free delivery."""
    redeemed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """This contact's way through the campaign that asks."""

    campaign: str
    enrollment_id: int
    entered_at: Moment
    event: Event | None = None
    """The event that started it, where one did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that an expression or a template may ask about one contact."""

    contact: Contact
    stage: StageFacts
    orders: OrderFacts = OrderFacts()
    line: LineFacts | None = None
    """In a campaign with `lines:`, the line of this entry."""
    lines: Mapping[str, LineFacts] = field(default_factory=dict)
    """By name; a line that is not here is one where nothing was bought."""
    engagement: EngagementFacts = EngagementFacts()
    events: tuple[Event, ...] = ()
    """Oldest first, of the names that were asked for."""
    messages: tuple[MessageFacts, ...] = ()
    """Oldest first."""
    in_campaigns: frozenset[str] = frozenset()
    offer: OfferFacts | None = None
    entry: EntryFacts | None = None
