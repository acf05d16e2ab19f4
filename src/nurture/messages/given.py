"""What one rendering asks for: the values of its recipient, and the addresses that are made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from jinja2.utils import missing

from nurture.messages.asking import asking
from nurture.messages.environment import GLOBALS
from nurture.messages.ready import Ready
from nurture.messages.utm import Tags

TURN = 256
"""A link in a loop has the number of the link plus this times its turn, from 0."""
LAST_TURN = 126


class Addresses(Protocol):
    """The addresses of one message; `MessageUrls` is one."""

    def click(self, link_no: int) -> str:
        """Where link `link_no` goes."""
        ...

    @property
    def open(self) -> str:
        """The pixel."""
        ...

    @property
    def hidden(self) -> str:
        """The link that no person sees."""
        ...


class Given(dict[str, Any]):
    """Filled as the templates of one message ask. Without `links`, links lead straight to their targets."""

    __slots__ = ("_links", "_ready", "_values")

    def __init__(self, values: Mapping[str, Any], ready: Ready, links: Addresses | None) -> None:
        self._values = values
        self._ready = ready
        self._links = links
        self.next_part()

    def next_part(self) -> None:
        """The turns of links in loops count from the first again."""
        self["_tracker"] = self._untracked if self._links is None else _Turns(self._links.click, self.tagged)

    def __missing__(self, name: str) -> Any:
        value = self[name] = self._ours(name) if name.startswith("_") else self._value(name)
        return value

    def _value(self, name: str) -> Any:
        if name == "question":
            return asking(self._ready.questions, self._values["_answer_url"])
        try:
            return self._values[name]
        except KeyError:
            return GLOBALS.get(name, missing)

    def _ours(self, name: str) -> Any:
        links, number = self._links, self._ready.numbers.get(name)
        if number is not None:
            return self._target(number) if links is None else links.click(number)
        if name == "_tagger":
            return self.tagged
        if name == "_pixel":
            return "" if links is None else links.open
        if name == "_hidden":
            return "" if links is None else links.hidden
        return self._value(name)

    def _target(self, number: int) -> str:
        link = self._ready.links[number - 1]
        return self.tagged(link.work_out.text(self) if link.work_out else link.target)

    def tagged(self, target: str) -> str:
        """Where a link leads, as the shop's statistics want it."""
        tags: Tags | None = self._values.get("_tags")
        return target if tags is None else tags.on(target, self._ready.name)

    def _untracked(self, no: int, target: str) -> str:
        return self.tagged(target)


class _Turns:
    """Gives a link in a loop another number each turn."""

    __slots__ = ("_click", "_tagged", "_turns")

    def __init__(self, click: Callable[[int], str], tagged: Callable[[str], str]) -> None:
        self._click = click
        self._tagged = tagged
        self._turns: dict[int, int] = {}

    def __call__(self, no: int, target: str) -> str:
        turn = self._turns.get(no, 0)
        self._turns[no] = turn + 1
        # More turns than there are numbers for: the last ones are not told apart, but lead where they say.
        return self._click(no + TURN * turn) if turn <= LAST_TURN else self._tagged(target)
