"""What stands in messages: the pixel, the links, the message in the browser. Nothing changes but hits."""

from __future__ import annotations

from dataclasses import replace

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from nurture.delivery.outcome import MessageKey
from nurture.errors import NurtureError
from nurture.runner.libraries import tags_of
from nurture.web.deps import WebDeps
from nurture.web.hits import HitLog
from nurture.web.pages import Pages
from nurture.web.security import message_policy
from nurture.web.targets import Tagged, Targets, untagged
from nurture.web.tracked import Clicked, Endpoint, Hidden, Opened

_log = structlog.get_logger(__name__)


def _tagged(deps: WebDeps) -> Tagged:
    """What the shop's statistics want in links that are the same for everybody: see [links] in nurture.toml."""
    tags = tags_of(deps.settings)
    if tags is None:
        return untagged

    def tagged(target: str, campaign_id: int, template: str) -> str:
        live = deps.world().live.get(campaign_id)
        return replace(tags, campaign=live.record.key if live else "").on(target, template)

    return tagged


class Public:
    """The routes that stand in messages."""

    def __init__(self, deps: WebDeps, pages: Pages, log: HitLog) -> None:
        self._deps = deps
        self._pages = pages
        self._opened = Opened(deps, pages, log)
        self._clicked = Clicked(deps, pages, log, Targets(deps.store, deps.target, _tagged(deps)))
        self._hidden = Hidden(deps, pages, log)

    @property
    def straight(self) -> dict[str, Endpoint]:
        """Those that need no framework, by the first three letters of their paths."""
        return {"/o/": self._opened, "/c/": self._clicked, "/h/": self._hidden}

    def routes(self) -> list[Route]:
        """All of them answer GET and HEAD."""
        return [
            Route("/o/{token}.gif", self._opened, methods=["GET"]),
            Route("/c/{token}", self._clicked, methods=["GET"]),
            Route("/h/{token}", self._hidden, methods=["GET"]),
            Route("/v/{token}", self.view, methods=["GET"]),
        ]

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
