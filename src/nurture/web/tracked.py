"""The three addresses that are asked for most, answered without a framework: pixel, link, hidden link.

A mailing's opens come all at once. What is the same in each answer is put together once; what is noted of a request is
read from it in one go. Nothing changes but hits.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit, HitKind
from nurture.errors import NurtureError
from nurture.messages.tokens import TOKEN_LENGTH, Token
from nurture.web.deps import WebDeps
from nurture.web.hits import HitLog
from nurture.web.pages import Pages
from nurture.web.security import careful
from nurture.web.targets import Targets

_log = structlog.get_logger(__name__)

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""One transparent point."""

_NEVER_KEPT = {"cache-control": "no-store, private, max-age=0", "pragma": "no-cache"}
HOLD_SECONDS = 0.02
"""How long an answer is held back while hits come faster than they are written: a flood slows down, nothing is lost,
and whoever clicks does not notice."""
_AGENT = 1_000
_VALUE = 200

TOLD = ("accept-language", "purpose", "sec-purpose", "x-purpose", "x-moz", "referer", "sec-fetch-mode")
"""Header fields that are kept of a hit, besides the agent."""

_FIELDS = tuple(name.encode("ascii") for name in TOLD)


class Endpoint(Protocol):
    """Answers a GET or HEAD request."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer it."""
        ...


class Prepared:
    """An answer that is the same each time."""

    def __init__(self, answer: Response) -> None:
        self._start: Message = {
            "type": "http.response.start",
            "status": answer.status_code,
            "headers": careful(answer.raw_headers),
        }
        self._whole: Message = {"type": "http.response.body", "body": answer.body}
        self._bare: Message = {"type": "http.response.body", "body": b""}

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Give it; of HEAD only its headers."""
        await send(self._start)
        await send(self._whole if scope["method"] == "GET" else self._bare)


class Noting:
    """What the three have in common: they read a token, and note who came with it."""

    def __init__(self, deps: WebDeps, pages: Pages, log: HitLog) -> None:
        self._read = deps.signer.read
        self._now = deps.clock.now
        self._client_ip = deps.client_ip
        self._log = log
        self._gone = Prepared(pages.answer("gone.html", {}, status=404))

    def _token(self, scope: Scope, kind: HitKind, ending: str = "") -> Token | None:
        path: str = scope["path"]
        if len(path) != 3 + TOKEN_LENGTH + len(ending):
            return None
        return self._read(path[3 : 3 + TOKEN_LENGTH], kind)

    async def _note(self, scope: Scope, token: Token, kind: HitKind) -> None:
        fields = dict(scope["headers"])
        get = fields.get
        self._log.put(
            Hit(
                key=MessageKey(*token.key),
                kind=kind,
                link_no=token.link_no,
                at=self._now(),
                method=scope["method"],
                agent=get(b"user-agent", b"")[:_AGENT].decode("latin-1"),
                ip=self._client_ip(scope),
                extra=_told(*[get(name) for name in _FIELDS]),
            )
        )
        if self._log.is_crowded:
            await asyncio.sleep(HOLD_SECONDS)


class Opened(Noting):
    """The pixel, also for a token that is not ours: a broken picture helps nobody."""

    def __init__(self, deps: WebDeps, pages: Pages, log: HitLog) -> None:
        super().__init__(deps, pages, log)
        self._pixel = Prepared(Response(PIXEL, media_type="image/gif", headers=_NEVER_KEPT))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The picture."""
        token = self._token(scope, "open", ".gif")
        if token is not None:
            await self._note(scope, token, "open")
        await self._pixel(scope, receive, send)


class Hidden(Noting):
    """A harmless page for the link that no person sees."""

    def __init__(self, deps: WebDeps, pages: Pages, log: HitLog) -> None:
        super().__init__(deps, pages, log)
        self._page = Prepared(pages.answer("hidden.html", {}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page."""
        token = self._token(scope, "hidden")
        if token is None:
            await self._gone(scope, receive, send)
            return
        await self._note(scope, token, "hidden")
        await self._page(scope, receive, send)


class Clicked(Noting):
    """On to where the link leads."""

    def __init__(self, deps: WebDeps, pages: Pages, log: HitLog, targets: Targets) -> None:
        super().__init__(deps, pages, log)
        self._targets = targets
        later = pages.answer("later.html", {}, status=503, headers={"retry-after": "10"})
        self._later = Prepared(later)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The redirect; 503 where the link cannot be looked up now."""
        token = self._token(scope, "click")
        if token is None:
            await self._gone(scope, receive, send)
            return
        key = MessageKey(*token.key)
        target = self._targets.known(key, token.link_no)
        if target is None:
            try:
                target = await self._targets.asked(key, token.link_no)
            except NurtureError as error:
                _log.error("a link could not be looked up", why=error.message)
                await self._later(scope, receive, send)
                return
        if target is None:
            await self._gone(scope, receive, send)
            return
        await self._note(scope, token, "click")
        await _redirect(target)(scope, receive, send)


@lru_cache(4_096)
def _redirect(target: str) -> Prepared:
    """Remembered, since a mailing has few links. The target is ASCII."""
    return Prepared(Response(status_code=302, headers={"location": target, **_NEVER_KEPT}))


@lru_cache(4_096)
def _told(*values: bytes | None) -> Mapping[str, str]:
    """What is kept of such header fields: the same value for the same fields, which nobody changes."""
    pairs = zip(TOLD, values, strict=True)
    told = {name: value[:_VALUE].decode("latin-1") for name, value in pairs if value is not None}
    # Empty where it was not sent: a browser sends it, and what others tell of a hit has no such field at all.
    told.setdefault("accept-language", "")
    return told
