"""What a step does besides sending: closed, so that the runner can carry out each and knows no kind of step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from nurture.audience.contact import Scalar

SETTABLE = ("first_name", "last_name", "locale", "timezone", "country")
"""The fields of a contact that may be set; each is text. All other names are attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeContact:
    """Write into the contact: tags put on and taken off, fields and attributes set."""

    tag: tuple[str, ...] = ()
    untag: tuple[str, ...] = ()
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    """By name, without `contact.`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """Take back the contact's consent to these topics, as they could have done themselves; empty: to all."""

    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell somebody else: an address or an https URL, or the attribute of the contact that holds one."""

    to: str = ""
    attribute: str = ""
    note: str = ""


Effect: TypeAlias = ChangeContact | Unsubscribe | Notify
