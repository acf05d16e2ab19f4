"""A notice as the body of a webhook."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from nurture.audience.contact import Scalar
from nurture.clock import Moment, format_iso
from nurture.messages.formats import minor_units
from nurture.messages.notice import LONGEST_NOTE, LONGEST_VALUE, MOST_VALUES, About, Deed

TYPE = "notify"
VERSION = 1
"""Higher where what it says changes its meaning; new keys may come at any time."""


def body(about: About) -> bytes:
    """The body of the webhook: JSON in ASCII."""
    facts, contact = about.facts, about.facts.contact
    told = {
        "type": TYPE,
        "version": VERSION,
        "timestamp": format_iso(about.at),
        "data": {
            "contact": {
                "id": str(contact.id),
                "email": contact.email,
                "external_id": contact.external_id[:LONGEST_VALUE],
                "first_name": contact.first_name[:LONGEST_VALUE],
                "last_name": contact.last_name[:LONGEST_VALUE],
                "locale": contact.locale[:LONGEST_VALUE],
                "timezone": contact.timezone[:LONGEST_VALUE],
                "country": contact.country[:LONGEST_VALUE],
                "tags": [tag[:LONGEST_VALUE] for tag in contact.tags[:MOST_VALUES]],
                "created_at": format_iso(contact.created_at),
                "attributes": _values(contact.attributes),
            },
            "stage": {"name": facts.stage.name, "since": _moment(facts.stage.since)},
            "line": None
            if facts.line is None
            else {"name": facts.line.name, "stage": {"name": facts.line.stage.name}},
            "campaign": {"key": about.campaign, "name": about.campaign_name, "step": about.step},
            "entered_at": _moment(facts.entry.entered_at) if facts.entry else None,
            "event": _event(about),
            "note": about.note[:LONGEST_NOTE],
            "orders": {
                "count": facts.orders.count,
                "total": _decimal(facts.orders.total, about.currency),
                "currency": about.currency,
                "last_at": _moment(facts.orders.last_at),
            },
            "engagement": {
                "received": facts.engagement.received,
                "opens": facts.engagement.opens,
                "clicks": facts.engagement.clicks,
            },
            "lately": [_deed(it, about.currency) for it in about.deeds],
        },
    }
    return json.dumps(told, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def _deed(it: Deed, currency: str) -> dict[str, Any]:
    told: dict[str, Any] = {"at": format_iso(it.at), "did": it.did, "what": it.what[:LONGEST_VALUE]}
    if it.did == "ordered":
        told |= {"amount": _decimal(it.amount, currency), "currency": currency, "undone": it.undone}
    if it.did == "event":
        told["properties"] = _values(it.properties)
    return told


def _event(about: About) -> dict[str, Any] | None:
    event = about.facts.entry.event if about.facts.entry else None
    if event is None:
        return None
    return {"name": event.name, "at": format_iso(event.at), "properties": _values(event.properties)}


def _values(values: Mapping[str, Scalar]) -> dict[str, Scalar | None]:
    return {name[:LONGEST_VALUE]: _value(value) for name, value in list(values.items())[:MOST_VALUES]}


def _value(value: Scalar) -> Scalar | None:
    if isinstance(value, str):
        return value[:LONGEST_VALUE]
    # JSON has no word for a number that is none.
    return value if isinstance(value, bool | int) or math.isfinite(value) else None


def _moment(at: Moment | None) -> str | None:
    return format_iso(at) if at else None


def _decimal(amount: int, currency: str) -> str:
    """As text, since a number in JSON may lose its cents."""
    units = minor_units(currency)
    digits = len(str(units)) - 1
    return f"{Decimal(amount) / units:.{digits}f}"
