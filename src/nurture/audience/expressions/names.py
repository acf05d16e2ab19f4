"""Every name that an expression can say, and the type of what it stands for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from nurture.audience.expressions.types import Type

CONTACT: Mapping[str, Type] = {
    "email": Type.TEXT,
    "first_name": Type.TEXT,
    "last_name": Type.TEXT,
    "locale": Type.TEXT,
    "timezone": Type.TEXT,
    "country": Type.TEXT,
    "tags": Type.TEXTS,
    "created_at": Type.MOMENT,
}
STAGE: Mapping[str, Type] = {"name": Type.TEXT, "since": Type.MOMENT, "days": Type.NUMBER}
ORDERS: Mapping[str, Type] = {
    "count": Type.NUMBER,
    "total": Type.NUMBER,
    "average": Type.NUMBER,
    "first_at": Type.MOMENT,
    "last_at": Type.MOMENT,
    "days_since_last": Type.NUMBER,
    "usual_gap_days": Type.NUMBER,
    "skus": Type.TEXTS,
    "lines": Type.TEXTS,
}
ENGAGEMENT: Mapping[str, Type] = {
    "received": Type.NUMBER,
    "opens": Type.NUMBER,
    "clicks": Type.NUMBER,
    "last_open_at": Type.MOMENT,
    "last_click_at": Type.MOMENT,
    "days_since_last": Type.NUMBER,
}
OFFER: Mapping[str, Type] = {
    "says": Type.TEXT,
    "code": Type.TEXT,
    "expires_at": Type.MOMENT,
    "discount": Type.TEXT,
    "redeemed": Type.YES_NO,
}
OWN_EVENTS = frozenset(
    {"subscribed", "unsubscribed", "ordered", "refunded", "replied", "answered", "due_again", "reviewed"}
)
"""Events that nurture itself records: never doubted."""

EVENT: Mapping[str, Type] = {"name": Type.TEXT, "at": Type.MOMENT}
"""What every event has; its other properties are free."""


def near(name: str, names: Iterable[str]) -> str:
    """`did you mean "…"?` with the likeliest of `names`, or nothing."""
    written = {it.lower(): it for it in sorted(names)}
    match = difflib.get_close_matches(name.lower(), written, 1, 0.6)
    return f'did you mean "{written[match[0]]}"?' if match else ""


def listed(names: Iterable[str]) -> str:
    """`a, b and c`."""
    items = list(names)
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
