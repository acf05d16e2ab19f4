"""The web application: public addresses for everybody, inbox and dashboard for this machine."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from email.utils import parseaddr

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp

from nurture.engagement.hit import Hit
from nurture.store.hits import keep, look
from nurture.web.api.app import build_api
from nurture.web.confirm import Confirming
from nurture.web.dashboard import Dashboard
from nurture.web.deps import WebDeps
from nurture.web.forms import Forms
from nurture.web.front import Front
from nurture.web.hits import HitLog
from nurture.web.images import Images
from nurture.web.inbox import Inbox
from nurture.web.incoming import Incoming
from nurture.web.metrics import Metrics
from nurture.web.pages import STATIC, KeptFiles, Pages
from nurture.web.preferences import Preferences
from nurture.web.public import Public
from nurture.web.questions import Questions
from nurture.web.security import CarefulAnswers, LimitedBodies
from nurture.web.sent_tests import SentTests
from nurture.web.snippet import Snippet
from nurture.web.unsubscribe import Unsubscribing


def build(deps: WebDeps) -> Front:
    """The application. Hits are written from its start to its end; then none is left in memory."""
    name = parseaddr(deps.settings.sender.from_)[0] or deps.settings.sender.from_
    pages = Pages(zone=deps.settings.zone, sender=name)
    log = HitLog(lambda hits: write_hits(deps, hits))

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        log.start()
        try:
            yield
        finally:
            await run_in_threadpool(log.close)

    async def failed(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == 404:
            return pages.answer("gone.html", {}, status=404)
        headers = error.headers if isinstance(error, HTTPException) else None
        return pages.answer("failed.html", {"status": status}, status=status, headers=headers)

    public = Public(deps, pages, log)
    return Front(
        public.straight,
        routes=[
            *public.routes(),
            *Unsubscribing(deps, pages).routes(),
            *Incoming(deps).routes(),
            *Preferences(deps, pages).routes(),
            *Questions(deps, pages).routes(),
            *Forms(deps, pages).routes(),
            *Confirming(deps, pages).routes(),
            *Snippet().routes(),
            *SentTests(pages).routes(),
            *Images(deps.settings.workspace).routes(),
            _mounted(build_api(deps, pages)),
            Mount("/static", KeptFiles(directory=STATIC), name="static"),
            *Inbox(deps, pages).routes(),
            *Dashboard(deps, pages).routes(),
            *(Metrics(deps, deps.watched).routes() if deps.watched else ()),
        ],
        middleware=[Middleware(CarefulAnswers), Middleware(LimitedBodies)],
        exception_handlers={HTTPException: failed, Exception: failed},
        lifespan=life,
    )


def _mounted(api: ASGIApp) -> Mount:
    """Everything below /api/v1, also paths with a line break in them: the API words all its answers itself."""
    mount = Mount("/api/v1", api)
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


def write_hits(deps: WebDeps, hits: Sequence[Hit]) -> None:
    """Keep a batch of hits with their verdicts. Raises StoreError."""
    ids = deps.store.ids
    expires = deps.in_force().expires
    # Judged before the transaction that writes: on SQLite nobody else can write while that one lasts.
    with deps.store.read() as tx:
        looked = look(tx, hits)
    with deps.store.write() as tx:
        keep(tx, looked, ids, deps.clock.now(), expires=expires)
