"""The inbox: every message that the provider `inbox` kept. Shown on this machine only."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from nurture.delivery.outcome import MessageKey
from nurture.reports.explain import MessageStory
from nurture.store import inbox
from nurture.store.inbox import Kept
from nurture.store.report_explain import stories
from nurture.web.deps import WebDeps
from nurture.web.letters import Letter, for_frame, take_apart
from nurture.web.pages import Pages
from nurture.web.security import is_local, message_policy

PAGE = 50
_KEY = re.compile(r"(\d{1,19})-(\d{1,5})")
TABS = ("html", "text", "source", "headers")
WIDTHS = ("desktop", "phone")


def named(key: MessageKey) -> str:
    """A message's name in an address of ours."""
    return f"{key.enrollment_id}-{key.step_no}"


def read_name(name: str) -> MessageKey | None:
    """The reverse; None where it is no such name."""
    match = _KEY.fullmatch(name)
    if match is None:
        return None
    key = MessageKey(int(match[1]), int(match[2]))
    return key if key.enrollment_id < 2**63 else None


class Inbox:
    """The routes under /inbox."""

    def __init__(self, deps: WebDeps, pages: Pages) -> None:
        self._store = deps.store
        self._pages = pages

    def routes(self) -> list[Route]:
        """All of them for GET only."""
        return [
            Route("/inbox", self.show_list, methods=["GET"]),
            Route("/inbox/{name}", self.show_one, methods=["GET"]),
            Route("/inbox/{name}/frame", self.show_frame, methods=["GET"]),
        ]

    async def show_list(self, request: Request) -> Response:
        """The newest first, fifty at a time."""
        _only_here(request)
        text = request.query_params.get("q", "").strip()[:200].replace("\x00", "")
        before = read_name(request.query_params.get("before", ""))
        found, told, total = await run_in_threadpool(self._search, text, before)
        more = len(found) > PAGE
        older = ""
        if more:
            older = "/inbox?" + urlencode({"q": text, "before": named(found[PAGE - 1].key)})
        values = {
            "here": "inbox",
            "query": text,
            "rows": [(named(it.key), it, told.get(it.key)) for it in found[:PAGE]],
            "older": older,
            "newest": "/inbox?" + urlencode({"q": text}) if before else "",
            "total": total,
        }
        return self._pages.answer("inbox.html", values)

    async def show_one(self, request: Request) -> Response:
        """One message, in one of four views."""
        _only_here(request)
        kept, letter, story = await run_in_threadpool(self._open, _named_in(request))
        tab = _one_of(TABS, request.query_params.get("view"))
        if tab == "html" and not letter.html:
            tab = "text"
        values = {
            "here": "inbox",
            "name": named(kept.key),
            "kept": kept,
            "letter": letter,
            "story": story,
            "tab": tab,
            "tabs": TABS,
            "width": _one_of(WIDTHS, request.query_params.get("width")),
            "pictures": request.query_params.get("pictures") == "yes",
        }
        return self._pages.answer("letter.html", values)

    async def show_frame(self, request: Request) -> Response:
        """The message's own HTML for the frame: no script, no form, pictures only when asked for."""
        _only_here(request)
        _, letter, _ = await run_in_threadpool(self._open, _named_in(request))
        pictures = request.query_params.get("pictures") == "yes"
        policy = message_policy(pictures=pictures, framed=True)
        return HTMLResponse(for_frame(letter.html), headers={"content-security-policy": policy})

    def _search(
        self, text: str, before: MessageKey | None
    ) -> tuple[list[Kept], dict[MessageKey, MessageStory], int]:
        with self._store.read() as tx:
            behind = inbox.find(tx, before) if before else None
            found = inbox.search(tx, text, limit=PAGE + 1, before=behind)
            return found, stories(tx, [it.key for it in found[:PAGE]]), inbox.count(tx)

    def _open(self, key: MessageKey) -> tuple[Kept, Letter, MessageStory | None]:
        with self._store.read() as tx:
            kept, content = inbox.find(tx, key), inbox.get(tx, key)
            story = stories(tx, [key]).get(key)
        if kept is None or content is None:
            raise HTTPException(404)
        return kept, take_apart(content), story


def _only_here(request: Request) -> None:
    if not is_local(request):
        raise HTTPException(404)


def _named_in(request: Request) -> MessageKey:
    key = read_name(request.path_params["name"])
    if key is None:
        raise HTTPException(404)
    return key


def _one_of(known: tuple[str, ...], wanted: str | None) -> str:
    return wanted if wanted in known else known[0]
