"""A shop in a database, and the application over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.clock import HOUR
from nurture.messages.urls import Urls
from nurture.store.engine import open_store
from support.shop import fill
from support.site import HERE, Browser, Site, browser, made_deps


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """Twenty people's year, looked at an hour later."""
    store = open_store(sqlite_url, now=0, durable=False)
    shop = fill(store, people=20)
    deps = made_deps(store, tmp_path, shop.now + HOUR)
    with browser(deps) as client:
        yield Site(deps=deps, shop=shop, urls=Urls(HERE, deps.signer), client=client)
    store.close()


@pytest.fixture
def empty_site(sqlite_url: str, tmp_path: Path) -> Iterator[Browser]:
    """A workspace in which nothing is."""
    store = open_store(sqlite_url, now=0, durable=False)
    with browser(made_deps(store, tmp_path, HOUR)) as client:
        yield client
    store.close()
