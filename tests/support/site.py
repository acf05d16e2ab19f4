"""The web application over a shop, as a browser on this machine sees it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial, partialmethod
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette

from nurture.clock import VirtualClock
from nurture.delivery.outcome import MessageKey
from nurture.messages.tokens import Signer
from nurture.messages.urls import Urls
from nurture.runner.world import World
from nurture.settings import Settings
from nurture.store.engine import Store
from nurture.web.deps import InForce, WebDeps
from nurture.web.server import build
from support.shop import STAGES, TOPICS, Shop

HERE = "http://127.0.0.1:8025"


class Browser:
    """A client of the application, which is started on entering and ended on leaving."""

    def __init__(self, app: Starlette, client: tuple[str, int]) -> None:
        self._app = app
        self._stack = ExitStack()
        self._transport = httpx.ASGITransport(app, client=client)
        self._http = httpx.AsyncClient(transport=self._transport, base_url=HERE, follow_redirects=False)

    def come_from(self, ip: str) -> None:
        """Have the next requests come from another machine."""
        self._transport.client = (ip, 5)

    def __enter__(self) -> Browser:
        self._portal = self._stack.enter_context(start_blocking_portal())
        life = self._app.router.lifespan_context(self._app)
        self._stack.enter_context(self._portal.wrap_async_context_manager(life))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Any request; never follows a redirect."""
        return self._portal.call(partial(self._http.request, method, url, **options))

    get = partialmethod(request, "GET")
    head = partialmethod(request, "HEAD")
    post = partialmethod(request, "POST")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything a test of the pages wants."""

    deps: WebDeps
    shop: Shop
    urls: Urls
    client: Browser
    """A browser on this machine."""

    @property
    def store(self) -> Store:
        return self.deps.store

    @property
    def key(self) -> MessageKey:
        """A message that was sent under the topic `offers`."""
        return self.shop.sent[0]


def settings(workspace: Path) -> Settings:
    """The corner shop's."""
    return Settings.model_validate(
        {
            "workspace": workspace,
            "timezone": "Europe/Berlin",
            "sender": {"from": '"Corner <b>Shop</b>" <hello@shop.example>', "address": "1 Main Street"},
            "topics": {
                "offers": {"says": "Offers & discounts"},
                "news": {"says": "News"},
                "service": {"says": "About your orders", "always": True},
            },
        }
    )


def _no_world() -> World:
    raise AssertionError("no version is in force on this site: open a `Corner` for that")


def made_deps(store: Store, workspace: Path, now: int) -> WebDeps:
    return WebDeps(
        store=store,
        settings=settings(workspace),
        signer=Signer("a secret for tests"),
        clock=VirtualClock(now),
        address_key=b"k" * 32,
        world=_no_world,
        in_force=lambda: InForce(stages=STAGES, topics=TOPICS),
        target=lambda _key, no: f"https://shop.example/worked-out/{no}" if no == 257 else None,
        render=lambda _key: "<html><body><h1>Hello</h1><script>alert(1)</script></body></html>",
    )


def browser(deps: WebDeps, client: tuple[str, int] = ("127.0.0.1", 50000)) -> Browser:
    return Browser(build(deps), client)
