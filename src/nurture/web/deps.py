"""What the pages and the public addresses need from the rest of nurture; `app.py` puts it together."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nurture.clock import Clock, Span
from nurture.delivery.outcome import MessageKey
from nurture.messages.tokens import Signer
from nurture.runner.counts import Counts
from nurture.runner.troubles import Troubles
from nurture.runner.world import World
from nurture.settings import Settings
from nurture.store.engine import Store
from nurture.web.client_ip import ClientIp, client_ip_of


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What the pages want to know of the version that is in force."""

    stages: tuple[str, ...]
    """Of the lifecycle, in order; at least the first one."""
    topics: Mapping[str, str] = field(default_factory=dict)
    """A campaign's key to its topic."""
    aims: frozenset[str] = frozenset()
    """The keys of the campaigns that have a goal."""
    expires: Mapping[str, Span | None] = field(default_factory=dict)
    """An offer's key to how long its code holds; None: for ever."""
    templates: frozenset[str] = frozenset()
    """The names of the messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a daemon says of itself at one moment."""

    counts: Counts
    troubles: frozenset[str]
    """The kinds that are not over."""
    rendering: int
    """How many rendering processes there are."""


class Watching(Protocol):
    """Asks a daemon about itself, in this process or in another."""

    pid: int
    """Its process."""

    def seen(self) -> Seen:
        """What it says now. Raises NurtureError where it does not answer. Called from any thread."""
        ...


@dataclass(slots=True, kw_only=True)
class Watched:
    """What the daemon of this process says of itself."""

    counts: Counts
    troubles: Troubles
    rendering: Callable[[], int]
    """How many rendering processes there are now."""
    pid: int = field(default_factory=os.getpid)

    def seen(self) -> Seen:
        """All of it."""
        return Seen(counts=self.counts, troubles=self.troubles.lasting(), rendering=self.rendering())


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDeps:
    """Everything that `build` is given."""

    store: Store
    settings: Settings
    signer: Signer
    clock: Clock
    address_key: bytes
    """For the hashes under which addresses are suppressed."""
    world: Callable[[], World]
    """The version in force, for what plans messages. Called from any thread."""
    in_force: Callable[[], InForce]
    """Called for each page that needs it, from any thread."""
    target: Callable[[MessageKey, int], str | None]
    """Where a link leads that is not the same for everybody; None: nowhere. Called from any thread."""
    watched: Watching | None = None
    """What /metrics tells of; None: there is none."""
    render: Callable[[MessageKey], str | None]
    """The HTML of a message with the facts of now; None where it cannot be shown. Called from any thread."""

    counts: Counts = field(default_factory=Counts)
    """What comes in by these routes: not the daemon's, which may be in another process."""
    answer_seconds: float = 0.1
    """No answer to a sign-up comes sooner: whether an address is known must not show in the time it takes."""

    @property
    def client_ip(self) -> ClientIp:
        """Tells whose address a request comes from."""
        return client_ip_of(self.settings.web.proxies)
