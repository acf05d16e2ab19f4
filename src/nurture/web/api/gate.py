"""What every request to the API has to get past, and what does its work: keys, allowances, threads."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import ParamSpec, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from nurture.runner.api_keys import BROWSER
from nurture.store import idempotent
from nurture.store.api_keys import ApiKey
from nurture.store.idempotent import Again, Begun
from nurture.web.api.keys import KeyRing
from nurture.web.api.limits import Buckets, Left
from nurture.web.api.problems import MEDIA_TYPE, Problem
from nurture.web.deps import WebDeps
from nurture.web.pace import visitor_of

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 8
"""That work for the API at once, so that it never keeps the pages waiting for one."""

LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that bears an Idempotency-Key."""

    key_id: int
    key: str
    request: str
    """A hash of all that makes it this request."""


class Gate:
    """Shared by all routes of one application."""

    def __init__(self, deps: WebDeps, ticks: Callable[[], float] = monotonic) -> None:
        self._deps = deps
        self._ring = KeyRing(deps.store, deps.clock, ticks)
        self._buckets = Buckets(deps.settings.api.per_minute, ticks)

    @property
    def origins(self) -> tuple[str, ...]:
        """The pages that may report what visitors do."""
        return self._deps.settings.api.origins

    @cached_property
    def _threads(self) -> CapacityLimiter:
        return CapacityLimiter(THREADS)

    async def run(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Do work that waits for the database in a thread."""
        return await to_thread.run_sync(lambda: work(*args, **named), limiter=self._threads)

    async def who(self, request: Request) -> ApiKey:
        """Whose request it is. Raises Problem 401."""
        found = self._ring.cached(request.headers.get("authorization", ""))
        return found if isinstance(found, ApiKey) else await self.run(self._ring.look_up, found)

    def spender(self, request: Request, key: ApiKey) -> Hashable:
        """Whose allowance it comes off: anybody can read a publishable key, and must not use it up for all."""
        return (key.id, visitor_of(self._deps.client_ip(request.scope))) if key.publishable else key.id

    def spend(self, who: Hashable) -> Left:
        """Take one request off an allowance."""
        return self._buckets.spend(who)

    async def once(self, claim: Claim, answer: Callable[[], Awaitable[Response]]) -> Response:
        """The answer to a request, worked out once however often it is sent. Raises Problem 409 and 422."""
        begun = await self.run(self._begin, claim)
        match begun:
            case Again():
                kind = MEDIA_TYPE if begun.status >= 400 else "application/json"
                headers = {"idempotent-replayed": "true"}
                return Response(begun.answer, begun.status, headers, kind)
            case "other":
                raise Problem("key-reused")
            case "under way":
                raise Problem("under-way", headers={"retry-after": "1"})
        kept = False
        try:
            response = await answer()
            if response.status_code < 500 and response.status_code != 429:
                await self.run(self._finish, claim, response.status_code, bytes(response.body).decode())
                kept = True
            return response
        finally:
            if not kept:
                with anyio.CancelScope(shield=True):
                    await self.run(self._release, claim)

    def _begin(self, claim: Claim) -> Begun:
        with self._deps.store.write() as tx:
            return idempotent.begin(tx, claim.key_id, claim.key, claim.request, self._deps.clock.now())

    def _finish(self, claim: Claim, status: int, answer: str) -> None:
        with self._deps.store.write() as tx:
            idempotent.finish(tx, claim.key_id, claim.key, status=status, answer=answer)

    def _release(self, claim: Claim) -> None:
        with self._deps.store.write() as tx:
            idempotent.release(tx, claim.key_id, claim.key)


def allow(key: ApiKey, scope: str) -> None:
    """Nothing, where the key has the scope. Raises Problem 403."""
    if scope in key.scopes and key.publishable == (scope == BROWSER):
        return
    if key.publishable:
        raise Problem("not-allowed", "a publishable key can only report what visitors do, to /browser")
    if scope == BROWSER:
        raise Problem("not-allowed", "this is a secret key: in a web page stands one that was made for it")
    raise Problem("not-allowed", f"it takes a key with the scope {scope}")


def claim_of(request: Request, key: ApiKey, body: bytes) -> Claim | None:
    """What the header Idempotency-Key says, with or without the quotation marks of RFC 8941; None: it is not there.

    Raises Problem.
    """
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    text = values[0].strip()
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        text = text[1:-1]
    if len(values) > 1 or not 0 < len(text) <= LONGEST_KEY or not (text.isascii() and text.isprintable()):
        raise Problem(
            "malformed", f"an Idempotency-Key is 1 to {LONGEST_KEY} letters, digits and signs of ASCII"
        )
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    whole = hashlib.sha256(f"{request.method} {request.url.path} {kind}\n".encode())
    whole.update(body)
    return Claim(key.id, text, whole.hexdigest())
