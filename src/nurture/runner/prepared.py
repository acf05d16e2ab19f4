"""What becomes of a claimed message before it goes: a letter, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.providers.base import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """This message is not to be sent. `leaves`: the contact leaves the campaign too."""

    key: MessageKey
    reason: str
    leaves: bool = False
    saw: Mapping[str, str] = field(default_factory=dict)
    """The facts behind the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """This message is not to be sent before `until`."""

    key: MessageKey
    until: Moment
    reason: str


Prepared: TypeAlias = Letter | Dropped | Held
