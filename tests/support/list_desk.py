"""A desk over a list, for tests of providers. Keeps what it is told; checks that it is used as it must be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from nurture.delivery.outcome import MessageKey, Outcome
from nurture.providers.base import Letter


class ListDesk:
    """Gives letters once, and again those that were given back."""

    def __init__(
        self, letters: Iterable[Letter], *, may_go: Callable[[MessageKey], bool] = lambda _: True
    ) -> None:
        self.waiting = list(letters)
        self.results: dict[MessageKey, Outcome] = {}
        self.marked: set[MessageKey] = set()
        self.given_back: list[MessageKey] = []
        self._may_go = may_go
        self._out: dict[MessageKey, Letter] = {}

    async def take(self, lane: str | None = None) -> Letter | None:
        if not self.waiting:
            return None
        letter = self.waiting.pop(0)
        self._out[letter.key] = letter
        return letter

    async def lanes(self) -> Collection[str]:
        return {it.lane for it in self.waiting}

    def ready(self, lane: str | None = None) -> bool:
        return bool(self.waiting)

    async def exchange(self, done: tuple[MessageKey, Outcome] | None, mark: MessageKey | None) -> bool:
        if done is not None:
            key, outcome = done
            assert key in self._out, "a result for a letter that is not out"
            assert key not in self.results, "a second result"
            self.results[key] = outcome
            del self._out[key]
        if mark is None:
            return False
        assert mark in self._out and mark not in self.marked
        if not self._may_go(mark):
            del self._out[mark]
            return False
        self.marked.add(mark)
        return True

    def give_back(self, key: MessageKey) -> None:
        assert key not in self.marked, "a body may have gone"
        self.given_back.append(key)
        self.waiting.append(self._out.pop(key))

    @property
    def out(self) -> set[MessageKey]:
        """Letters that were taken and of which nothing was said; none when `deliver` has returned."""
        return set(self._out)
