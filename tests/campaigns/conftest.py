"""A small sound workspace, into which the tests put one file that is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nurture.campaigns.book import Book, read
from nurture.campaigns.known import Known

LIFECYCLE = """\
stages:
  - prospect/awareness:
  - prospect/consideration: engagement.clicks >= 1 or did("viewed_pricing")
  - customer/first-time: orders.count == 1
  - customer/repeat: orders.count >= 2
  - lapsed: orders.days_since_last > 3 * orders.usual_gap_days and orders.days_since_last > 60
segments:
  engaged: engagement.within("90 days").clicks >= 1 or days_since(contact.created_at) < 90
lines: product.line
usual gap: 30 days
stay: 1 day
"""
OFFERS = """\
first-order-15:
  kind: introductory
  says: 15% off your first order
  discount: 15%
  code: unique
  expires: 14 days
thanks:
  kind: appreciation
  says: a small thank-you
  code: THANKS
"""
KNOWN = Known(
    templates=frozenset(
        {
            "welcome",
            "sale/first",
            "welcome-again",
            "how-it-works",
            "first-order",
            "first-order-reminder",
            "more",
        }
    ),
    topics={"offers": False, "news": False, "service": True},
    attributes={"tier": str, "age": float},
    events=frozenset({"signed_up", "viewed_pricing"}),
    lines=frozenset({"FLORAL", "SEAFOOD"}),
)


@pytest.fixture
def read_with() -> Callable[[dict[str, str]], Book]:
    """Reads the sound workspace with these files put in."""

    def read_them(files: dict[str, str], known: Known = KNOWN) -> Book:
        whole = {"campaigns/lifecycle.yaml": LIFECYCLE, "campaigns/offers.yaml": OFFERS, **files}
        return read(whole, known)

    return read_them
