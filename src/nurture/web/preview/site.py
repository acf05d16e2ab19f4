"""The routes of the preview page: for this machine only, and all of them for GET, for nothing here changes anything."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from nurture.campaigns.findings import Finding
from nurture.errors import NurtureError, UsageError
from nurture.runner.studio_talk import Ask, Asked, AskFindings, AskNames, AskPeople, Shown
from nurture.web.pages import STATIC
from nurture.web.preview.frame import framed
from nurture.web.preview.news import News
from nurture.web.preview.told import clean, many, message_of
from nurture.web.preview.watch import EVERY, mark
from nurture.web.security import CarefulAnswers, is_local
from nurture.web.serve import serve

HERE = Path(__file__).parent / "static"
_KEPT = 24
"""Messages that are kept as they were shown, for the frame that asks for them next."""

_BEFORE_CHECKING = 0.5
"""Seconds after a change."""

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Of the page's own origin, so that it can keep the place to which somebody scrolled; but nothing in it may run.
_MESSAGE_POLICY = (
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline' https:; font-src https: data:; img-src data: https: http:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
_COMMON = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": _PAGE_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Desk(Protocol):
    """Answers questions about the workspace; `StudioDesk` is one."""

    def ask(self, asked: Ask) -> Any:
        """The answer. Raises NurtureError. Called from any thread."""
        ...


class Preview:
    """The page of one workspace. `quick` answers what somebody waits for, `slow` checks everything meanwhile."""

    def __init__(self, workspace: Path, quick: Desk, slow: Desk) -> None:
        self._workspace = workspace
        self._quick = quick
        self._slow = slow
        self._findings: tuple[Finding, ...] = ()
        self._trouble = ""
        """Why the last check came to nothing; empty: it was done."""
        self._shown: dict[tuple[Asked, int], Shown] = {}
        self._news = News()

    async def run(self, taken: socket.socket, stop: asyncio.Event) -> None:
        """Serve at the port `taken` until `stop` is set."""
        serving = asyncio.create_task(serve(self.build(), taken, stop))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        # Pages listen without end: they are let go, or the server would wait for them.
        await self._news.end()
        await serving

    def build(self) -> ASGIApp:
        """The application. It looks at the files from its start to its end."""
        return Starlette(
            routes=[
                Route("/", self._page, methods=["GET"]),
                Route("/messages", self._messages, methods=["GET"]),
                Route("/people", self._people, methods=["GET"]),
                Route("/message", self._message, methods=["GET"]),
                Route("/frame", self._frame, methods=["GET"]),
                Route("/news", self._listen, methods=["GET"]),
                Mount("/static", StaticFiles(directory=STATIC)),
                Mount("/preview", StaticFiles(directory=HERE)),
            ],
            middleware=[Middleware(CarefulAnswers, common=_COMMON), Middleware(OnlyHere)],
            exception_handlers={NurtureError: _said, Exception: _said},
            lifespan=self._life,
        )

    @asynccontextmanager
    async def _life(self, _app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(it) for it in (self._watch(), self._check())]
        try:
            yield
        finally:
            for it in tasks:
                it.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self) -> None:
        before = await run_in_threadpool(mark, self._workspace)
        while True:
            await asyncio.sleep(EVERY)
            now = await run_in_threadpool(mark, self._workspace)
            if now != before:
                before = now
                await self._news.tell(changed=self._news.changed + 1)

    async def _check(self) -> None:
        """Check what is new, again and again; of several changes meanwhile only the last."""
        # Not at the same time as what somebody waits for.
        with suppress(NurtureError):
            await run_in_threadpool(self._quick.ask, AskNames())
        while True:
            await self._news.unchecked()
            # First what somebody looks at; and whoever saves one file may save another.
            await asyncio.sleep(_BEFORE_CHECKING)
            at = self._news.changed
            try:
                self._findings = await run_in_threadpool(self._slow.ask, AskFindings())
                self._trouble = ""
            except NurtureError as error:
                self._trouble = error.message
            except Exception:
                # Whatever it is, the page goes on: the next change may be the cure.
                self._trouble = "the check failed; nurture check says more"
            await self._news.tell(checked=at)

    async def _page(self, _request: Request) -> Response:
        return HTMLResponse((HERE / "page.html").read_text("utf-8"))

    async def _messages(self, _request: Request) -> Response:
        """Every message, with how much is wrong with it."""
        names = await run_in_threadpool(self._quick.ask, AskNames())
        return JSONResponse(clean([{**asdict(it), **many(self._findings, it.files)} for it in names]))

    async def _people(self, request: Request) -> Response:
        text = request.query_params.get("q", "")[:200].replace("\x00", "")
        found = await run_in_threadpool(self._quick.ask, AskPeople(text))
        return JSONResponse(clean([asdict(it) for it in found]))

    async def _message(self, request: Request) -> Response:
        """All about one message but the HTML for the frame."""
        shown = await self._show(request)
        checked = self._news.checked >= self._news.changed
        told = message_of(shown, self._findings, checked=checked)
        return JSONResponse({**told, "trouble": clean(self._trouble)})

    async def _frame(self, request: Request) -> Response:
        """The message's own HTML. Its pictures are loaded: looking counts nothing here."""
        shown = await self._show(request)
        dark = request.query_params.get("dark") == "yes"
        html = framed(clean(shown.html), dark=dark)
        return HTMLResponse(html, headers={"content-security-policy": _MESSAGE_POLICY})

    async def _listen(self, _request: Request) -> Response:
        return StreamingResponse(self._news.stream(), media_type="text/event-stream")

    async def _show(self, request: Request) -> Shown:
        asked, at = _asked(request), self._news.changed
        if (asked, at) not in self._shown:
            found: Shown = await run_in_threadpool(self._quick.ask, asked)
            while len(self._shown) >= _KEPT:
                del self._shown[next(iter(self._shown))]
            self._shown[asked, at] = found
        return self._shown[asked, at]


def _asked(request: Request) -> Asked:
    given = {key: value[:400].replace("\x00", "") for key, value in request.query_params.items()}
    return Asked(given.get("template", ""), whom=given.get("for", ""), locale=given.get("locale"))


async def _said(_request: Request, error: Exception) -> Response:
    """What went wrong, for the page to show."""
    status = 404 if isinstance(error, UsageError) else 500
    told = {"message": str(error)} if not isinstance(error, NurtureError) else {
        "message": error.message,
        "remedy": error.remedy,
    }  # fmt: skip
    return JSONResponse(clean(told), status_code=status)


class OnlyHere:
    """Answers requests that are made on this machine, by its own name, and by no other site's page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_ours(Request(scope)):
            await PlainTextResponse("This page is for the machine it runs on.\n", 404)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_ours(request: Request) -> bool:
    """Browsers say where a request comes from (Fetch Metadata); whoever types or clicks an address may come in."""
    from_elsewhere = request.headers.get("sec-fetch-site", "") in ("cross-site", "same-site")
    on_the_way = request.headers.get("sec-fetch-mode") == "navigate" and request.url.path == "/"
    return is_local(request) and (not from_elsewhere or on_the_way)
