"""The names that a template may use, so that a misspelt one is found before anybody is written to."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.settings.brand import Brand

CONTACT = frozenset(
    {"email", "external_id", "first_name", "last_name", "locale", "timezone", "country", "tags", "created_at"}
)
ORDERS = frozenset(
    {
        "count",
        "total",
        "average",
        "first_at",
        "last_at",
        "days_since_last",
        "usual_gap_days",
        "skus",
        "lines",
        "within",
    }
)
STAGE = frozenset({"name", "since", "days"})
LINE = frozenset({"name", "stage", "orders"})
ENGAGEMENT = frozenset(
    {"received", "opens", "clicks", "last_open_at", "last_click_at", "days_since_last", "within"}
)
OFFER = frozenset({"says", "code", "expires_at", "discount", "redeemed"})
SENDER = frozenset({"name", "email", "reply_to", "address"})
PRODUCT = frozenset({"sku", "name", "line", "category", "price", "url", "image_url", "because"})
QUESTION = frozenset({"name", "asks", "answers", "comment", "low", "high", "thanks"})
ANSWER = frozenset({"name", "says", "score", "url"})

BRAND = frozenset(Brand().words())

GROUPS: Mapping[str, frozenset[str] | None] = {
    "contact": None,
    "event": None,
    "stage": STAGE,
    "orders": ORDERS,
    "line": LINE,
    "engagement": ENGAGEMENT,
    "offer": OFFER,
    "sender": SENDER,
    "product": PRODUCT,
    "brand": BRAND,
    "question": QUESTION,
    "answer": ANSWER,
}
"""What each group holds; None: any attribute of a contact, any property of an event."""

ANY = "[]"
"""Stands for an item that is not written out: `tags[0]`, `lines[contact.favourite]`."""
INSIDE: Mapping[tuple[str, str], str] = {
    ("orders", "within"): "orders",
    ("engagement", "within"): "engagement",
    ("line", "stage"): "stage",
    ("line", "orders"): "orders",
    ("lines", ANY): "line",
    ("recommend", ANY): "product",
    ("answers", ANY): "answer",
}
"""Which group stands where in another."""

ADDRESSES = frozenset({"unsubscribe_url", "preferences_url", "browser_url", "confirm_url"})
"""Links that are never tracked."""
PLAIN = frozenset({"now", "language", "lines", "recommend", "question", "days_since"}) | ADDRESSES
SETTLED = frozenset({"brand", "language"})
"""What is known when a message is compiled: it is not there any more when it is rendered."""
JINJA = frozenset({"loop", "caller", "varargs", "kwargs", "super", "range", "true", "false", "none"})
FACTS = (frozenset(GROUPS) - {"product", "answer"}) | PLAIN
