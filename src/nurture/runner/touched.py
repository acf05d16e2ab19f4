"""What one review found of a contact, for `enroll` to act on."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.audience.facts import Event
from nurture.clock import Moment
from nurture.lifecycle.stages import Transition


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A contact who was reviewed: what they are looked at for."""

    contact_id: int
    since: Moment
    """What happened later than this has not been taken in yet."""
    new: bool
    created_at: Moment
    transitions: tuple[Transition, ...] = ()
    """Those of the business that are new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event with the key that tells it from all others."""

    key: str
    event: Event
