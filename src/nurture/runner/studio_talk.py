"""What the studio is asked, and what it answers: values that go from one process to another."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TypeAlias

from nurture.campaigns.findings import Finding
from nurture.runner.preview import Seen
from nurture.settings import Settings

READY = "ready"


@dataclass(frozen=True, slots=True)
class Start:
    """The workspace to work in."""

    settings: Settings
    """As they are to begin with: the file may be at fault when a process has to be started anew."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A message, for whom (an address, or the key of somebody made up), in which language."""

    template: str
    _: KW_ONLY
    whom: str = ""
    locale: str | None = None
    """None: that of the person; "" the one for everybody."""


@dataclass(frozen=True, slots=True)
class AskNames:
    """See `Studio.names`."""


@dataclass(frozen=True, slots=True)
class AskPeople:
    """See `Studio.people`."""

    text: str


@dataclass(frozen=True, slots=True)
class AskFindings:
    """See `Studio.findings`."""


Ask: TypeAlias = Asked | AskNames | AskPeople | AskFindings


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A message that can be looked at."""

    name: str
    locales: tuple[str, ...]
    campaign: str
    """The name of the first campaign that sends it; empty: none does."""
    stage: str
    """Of the people that it is for; empty: of everybody."""
    files: tuple[str, ...]
    """All that it is put together from, by the path from the workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as a person would get it, or what keeps it from being put together."""

    template: str
    locale: str
    """Of its file."""
    locales: tuple[str, ...]
    files: tuple[str, ...]
    """All that it is put together from, and nurture.toml, by the path from the workspace."""
    seen: Seen | None = None
    """None: it cannot be put together."""
    html: str = ""
    """To be looked at: with the workspace's own pictures in it."""
    findings: tuple[Finding, ...] = ()
    """Why there is nothing to be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody for whom messages can be looked at."""

    whom: str
    label: str
    says: str
    made_up: bool
