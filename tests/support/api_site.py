"""The API over a shop with a version in force, and keys to it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from nurture.runner.api_keys import SCOPES, hash_of, new_key
from nurture.store import api_keys
from nurture.store.engine import Store
from support.corner import Corner, files, letter, opened
from support.site import Browser, browser

ORIGIN = "https://shop.example"
CAMPAIGN = """\
name: Welcome
topic: offers
enter: {on: signed_up}
sequence:
  - send: one
"""
SHIPPED = letter("Order {{ event.order }}", "Dear {{ contact.first_name }}, {{ event.order }} is on its way.")


@dataclass(kw_only=True)
class ApiSite:
    """A client of the application, with a key of each scope."""

    corner: Corner
    client: Browser
    keys: dict[str, str] = field(default_factory=dict)
    """By their name: each scope's own."""

    @property
    def store(self) -> Store:
        return self.corner.store

    def key(self, name: str, *scopes: str) -> str:
        """Make a key."""
        publishable = scopes == ("browser",)
        key = new_key(random.Random(name).choice, publishable=publishable)
        with self.store.write() as tx:
            added = api_keys.add(
                tx, self.store.ids, name, hash_of(key), scopes, publishable=publishable, now=self.corner.now
            )
        assert added
        self.keys[name] = key
        return key

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = "everything",
        again: str = "",
        **headers: str,
    ) -> httpx.Response:
        """A request; `body` as JSON, or where it is a list, as a batch."""
        sent = {"authorization": f"Bearer {self.keys[key]}"} if key else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"idempotency-key": again} if again else {}
        content: bytes | None = None
        if isinstance(body, list):
            sent.setdefault("content-type", "application/x-ndjson")
            content = "".join(json.dumps(it) + "\n" for it in body).encode()
        elif body is not None:
            sent.setdefault("content-type", "application/json")
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.request(method, f"/api/v1{path}", content=content, headers=sent)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """What a POST is answered with; it has to be good."""
        response = self.ask("POST", path, body, **options)
        assert response.status_code < 300, response.text
        return response.json()

    def rows(self, query: str) -> Sequence[Any]:
        return self.corner.rows(query)


@contextmanager
def api_site(store: Store, workspace: Path, **api: object) -> Iterator[ApiSite]:
    """The site; `api` are settings of [api]."""
    settings: Mapping[str, object] = {"origins": [ORIGIN], **api}
    given = files({"welcome": CAMPAIGN}, {"shipped": SHIPPED})
    with (
        opened(store, workspace, given, api=settings) as corner,
        browser(corner.app.web(corner.world)) as client,
    ):
        site = ApiSite(corner=corner, client=client)
        secret = [scope for scope in SCOPES if scope != "browser"]
        site.key("everything", *secret)
        site.key("page", "browser")
        yield site
