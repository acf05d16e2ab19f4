"""What a provider is given and what it owes.

The runner puts claimed and rendered messages on a desk. A provider takes them, asks leave before the first
byte of a body goes out, and brings back what became of each. The desk commits groups of results and leaves in
one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from nurture.delivery.outcome import MessageKey, Outcome
from nurture.errors import ServiceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message ready to go: its envelope and its finished bytes (CRLF line ends, not dot-stuffed)."""

    key: MessageKey
    sender: str
    """The address for MAIL FROM."""
    recipient: str
    content: bytes
    lane: str = ""
    """The destination it goes to, as the outbox names it."""
    sound: bool = False
    """Somebody looked: every line ends in CRLF and none begins with a dot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One webhook ready to go: a POST of JSON."""

    key: MessageKey
    url: str
    """As it is written somewhere: nothing about it was checked."""
    headers: Mapping[str, str]
    content: bytes


class Desk(Protocol):
    """Where a provider gets its letters and where it reports. All of it is called on the event loop."""

    async def take(self, lane: str | None = None) -> Letter | None:
        """The next claimed letter for `lane` (None: for any), or None where nothing more may go there now."""
        ...

    def ready(self, lane: str | None = None) -> bool:
        """Whether `take` would answer with a letter without waiting."""
        ...

    async def lanes(self) -> Collection[str]:
        """The lanes in which something may go now; none: there is nothing more to send now."""
        ...

    async def exchange(self, done: tuple[MessageKey, Outcome] | None, mark: MessageKey | None) -> bool:
        """Record what became of one letter and ask leave to hand over the next, in one commit.

        Returns once that is on disk. True: `mark` is now `handed` and its body may be written. False: it must
        not be (skipped meanwhile, or this sender's lease is over); where the relay already waits for it,
        abort the connection, and never send a lone dot. With `mark` None the answer is False.
        """
        ...

    def give_back(self, key: MessageKey) -> None:
        """This letter was taken but nothing of its body went out: it becomes `planned` again, at no cost to
        it."""
        ...


class RelayDown(ServiceError):
    """No connection can be had, or none that brings anything. No letter was taken by whoever raises this."""


class Provider(Protocol):
    """Sends letters until the desk has no more."""

    async def deliver(self, desk: Desk) -> None:
        """Take letters and hand them over until `take` answers None, then return, connections closed or kept.

        Raises RelayDown where no connection can be had; letters it still holds were given back before.
        """
        ...

    async def post(self, letter: Letter) -> Outcome:
        """Hand over one letter outside of the ledger: its sender wrote down before that it may be on its way.

        Raises RelayDown where no connection can be had; then nothing of it went.
        """
        ...

    async def close(self) -> None:
        """Close what is kept open."""
        ...


class Caller(Protocol):
    """Makes calls to machines outside."""

    async def call(self, call: Call) -> Outcome:
        """Make one call. Never unknown: a call may be made again, its headers let the receiver drop repeats."""
        ...

    async def close(self) -> None:
        """Close what is kept open."""
        ...
