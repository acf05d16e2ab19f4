"""What a notice tells: who somebody is, why it is told, and what they did.

Nothing in it is to be trusted: names, attributes, properties and notes come from forms and files of others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from nurture.audience.contact import Scalar
from nurture.audience.facts import Facts
from nurture.clock import Moment

MOST_VALUES = 50
"""Attributes, or properties of one event, told at most."""
LONGEST_VALUE = 500
LONGEST_NOTE = 2_000
"""Characters."""

Did: TypeAlias = Literal["ordered", "event", "opened", "clicked", "unsubscribed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that the contact did."""

    at: Moment
    did: Did
    what: str
    """The order's number, the event's name, or campaign and step of the message."""
    amount: int = 0
    """Of an order, in minor units."""
    undone: bool = False
    """Of an order: refunded or cancelled."""
    properties: Mapping[str, Scalar] = field(default_factory=dict)
    """Of an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """All that a notice tells: who, why, and what they did."""

    facts: Facts
    """With `entry`, and `line` where the campaign goes line by line."""
    campaign: str
    """Its key."""
    campaign_name: str
    step: str
    note: str
    at: Moment
    """When the contact came to the step."""
    deeds: tuple[Deed, ...]
    """Newest first."""
    zone: ZoneInfo
    currency: str
