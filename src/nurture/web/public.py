"""What stands in messages: the pixel, the links, the message in the browser. Nothing changes but hits."""

from __future__ import annotations

import base64

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit, HitKind
from nurture.errors import NurtureError
from nurture.web.deps import WebDeps
from nurture.web.hits import HitLog
from nurture.web.pages import Pages
from nurture.web.security import message_policy
from nurture.web.targets import Targets

_log = structlog.get_logger(__name__)

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""One transparent point."""

_NEVER_KEPT = {"cache-control": "no-store, private, max-age=0", "pragma": "no-cache"}


class Public:
    """The routes that stand in messages."""

    def __init__(self, deps: WebDeps, pages: Pages, log: HitLog) -> None:
        self._deps = deps
        self._pages = pages
        self._hits = log
        self._targets = Targets(deps.store, deps.target)

    def routes(self) -> list[Route]:
        """All of them answer GET and HEAD."""
        return [
            Route("/o/{token}.gif", self.opened, methods=["GET"]),
            Route("/c/{token}", self.clicked, methods=["GET"]),
            Route("/h/{token}", self.hidden, methods=["GET"]),
            Route("/v/{token}", self.view, methods=["GET"]),
        ]

    async def opened(self, request: Request) -> Response:
        """The pixel, also for a token that is not ours: a broken picture helps nobody."""
        token = self._deps.signer.read(request.path_params["token"], "open")
        if token is not None:
            self._note(request, MessageKey(*token.key), "open")
        return Response(PIXEL, media_type="image/gif", headers=_NEVER_KEPT)

    async def clicked(self, request: Request) -> Response:
        """On to where the link leads."""
        token = self._deps.signer.read(request.path_params["token"], "click")
        if token is None:
            return self._gone()
        key = MessageKey(*token.key)
        target = self._targets.known(key, token.link_no)
        if target is None:
            try:
                target = await run_in_threadpool(self._targets.find, key, token.link_no)
            except NurtureError as error:
                _log.error("a link could not be looked up", why=error.message)
                return self._pages.answer("later.html", {}, status=503, headers={"retry-after": "10"})
        if target is None:
            return self._gone()
        self._note(request, key, "click", token.link_no)
        return Response(status_code=302, headers={"location": target, **_NEVER_KEPT})

    async def hidden(self, request: Request) -> Response:
        """A harmless page for the link that no person sees."""
        token = self._deps.signer.read(request.path_params["token"], "hidden")
        if token is None:
            return self._gone()
        self._note(request, MessageKey(*token.key), "hidden")
        return self._pages.answer("hidden.html", {})

    async def view(self, request: Request) -> Response:
        """The message as a page, walled in: no script, no form."""
        token = self._deps.signer.read(request.path_params["token"], "view")
        if token is None:
            return self._gone()
        try:
            html = await run_in_threadpool(self._deps.render, MessageKey(*token.key))
        except NurtureError as error:
            _log.error("a message could not be shown in the browser", what=error.where, why=error.message)
            return self._pages.answer("later.html", {}, status=503, headers={"retry-after": "60"})
        if html is None:
            return self._gone()
        policy = message_policy(pictures=True, framed=False)
        return HTMLResponse(html, headers={"content-security-policy": policy})

    def _gone(self) -> Response:
        return self._pages.answer("gone.html", {}, status=404)

    def _note(self, request: Request, key: MessageKey, kind: HitKind, link_no: int = 0) -> None:
        self._hits.put(
            Hit(
                key=key,
                kind=kind,
                link_no=link_no,
                at=self._deps.clock.now(),
                method=request.method,
                agent=request.headers.get("user-agent", "")[:1000],
                ip=request.client.host if request.client else "",
            )
        )
