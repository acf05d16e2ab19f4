"""The types a value can have, and what is known of a workspace's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from zoneinfo import ZoneInfo


class Type(Enum):
    """What a value is. The enum's value is the word that people read."""

    NUMBER = "number"
    TEXT = "text"
    YES_NO = "yes/no"
    MOMENT = "moment"
    TEXTS = "set of text"
    UNKNOWN = "unknown"
    """An attribute or property of which nothing is recorded: taken as what it is compared with."""


SAID: Mapping[Type, str] = {
    Type.NUMBER: "a number",
    Type.TEXT: "text",
    Type.YES_NO: "yes or no",
    Type.MOMENT: "a moment",
    Type.TEXTS: "a set of texts",
    Type.UNKNOWN: "not known",
}
"""Each type as it stands in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was ever recorded in a workspace. None: nothing is known of that kind, so nothing is doubted."""

    attributes: Mapping[str, Type] | None = None
    """Contact attributes by name."""
    events: frozenset[str] | None = None
    lines: frozenset[str] | None = None
    """Product lines."""
    steps: frozenset[str] | None = None
    """`campaign/step` of every campaign."""
    campaigns: frozenset[str] | None = None
    questions: Mapping[str, frozenset[str]] | None = None
    """The names of the answers to each question."""
    stages: tuple[str, ...] | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """The workspace's: for dates written without a time zone, by those who have none of their own."""
