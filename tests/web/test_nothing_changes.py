"""GET and HEAD change nothing but hits, wherever they go: scanners follow every link."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from nurture.delivery.outcome import MessageKey
from nurture.messages.tokens import KINDS
from nurture.store import tables
from nurture.store.engine import Store, open_store
from nurture.web.server import build
from support.corner import START, letter
from support.signing_up import SERVICE, WELCOME, House, house

ANN = "ann@example.test"
QUESTIONS = "how-was-it: {asks: How did we do?, scale: 1-5, sets: contact.satisfaction}\n"
ASKS = letter("one", '[look](https://shop.example/) {{ question("how-was-it").asks }}')
CRAWLER = {"user-agent": "Mozilla/5.0 (compatible; AcmeLinkBot/1.0)"}
"""Judged a machine's, so that not even a sign of life comes of it."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of the shop that is asked."""

    keys: list[MessageKey]
    """Of messages; one carries a sign-up that waits to be confirmed."""
    tokens: list[str]
    """Good ones of every kind, those of other kinds, and bad ones."""
    kept: list[str]
    """Names of mail in the inbox."""


def by_token(before: str, after: str = "") -> Callable[[Known], list[str]]:
    return lambda known: [f"{before}{token}{after}" for token in known.tokens]


def only(*paths: str) -> Callable[[Known], list[str]]:
    return lambda known: list(paths)


SAMPLES: dict[str, Callable[[Known], list[str]]] = {
    "/o/{token}.gif": by_token("/o/", ".gif"),
    "/c/{token}": by_token("/c/"),
    "/h/{token}": by_token("/h/"),
    "/v/{token}": by_token("/v/"),
    "/u/{token}": by_token("/u/"),
    "/p/{token}": by_token("/p/"),
    "/q/{token}/{question}/{answer}": by_token("/q/", "/how-was-it/4"),
    "/k/{token}": by_token("/k/"),
    "/f/{name}": only("/f/newsletter", "/f/news", "/f/nothing", "/f/newsletter?embed=1"),
    "/in/{source}": only("/in/shop", "/in/"),
    "/nurture.js": only("/nurture.js"),
    "/t/{what}": only("/t/unsubscribe", "/t/view", "/t/nothing"),
    "/t/answer/{question}/{answer}": only("/t/answer/how-was-it/good"),
    "/images/{name:path}": only("/images/logo.png", "/images/../nurture.toml", "/images/"),
    "/static": only("/static/nurture.css", "/static/nothing"),
    "/": only("/", "/?days=7"),
    "/inbox": only("/inbox", "/inbox?page=2"),
    "/inbox/{name}": lambda known: [f"/inbox/{name}" for name in known.kept],
    "/inbox/{name}/frame": lambda known: [f"/inbox/{name}/frame" for name in known.kept],
    "/metrics": only("/metrics"),
    "/api/v1/codes/{code}": only("/api/v1/codes/WELCOME-1"),
    "/api/v1/contacts/{external_id}": only("/api/v1/contacts/ann"),
    "/api/v1/messages/{id}": only("/api/v1/messages/1-1"),
    "/api/v1/openapi.json": only("/api/v1/openapi.json"),
    "/api/v1/": only("/api/v1/"),
    "/api/v1/problems": only("/api/v1/problems"),
}
"""Addresses for each route, also bad ones. A route without is a test that fails."""

QUERIES = (
    "",
    "?List-Unsubscribe=One-Click",
    "?stop=all&topic=offers&pause=30",
    "?email=eve@example.test&confirm=1",
)


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    store = open_store(sqlite_url, now=START, durable=False)
    campaigns = {"welcome": WELCOME, "service": SERVICE, "questions": QUESTIONS}
    with house(store, tmp_path, campaigns, {"one": ASKS}) as it:
        for name in ("bea", "cem", "dov"):
            it.corner.contact(f"{name}@example.test", "offers", "news")
        it.sign_up(ANN)
        it.pass_by(3_600_000_000)
        yield it
    store.close()


def paths(routes: list[BaseRoute], before: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """All routes, with their methods; those of a folder of files are one."""
    for route in routes:
        path = before + str(getattr(route, "path", ""))
        if isinstance(route, Mount) and route.routes:
            yield from paths(list(route.routes), path)
        else:
            yield path, frozenset(getattr(route, "methods", None) or {"GET"})


def known_of(it: House) -> Known:
    keys = [
        MessageKey(*row)
        for row in it.corner.rows("SELECT enrollment_id, step_no FROM messages ORDER BY 1, 2")
    ]
    signer = it.corner.app.signer
    tokens = [signer.sign(kind, key, no) for kind in KINDS for key in keys for no in (0, 1)]
    good = tokens[0]
    bad = [
        good[:-1],
        good[:-1] + "_",
        signer.sign("click", MessageKey(12345, 1), 1),
        "A" * 3000,
        "%00",
        "%F0%9F%92%A9",
    ]
    kept = [f"{a}-{b}" for a, b in it.corner.rows("SELECT enrollment_id, step_no FROM inbox")]
    return Known(keys=keys, tokens=[*tokens, *bad], kept=[*kept, "nothing"])


def dump(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but hits; and but which process may make ids, which is noted when hits are written."""
    with store.read() as tx:
        found = {
            name: sorted((tuple(row) for row in tx.exec_driver_sql(f"SELECT * FROM {name}")), key=repr)
            for name in tables.SQLModel.metadata.tables
            if name != "hits"
        }
    found["marks"] = [row for row in found["marks"] if row[0] != "nodes"]
    return found


def addresses(it: House, app: Starlette) -> list[str]:
    known = known_of(it)
    assert len(known.keys) >= 5
    found = set(paths(list(app.routes)))
    without = {path for path, methods in found if "GET" in methods} - set(SAMPLES)
    assert not without, f"say in SAMPLES with which addresses these routes are to be tried: {sorted(without)}"
    return [url for path, _ in sorted(found, key=repr) for url in SAMPLES.get(path, only(path))(known)]


def follow(it: House, count: int) -> None:
    """So many requests over all addresses, then everything is as it was."""
    app = build(it.corner.app.web(it.corner.world))
    urls = addresses(it, app)
    chance = random.Random(5)
    chance.shuffle(urls)
    every = itertools.cycle(urls)
    before = dump(it.corner.store)
    answers: dict[int, int] = {}
    for number in range(count):
        url, method = next(every), ("GET", "HEAD")[number % 2]
        query = QUERIES[number % len(QUERIES)] if "?" not in url else ""
        answer = it.client.request(method, url + query, headers=CRAWLER)
        answers[answer.status_code] = answers.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (method, url + query)
    assert answers[200] > count // 10 and answers[404] > 0
    it.client.__exit__()
    with it.corner.store.read() as tx:
        hits = tx.exec_driver_sql("SELECT count(*) FROM hits").scalar_one()
    assert hits > count // 100
    after = dump(it.corner.store)
    changed = {name for name in before if before[name] != after[name]}
    assert not changed


def test_get_and_head_change_nothing_but_hits(shop: House) -> None:
    follow(shop, 600)


@pytest.mark.nightly
def test_ten_thousand_of_them_change_nothing_but_hits(shop: House) -> None:
    follow(shop, 10_000)
