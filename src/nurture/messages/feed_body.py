"""An entry of the feed as the body of a webhook.

Nothing in it is to be trusted: names, addresses and what servers said come from others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nurture.clock import Moment, format_iso
from nurture.messages.notice import LONGEST_VALUE

VERSION = 1
"""Higher where what it says changes its meaning; new keys may come at any time."""

TEST = "test"
"""The kind of an entry that was asked for by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that an entry tells."""

    feed_id: int
    kind: str
    at: Moment
    """When it happened."""
    contact_id: int = 0
    """0: it is about nobody."""
    email: str = ""
    external_id: str = ""
    campaign: str = ""
    """Its key; empty: it belongs to none."""
    campaign_name: str = ""
    message: tuple[int, int] | None = None
    """The message's enrollment and step."""
    step: str = ""
    """The step's id."""
    template: str = ""
    details: Mapping[str, str | None] = field(default_factory=dict)
    """What else, by the names that the receiver sees."""


def entry_name(feed_id: int) -> str:
    """What the receiver knows the entry by (`webhook-id`): the same at every try."""
    return f"feed_{feed_id}"


def body(told: Told) -> bytes:
    """The body of the webhook: JSON in ASCII."""
    data: dict[str, Any] = {}
    if told.contact_id:
        data["contact"] = {
            "id": str(told.contact_id),
            "email": told.email,
            "external_id": _cut(told.external_id),
        }
    if told.campaign:
        data["campaign"] = {"key": told.campaign, "name": _cut(told.campaign_name)}
    if told.message is not None:
        entry, step = told.message
        data["message"] = {
            "id": f"{entry}-{step}",
            "step": told.step or None,
            "template": told.template or None,
        }
    data |= {name: it if it is None else _cut(it) for name, it in told.details.items()}
    document = {
        "id": entry_name(told.feed_id),
        "type": told.kind,
        "version": VERSION,
        "timestamp": format_iso(told.at),
        "data": data,
    }
    return json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def _cut(text: str) -> str:
    """No longer than others may make it, and without NUL and halves of characters, at which receivers stumble."""
    return text[:LONGEST_VALUE].replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
