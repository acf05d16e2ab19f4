"""The desk for a single letter whose handover is on record already."""

from __future__ import annotations

from collections.abc import Collection

from nurture.delivery.outcome import MessageKey, Outcome
from nurture.providers.base import Letter


class OneLetter:
    """Has no letter beside the one that the provider was given, and keeps what became of that."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None
        """None: nothing of it went, and nothing was said of it."""

    async def take(self, lane: str | None = None) -> Letter | None:
        """See `Desk.take`."""
        return None

    def ready(self, lane: str | None = None) -> bool:
        """See `Desk.ready`."""
        return False

    async def lanes(self) -> Collection[str]:
        """See `Desk.lanes`."""
        return ()

    async def exchange(self, done: tuple[MessageKey, Outcome] | None, mark: MessageKey | None) -> bool:
        """See `Desk.exchange`."""
        if done is not None:
            self.outcome = done[1]
        return mark is not None

    def give_back(self, key: MessageKey) -> None:
        """See `Desk.give_back`."""
