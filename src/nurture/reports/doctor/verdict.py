"""What was looked at, how it stands, and how to put it right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["ok", "note", "warning", "missing"]
"""note: it cannot be known from here, or is not asked for. missing: not there, wrong, or not to be looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """A DNS record to publish."""

    name: str
    value: str
    kind: str = "TXT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One line of the doctor's."""

    level: Level
    topic: str
    """In a word or two: SPF, DKIM, relay."""
    what: str
    remedy: str = ""
    publish: Publish | None = None


def verdict(
    level: Level, topic: str, what: str, remedy: str = "", *, publish: Publish | None = None
) -> Verdict:
    """The same, shorter to write."""
    return Verdict(level=level, topic=topic, what=what, remedy=remedy, publish=publish)


def silent(topic: str, what: str, reason: str) -> Verdict:
    """What could not be looked up: nobody can say that it is there."""
    return verdict(
        "missing",
        topic,
        f"{what} could not be looked up: {reason}",
        "Look whether this machine reaches its name server (/etc/resolv.conf), and run nurture doctor again.",
    )


def all_well(verdicts: list[Verdict]) -> bool:
    """Whether nothing is missing."""
    return all(it.level != "missing" for it in verdicts)
