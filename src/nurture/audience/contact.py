"""A contact: somebody who can be written to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from nurture.clock import Moment

Scalar: TypeAlias = str | float | bool
"""What an attribute or a property may be; a number is always a float or int, never text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One person, by the address they are written to."""

    id: int
    email: str
    external_id: str = ""
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    timezone: str = ""
    country: str = ""
    tags: tuple[str, ...] = ()
    created_at: Moment = 0
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
