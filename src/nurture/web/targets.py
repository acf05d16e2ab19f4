"""Where links lead: looked up by message and number, never read from an address, and kept in memory."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool

from nurture.delivery.outcome import MessageKey
from nurture.messages.tracking import literal_link
from nurture.store import targets
from nurture.store.engine import Store

MESSAGES = 100_000
TEMPLATES = 1_000

_LITERAL = "".join(chr(code) for code in range(33, 127) if chr(code) not in '"<>\\^`{|}')
"""ASCII that stands for itself in an address (RFC 3986); what is escaped already stays so."""

Locations: TypeAlias = tuple[str | None, ...]
"""Where the links of a template lead; None: that differs by person, or is no web address."""

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

    def __init__(self, store: Store, work_out: Callable[[MessageKey, int], str | None]) -> None:
        self._store = store
        self._work_out = work_out
        self._hashes: Recent[MessageKey, str] = Recent(MESSAGES)
        self._links: Recent[str, Locations] = Recent(TEMPLATES)
        self._worked_out: Recent[tuple[MessageKey, int], str] = Recent(MESSAGES)
        self._waiting: dict[MessageKey, asyncio.Future[Locations | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    def known(self, key: MessageKey, link_no: int) -> str | None:
        """The target, where it is in memory: costs nothing."""
        hash_ = self._hashes.get(key)
        links = self._links.get(hash_) if hash_ else None
        same = _same_for_all(links, link_no) if links is not None else None
        return same or self._worked_out.get((key, link_no))

    async def asked(self, key: MessageKey, link_no: int) -> str | None:
        """The target, or None where there is no such message or link. Raises NurtureError."""
        links = await self._links_of(key)
        if links is None:
            return None
        same = _same_for_all(links, link_no)
        if same is not None:
            return same
        found = await run_in_threadpool(self._work_out, key, link_no)
        target = as_location(found) if found else None
        if target is not None:
            self._worked_out.put((key, link_no), target)
        return target

    async def _links_of(self, key: MessageKey) -> Locations | None:
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

    def _read(self, keys: Sequence[MessageKey]) -> dict[MessageKey, Locations]:
        found: dict[MessageKey, Locations] = {}
        with self._store.read() as tx:
            for key, hash_ in targets.template_hashes(tx, keys).items():
                links = self._links.get(hash_)
                if links is None:
                    written = targets.links(tx, hash_)
                    if written is None:
                        continue
                    links = tuple(as_location(it) if literal_link(it) else None for it in written)
                    self._links.put(hash_, links)
                self._hashes.put(key, hash_)
                found[key] = links
        return found


def _same_for_all(links: Locations, link_no: int) -> str | None:
    """The target as written, where it is one for everybody; links in a loop have numbers beyond the last."""
    return links[link_no - 1] if 1 <= link_no <= len(links) else None


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
