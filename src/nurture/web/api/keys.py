"""Whose request it is: the key in its header, looked up at most every few seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nurture.clock import HOUR, Clock
from nurture.runner.api_keys import hash_of, is_well_formed
from nurture.store import api_keys
from nurture.store.api_keys import ApiKey
from nurture.store.engine import Store
from nurture.web.api.problems import Problem

CACHED_SECONDS = 3.0
"""A key that is revoked opens nothing any more after this."""
MOST_CACHED = 1_000

_CHALLENGE = {"www-authenticate": 'Bearer realm="nurture"'}


@dataclass(frozen=True, slots=True)
class _Known:
    key: ApiKey
    until: float


class KeyRing:
    """The keys that were used lately. Safe to call from several threads: the worst is to look up once too often."""

    def __init__(self, store: Store, clock: Clock, ticks: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._ticks = ticks
        # By hash, so that what a stranger sends is never held against a key itself, letter by letter.
        self._known: dict[str, _Known] = {}

    def cached(self, authorization: str) -> ApiKey | str:
        """The key of the header Authorization where it is in memory, else its hash. Raises Problem."""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            raise Problem("not-authenticated", headers=_CHALLENGE)
        if not is_well_formed(given.strip()):
            raise Problem(
                "not-authenticated", "this is no key: it was mistyped, or cut off", headers=_CHALLENGE
            )
        hash_ = hash_of(given.strip())
        known = self._known.get(hash_)
        return known.key if known is not None and known.until > self._ticks() else hash_

    def look_up(self, hash_: str) -> ApiKey:
        """The key with this hash. Raises Problem where there is none, or it was revoked; StoreError."""
        since = self._ticks()
        with self._store.read() as tx:
            key = api_keys.find(tx, hash_)
        if key is None or key.revoked_at:
            self._known.pop(hash_, None)
            raise Problem("not-authenticated", "this key is not known, or was revoked", headers=_CHALLENGE)
        if len(self._known) >= MOST_CACHED:
            self._known.clear()
        self._known[hash_] = _Known(key, since + CACHED_SECONDS)
        now = self._clock.now()
        if key.used_at <= now - HOUR:
            with self._store.write() as tx:
                api_keys.used(tx, key.id, now // HOUR * HOUR)
        return key
