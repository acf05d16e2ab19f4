"""Where the tables keep something of a person: what is erased with them, and what holds nobody.

A test holds every table to one of the two, so that a new one cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Column, Table

from nurture.store.statements import table
from nurture.store.tables import (
    AgendaRow,
    ArrivalRow,
    CodeRow,
    ConsentRow,
    ConsentStateRow,
    DueAgainRow,
    EnrollmentRow,
    EventRow,
    FeedDeliveryRow,
    FeedRow,
    HitRow,
    InboxRow,
    MessageRow,
    NoticeRow,
    OrderFactsRow,
    OrderLineRow,
    OrderRow,
    OutboxRow,
    QuietRow,
    RedemptionRow,
    ReplyRow,
    ShownRow,
    SignRow,
    SignUpRow,
    SoftBounceRow,
    StageRow,
    TransitionRow,
)

BY_CONTACT: tuple[Table, ...] = tuple(
    table(row)
    for row in (
        OutboxRow,
        MessageRow,
        SignRow,
        NoticeRow,
        AgendaRow,
        StageRow,
        TransitionRow,
        OrderFactsRow,
        OrderLineRow,
        OrderRow,
        RedemptionRow,
        EventRow,
        ConsentRow,
        ConsentStateRow,
        DueAgainRow,
        QuietRow,
        SoftBounceRow,
        ReplyRow,
        ArrivalRow,
    )
)
"""Whose rows name their contact: erased by that, behind the enrollments."""

BY_ENROLLMENT: Mapping[str, Column[int]] = {
    it.name: it.c.enrollment_id for it in (table(ShownRow), table(InboxRow), table(HitRow))
}
"""Whose rows are found by the enrollment: hits name their contact too, and have no index by it."""

OTHERWISE: tuple[str, ...] = tuple(
    table(row).name for row in (EnrollmentRow, CodeRow, SignUpRow, FeedRow, FeedDeliveryRow)
)
"""Erased by statements of their own, as is the contact's row itself."""

MENTIONS: Mapping[str, str] = {
    "suppressions": "the hash stays; a reason in which the address stands is shortened",
    "destinations": "the answer of a server in which the address stands is emptied",
    "subscribers": "the answer of another system in which the address stands is emptied",
    "idempotent": "an answer in which the address stands goes; it would be kept for a day",
    "seen": "the keys of their events, and those in which the address stands",
    "notices": "about other people, to this address: the address is emptied",
    "replies": "of other people, forwarded to this address: the address is emptied",
}
"""Tables in whose text an address may stand besides, and what becomes of it."""

NOBODY: Mapping[str, str] = {
    "lines": "names of product lines",
    "offer_draws": "counts of codes",
    "offer_sums": "sums of discounts",
    "products": "what can be bought",
    "product_pairs": "counts of orders",
    "product_counts": "counts of orders",
    "product_steps": "what can be bought",
    "versions": "the campaign files",
    "campaigns": "names and when they were applied",
    "campaign_steps": "names of steps",
    "occasions": "moments",
    "winners": "counts of variants",
    "templates": "compiled templates",
    "api_keys": "keys of other systems",
    "destination_days": "counts of messages",
    "senders": "processes of ours",
    "marks": "how far periodic work has come",
    "domains": "what the domain name system says of a domain, for as long as it says",
}
"""Tables that hold no person, and what they hold."""
