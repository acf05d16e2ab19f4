"""A small sound workspace, into which tests put one file that is not."""

from __future__ import annotations

from collections.abc import Mapping

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
  discount: 15%
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
    pools=frozenset({"codes.csv"}),
    currency="USD",
    now=1_767_225_600_000_000,
)
REST = """\
stage: [customer, lapsed]
topic: news
offer: thanks
sequence:
  - send: more
  - wait: 10 days
  - send: how-it-works
  - wait: 10 days
  - send: first-order-reminder
  - wait: 10 days
  - send: welcome-again
"""
"""A campaign for all others, so that nobody is forgotten in a workspace with one campaign for prospects."""


def read_among(files: Mapping[str, str], known: Known = KNOWN) -> Book:
    """The sound workspace with these files put in."""
    return read({"campaigns/lifecycle.yaml": LIFECYCLE, "campaigns/offers.yaml": OFFERS, **files}, known)
