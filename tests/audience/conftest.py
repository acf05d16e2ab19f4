"""Facts to ask about."""

import pytest

from nurture.audience.contact import Contact
from nurture.audience.facts import (
    EngagementFacts,
    EntryFacts,
    Event,
    Facts,
    LineFacts,
    MessageFacts,
    OfferFacts,
    OrderFacts,
    Purchase,
    Sign,
    StageFacts,
)
from nurture.clock import DAY, HOUR, Moment

NOW: Moment = 1_700_000_000_000_000


@pytest.fixture
def now() -> Moment:
    return NOW


@pytest.fixture
def facts() -> Facts:
    """Somebody who bought three times and clicked once."""
    return Facts(
        contact=Contact(
            id=1,
            email="ann@example.test",
            country="DE",
            tags=("vip", "early"),
            created_at=NOW - 100 * DAY,
            attributes={"tier": "gold", "age": 41, "member": True, "renews_at": "2026-12-01", "a b": 1},
        ),
        stage=StageFacts(name="customer/repeat", since=NOW - 5 * DAY),
        orders=OrderFacts(
            count=3,
            total=6001,
            first_at=NOW - 50 * DAY,
            last_at=NOW - 3 * DAY,
            usual_gap_days=20.0,
            skus=frozenset({"R-12", "R-13"}),
            lines=frozenset({"FLORAL"}),
            recent=(
                Purchase(at=NOW - 50 * DAY, amount=1000, skus=("R-12",)),
                Purchase(at=NOW - 20 * DAY, amount=2000, skus=("R-13",), lines=("FLORAL",)),
                Purchase(at=NOW - 3 * DAY, amount=3001),
            ),
        ),
        lines={
            "FLORAL": LineFacts(
                name="FLORAL",
                stage=StageFacts(name="customer/first-time", since=NOW - 20 * DAY),
                orders=OrderFacts(count=1, total=2000, last_at=NOW - 20 * DAY),
            )
        },
        engagement=EngagementFacts(
            received=3,
            opens=1,
            clicks=1,
            first_received_at=NOW - 60 * DAY,
            last_open_at=NOW - 10 * DAY,
            last_click_at=NOW - 9 * DAY,
            recent=(
                Sign(kind="received", at=NOW - 60 * DAY),
                Sign(kind="received", at=NOW - 11 * DAY),
                Sign(kind="open", at=NOW - 10 * DAY),
                Sign(kind="click", at=NOW - 9 * DAY),
                Sign(kind="received", at=NOW - DAY),
            ),
        ),
        events=(
            Event(name="viewed", at=NOW - 40 * DAY, properties={"sku": "R-12"}),
            Event(name="answered", at=NOW - 30 * DAY, properties={"score": 2}),
            Event(name="viewed", at=NOW - 2 * DAY, properties={"sku": "R-13", "times": 3}),
            Event(name="answered", at=NOW - HOUR, properties={"score": 5}),
        ),
        messages=(
            MessageFacts(
                campaign="old",
                step="welcome",
                enrollment_id=6,
                received_at=NOW - 60 * DAY,
                opened_at=NOW - 59 * DAY,
            ),
            MessageFacts(
                campaign="intro",
                step="welcome",
                enrollment_id=7,
                received_at=NOW - 11 * DAY,
                opened_at=NOW - 10 * DAY,
                clicked_at=NOW - 9 * DAY,
            ),
            MessageFacts(campaign="intro", step="next", enrollment_id=7, received_at=NOW - DAY),
        ),
        in_campaigns=frozenset({"intro"}),
        offer=OfferFacts(key="first", says="15% off", code="ABC", expires_at=NOW + 2 * DAY, discount="15%"),
        entry=EntryFacts(
            campaign="intro",
            enrollment_id=7,
            entered_at=NOW - 12 * DAY,
            event=Event(name="signed_up", at=NOW - 12 * DAY, properties={"source": "shop"}),
        ),
    )
