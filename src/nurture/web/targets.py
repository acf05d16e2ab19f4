"""Where links lead: looked up by message and number, never read from an address, and kept in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar
from urllib.parse import quote, urlsplit

from nurture.delivery.outcome import MessageKey
from nurture.messages.tracking import literal_link
from nurture.store import targets
from nurture.store.engine import Store

MESSAGES = 100_000
TEMPLATES = 1_000

_LITERAL = "".join(chr(code) for code in range(33, 127) if chr(code) not in '"<>\\^`{|}')
"""ASCII that stands for itself in an address (RFC 3986); what is escaped already stays so."""

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
    """Answers where a link leads."""

    def __init__(self, store: Store, work_out: Callable[[MessageKey, int], str | None]) -> None:
        self._store = store
        self._work_out = work_out
        self._hashes: Recent[MessageKey, str] = Recent(MESSAGES)
        self._links: Recent[str, tuple[str, ...]] = Recent(TEMPLATES)
        self._worked_out: Recent[tuple[MessageKey, int], str] = Recent(MESSAGES)

    def known(self, key: MessageKey, link_no: int) -> str | None:
        """The target, where it is in memory: costs nothing."""
        hash_ = self._hashes.get(key)
        links = self._links.get(hash_) if hash_ else None
        same = _same_for_all(links, link_no) if links is not None else None
        return as_location(same) if same else self._worked_out.get((key, link_no))

    def find(self, key: MessageKey, link_no: int) -> str | None:
        """The target, or None where there is no such message or link. Raises NurtureError."""
        links = self._read(key)
        if links is None:
            return None
        same = _same_for_all(links, link_no)
        if same:
            return as_location(same)
        found = self._work_out(key, link_no)
        target = as_location(found) if found else None
        if target is not None:
            self._worked_out.put((key, link_no), target)
        return target

    def _read(self, key: MessageKey) -> tuple[str, ...] | None:
        with self._store.read() as tx:
            hash_ = self._hashes.get(key) or targets.template_hash(tx, key)
            if hash_ is None:
                return None
            links = self._links.get(hash_)
            if links is None:
                links = targets.links(tx, hash_)
        if links is not None:
            self._hashes.put(key, hash_)
            self._links.put(hash_, links)
        return links


def _same_for_all(links: tuple[str, ...], link_no: int) -> str | None:
    """The target as written, where it is one for everybody; links in a loop have numbers beyond the last."""
    if not 1 <= link_no <= len(links):
        return None
    written = links[link_no - 1]
    return written if literal_link(written) else None


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
