"""nurture.js in a real Chromium on a page of another origin: what leaves it, what it keeps, and what arrives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from nurture.clock import DAY
from nurture.store.engine import open_store
from nurture.web.pages import STATIC
from support.api_site import ORIGIN, ApiSite, api_site
from support.browsers import chromium
from support.real_site import served

PAGE = """<!doctype html><title>Rice</title><h1>Rice</h1>
<script src="{site}/nurture.js" data-key="{key}" data-consent="{consent}"></script>"""


def report(api: ApiSite, visitor: str, *names: str, origin: str = ORIGIN) -> tuple[int, str]:
    body = {"visitor": visitor, "events": [{"name": it} for it in names]}
    answer = api.ask("POST", "/browser", body, key="page", origin=origin)
    return answer.status_code, answer.json().get("detail", "")


def token(api: ApiSite, email: str = "ann@example.test") -> str:
    made: str = api.post("/visitors", {"email": email})["token"]
    return made


def test_a_visitor_is_named_by_a_token_that_only_the_shops_server_gets(api: ApiSite) -> None:
    good = token(api)
    assert report(api, good, "page_view", "added_to_cart")[0] == 200
    other = good[:-1] + ("A" if good[-1] != "A" else "B")
    for forged in ("ann@example.test", "", other, api.corner.app.signer.sign("view", (1, 1))):
        assert report(api, forged, "page_view") == (422, "the visitor's token was not made here")
    kept = api.rows("SELECT name FROM events ORDER BY at")
    assert [name for (name,) in kept] == ["page_view", "added_to_cart"]


@pytest.mark.parametrize(
    "name",
    [
        "subscribed",
        "unsubscribed",
        "replied",
        "ordered",
        "refunded",
        " subscribed",
        "replied\n",
        "\x00ordered",
        "answered",
        "due_again",
    ],
)
def test_nobody_agrees_buys_or_answers_by_an_event_of_the_browser(api: ApiSite, name: str) -> None:
    before = api.rows("SELECT count(*) FROM events")
    assert report(api, token(api), name)[0] == 422
    assert api.rows("SELECT count(*) FROM events") == before
    assert api.ask("GET", "/contacts/c-1").status_code == 404


def test_a_browser_cannot_take_the_id_of_an_event_that_a_server_will_send(api: ApiSite) -> None:
    body = {"visitor": token(api), "events": [{"name": "seen", "properties": {"id": "o-1", "email": "x"}}]}
    assert api.ask("POST", "/browser", body, key="page", origin=ORIGIN).json() == {"taken": 1}
    assert api.post("/events", {"email": "ann@example.test", "name": "seen", "id": "o-1"})["taken"] == 1


def test_pages_of_other_origins_are_refused(api: ApiSite) -> None:
    for origin in ("https://shop.example.evil.example", "http://shop.example", "null", ""):
        assert report(api, token(api), "page_view", origin=origin)[0] == 403
        asked = api.client.request("OPTIONS", "/api/v1/browser", headers={"origin": origin})
        assert (asked.status_code, "access-control-allow-origin" in asked.headers) == (403, False)
    asked = api.client.request("OPTIONS", "/api/v1/browser", headers={"origin": ORIGIN})
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    refused = api.ask("POST", "/events", {}, origin=ORIGIN)
    assert "access-control-allow-origin" not in refused.headers


def test_a_token_runs_out_and_only_names_that_are_listed_may_come(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, now=0, durable=False)
    with api_site(store, tmp_path, browser_events=["seen"]) as site:
        old = token(site)
        assert [report(site, old, it)[0] for it in ("page_view", "seen", "left")] == [200, 200, 422]
        site.corner.clock.move_to(site.corner.now + 31 * DAY)
        assert "run out" in report(site, old, "page_view")[1]
    store.close()


def test_who_reads_the_key_in_a_page_cannot_use_it_up_for_all_others(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, now=0, durable=False)
    with api_site(store, tmp_path, per_minute=5) as site:
        good = token(site)
        site.client.come_from("198.51.100.7")
        assert [report(site, "x", "page_view")[0] for _ in range(6)] == [422] * 5 + [429]
        site.client.come_from("198.51.100.8")
        assert report(site, good, "page_view")[0] == 200
    store.close()


def test_the_script_is_small_and_may_be_kept(api: ApiSite) -> None:
    answer = api.client.get("/nurture.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.content == (STATIC / "nurture.js").read_bytes()
    assert len(answer.content) < 2048
    assert b"cookie" not in answer.content.lower().replace(b"sets no cookie", b"")


class _Shop(ThreadingHTTPServer):
    page = ""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Shop)
        body = self.server.page.replace("{consent}", "yes" if "agreed" in self.path else "").encode()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def shop() -> Iterator[_Shop]:
    server = _Shop(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join(10)
    server.server_close()


def reported(page: Page, script: str) -> int:
    """The status of the request that this sets off."""
    with page.expect_response(lambda it: it.url.endswith("/browser") and it.request.method == "POST") as got:
        page.evaluate(script)
    return got.value.status


@pytest.mark.nightly
def test_in_chromium_nothing_leaves_or_stays_before_they_agreed_and_who_they_are_is_known(
    sqlite_url: str, tmp_path: Path
) -> None:
    store = open_store(sqlite_url, now=0, durable=False)
    with shop() as server:
        here = f"http://127.0.0.1:{server.server_port}"
        with (
            api_site(store, tmp_path, origins=[here]) as site,
            served(site.corner.app.web(site.corner.world)) as address,
            # The last: it keeps an event loop in this thread.
            chromium() as browser,
        ):
            server.page = PAGE.replace("{site}", address).replace("{key}", site.keys["page"])
            page = browser.new_page()
            asked: list[str] = []
            page.on("request", lambda it: asked.append(it.url) if it.url.endswith("/browser") else None)
            visitor = token(site)
            page.goto(f"{here}/rice?q=secret#part")
            page.evaluate(f"nurture.identify('{visitor}'); nurture.track('seen')")
            assert page.evaluate("localStorage.length") == 0
            assert asked == []
            assert reported(page, "nurture.consent(true)") == 200
            assert reported(page, "nurture.track('added_to_cart', {sku: 'R-12'})") == 200
            # On the next page it knows them by what it kept.
            with page.expect_response("**/browser"):
                page.goto(f"{here}/tea?agreed")
            page.evaluate("nurture.consent(false); nurture.track('seen')")
            assert page.evaluate("localStorage.length") == 0
            assert page.context.cookies() == []
            quiet = browser.new_context()
            quiet.add_init_script(
                "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
            )
            silent = quiet.new_page()
            silent.on("request", lambda it: asked.append("silent") if it.url.endswith("/browser") else None)
            silent.goto(f"{here}/rice?agreed")
            silent.evaluate(f"nurture.identify('{visitor}'); nurture.consent(true); nurture.track('seen')")
            quiet.close()
            assert "silent" not in asked
            kept = site.rows("SELECT name, properties FROM events ORDER BY at, id")
    store.close()
    assert sorted(map(tuple, kept)) == [
        ("added_to_cart", '{"sku": "R-12"}'),
        ("page_view", f'{{"url": "{here}/rice"}}'),
        ("page_view", f'{{"url": "{here}/tea"}}'),
    ]
