"""Where links lead: looked up by message and number, never read from an address, and kept in memory."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool

from nurture.delivery.outcome import MessageKey
from nurture.messages.tracking import literal_link
from nurture.store import targets
from nurture.store.engine import Store
from nurture.store.targets import Linked

MESSAGES = 100_000
TEMPLATES = 1_000

_LITERAL = "".join(chr(code) for code in range(33, 127) if chr(code) not in '"<>\\^`{|}')
"""ASCII that stands for itself in an address (RFC 3986); what is escaped already stays so."""

Locations: TypeAlias = tuple[str | None, ...]
"""Where the links of a template lead; None: that differs by person, or is no web address."""

Tagged: TypeAlias = Callable[[str, int, str], str]
"""An address with what the shop's statistics want in it, by the campaign's id and the template's name."""


def untagged(target: str, _campaign_id: int, _template: str) -> str:
    """The address as it is."""
    return target


@dataclass(frozen=True, slots=True)
class _Template:
    name: str
    links: Locations


@dataclass(frozen=True, slots=True)
class _Found:
    message: Linked
    template: _Template


K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The values that were asked for last, at most so many. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """The value, or None where it is not kept."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: K, value: V) -> None:
        """Keep a value; the one that was not asked for longest goes."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._most:
                self._values.popitem(last=False)


class Targets:
    """Answers where a link leads. For one event loop."""

    def __init__(
        self, store: Store, work_out: Callable[[MessageKey, int], str | None], tagged: Tagged = untagged
    ) -> None:
        self._store = store
        self._work_out = work_out
        self._tagged = tagged
        self._messages: Recent[MessageKey, Linked] = Recent(MESSAGES)
        self._templates: Recent[str, _Template] = Recent(TEMPLATES)
        self._worked_out: Recent[tuple[MessageKey, int], str] = Recent(MESSAGES)
        self._waiting: dict[MessageKey, asyncio.Future[_Found | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    def known(self, key: MessageKey, link_no: int) -> str | None:
        """The target, where it is in memory: costs nothing."""
        it = self._messages.get(key)
        template = self._templates.get(it.template_hash) if it else None
        same = self._same_for_all(_Found(it, template), link_no) if it and template else None
        return same or self._worked_out.get((key, link_no))

    async def asked(self, key: MessageKey, link_no: int) -> str | None:
        """The target, or None where there is no such message or link. Raises NurtureError."""
        found_here = await self._links_of(key)
        if found_here is None:
            return None
        same = self._same_for_all(found_here, link_no)
        if same is not None:
            return same
        found = await run_in_threadpool(self._work_out, key, link_no)
        target = as_location(found) if found else None
        if target is not None:
            self._worked_out.put((key, link_no), target)
        return target

    def _same_for_all(self, found: _Found, link_no: int) -> str | None:
        """The target as written, where it is one for everybody; links in a loop have numbers beyond the last."""
        links = found.template.links
        target = links[link_no - 1] if 1 <= link_no <= len(links) else None
        if target is None:
            return None
        return self._tagged(target, found.message.campaign_id, found.template.name)

    async def _links_of(self, key: MessageKey) -> _Found | None:
        """Asks for all that are wanted in the same moment at once: after a mailing, each is another message's."""
        answer = self._waiting.get(key)
        if answer is None:
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_all())
        # Shielded: who hangs up must not take the answer from the others.
        return await asyncio.shield(answer)

    async def _read_all(self) -> None:
        while self._waiting:
            wanted, self._waiting = self._waiting, {}
            try:
                found = await asyncio.to_thread(self._read, list(wanted))
            except Exception as error:
                for answer in wanted.values():
                    answer.set_exception(error)
                    # Told to those who still wait; that nobody does is no mistake.
                    answer.exception()
                continue
            for key, answer in wanted.items():
                answer.set_result(found.get(key))

    def _read(self, keys: Sequence[MessageKey]) -> dict[MessageKey, _Found]:
        found: dict[MessageKey, _Found] = {}
        with self._store.read() as tx:
            for key, it in targets.linked(tx, keys).items():
                template = self._templates.get(it.template_hash)
                if template is None:
                    compiled = targets.template(tx, it.template_hash)
                    if compiled is None:
                        continue
                    links = tuple(as_location(it) if literal_link(it) else None for it in compiled.links)
                    template = _Template(compiled.name, links)
                    self._templates.put(it.template_hash, template)
                self._messages.put(key, it)
                found[key] = _Found(it, template)
        return found


def as_location(target: str) -> str | None:
    """The address as it may stand in a Location header; None for what is no web address."""
    target = target.strip()
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return None
    return quote(target, safe=_LITERAL)
