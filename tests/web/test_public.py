"""What stands in messages: pixel, links, hidden link, view in the browser."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nurture.delivery.outcome import MessageKey
from nurture.errors import TemplateError
from nurture.store import templates
from nurture.store.statements import table
from nurture.store.tables import HitRow, MessageRow
from nurture.web.security import LimitedBodies
from nurture.web.targets import as_location
from support.shop import compiled
from support.site import Browser, Site, browser

_hits = table(HitRow)


def hits(site: Site) -> list[tuple[str, int, str]]:
    with site.store.read() as tx:
        rows = tx.execute(
            select(_hits.c.kind, _hits.c.link_no, _hits.c.method)
            .where(_hits.c.at >= site.shop.now)
            .order_by(_hits.c.id)
        )
        return [tuple(row) for row in rows]


def soon(site: Site, count: int) -> list[tuple[str, int, str]]:
    """The hits once there are so many, at most a second later."""
    deadline = time.monotonic() + 1
    while len(found := hits(site)) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def test_the_pixel_is_a_picture_that_nobody_keeps(site: Site) -> None:
    answer = site.client.get(site.urls.open(site.key))
    assert answer.content.startswith(b"GIF89a")
    assert answer.headers["content-type"] == "image/gif"
    assert "no-store" in answer.headers["cache-control"]
    assert soon(site, 1) == [("open", 0, "GET")]


def test_a_click_goes_where_the_template_says_and_is_on_disk_within_a_second(site: Site) -> None:
    answer = site.client.get(site.urls.click(site.key, 1) + "?url=https://evil.example")
    assert (answer.status_code, answer.headers["location"]) == (302, "https://shop.example/asparagus")
    assert soon(site, 1) == [("click", 1, "GET")]


def test_a_link_that_differs_by_person_is_worked_out(site: Site) -> None:
    answer = site.client.get(site.urls.click(site.key, 257))
    assert answer.headers["location"] == "https://shop.example/worked-out/257"


def test_head_answers_like_get_and_is_noted_as_what_it_is(site: Site) -> None:
    answer = site.client.head(site.urls.click(site.key, 1))
    assert (answer.status_code, answer.content) == (302, b"")
    assert soon(site, 1) == [("click", 1, "HEAD")]


def test_the_hidden_link_leads_to_a_harmless_page(site: Site) -> None:
    answer = site.client.get(site.urls.hidden(site.key))
    assert answer.status_code == 200
    assert "Nothing to see here" in answer.text
    assert soon(site, 1) == [("hidden", 0, "GET")]


def test_the_message_in_the_browser_is_walled_in(site: Site) -> None:
    answer = site.client.get(site.urls.view(site.key))
    assert "<h1>Hello</h1>" in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "script" not in policy
    assert "default-src 'none'" in policy


def forged(site: Site) -> list[str]:
    good = site.urls.click(site.key, 1)
    return [
        good[:-1],
        good[:-1] + ("A" if good[-1] != "A" else "Q"),
        good.replace("/c/", "/h/"),
        good.replace("/c/", "/v/"),
        good.replace("/c/", "/u/"),
        site.urls.click(site.key, 9),
        site.urls.click(MessageKey(12345, 1), 1),
        "/c/" + "A" * 5000,
        "/c/%00",
        "/u/%F0%9F%92%A9",
    ]


def test_what_we_did_not_sign_is_a_friendly_404(site: Site) -> None:
    for url in forged(site):
        answer = site.client.get(url)
        assert answer.status_code == 404, url
        assert "This link leads nowhere" in answer.text
        assert site.client.head(url).status_code == 404
    assert hits(site) == []


def test_a_click_still_goes_on_while_nothing_can_be_read_or_written(site: Site) -> None:
    url = site.urls.click(site.key, 1)
    site.client.get(url)
    with site.store.write() as tx:
        tx.exec_driver_sql("UPDATE marks SET value = value")
        begun = time.monotonic()
        assert site.client.get(url).status_code == 302
        assert time.monotonic() - begun < 5, "it does not wait for whoever writes"
    assert len(soon(site, 2)) == 2


def test_at_the_end_no_hit_is_left_in_memory(site: Site) -> None:
    with browser(site.deps) as client:
        for _ in range(50):
            client.get(site.urls.open(site.key))
    assert len(hits(site)) == 50


def state(site: Site) -> dict[str, int]:
    """How many rows each table has, and a sum over what may change in them."""
    names = (
        "contacts",
        "consents",
        "consent_states",
        "messages",
        "outbox",
        "enrollments",
        "events",
        "agenda",
        "stages",
    )
    with site.store.read() as tx:
        counted = {name: tx.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in names}
        messages = table(MessageRow)
        counted["done"] = tx.execute(select(func.sum(messages.c.done_at))).scalar_one()
        counted["unsubscribes"] = tx.exec_driver_sql(
            "SELECT count(*) FROM signs WHERE kind = 'unsubscribe'"
        ).scalar_one()
    return counted


def test_no_get_or_head_of_any_public_address_changes_anything_but_hits(site: Site) -> None:
    # A crawler's name, so that not even a sign of life is left.
    agent = {"user-agent": "Mozilla/5.0 (compatible; AcmeLinkBot/1.0)"}
    before = state(site)
    for key in site.shop.sent[:20]:
        one = site.urls.of(key)
        for url in (one.open, one.click(1), one.hidden, one.unsubscribe, one.view):
            for method in ("GET", "HEAD"):
                for query in ("", "?List-Unsubscribe=One-Click", "?stop=all"):
                    assert site.client.request(method, url + query, headers=agent).status_code in (200, 302)
    for url in ("/", "/inbox", "/static/nurture.css", "/nothing-here", *forged(site)):
        for method in ("GET", "HEAD"):
            site.client.request(method, url, headers=agent)
    assert len(soon(site, 20 * 3 * 6)) == 20 * 3 * 6
    assert state(site) == before


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(site: Site, method: str) -> None:
    one = site.urls.of(site.key)
    for url in (one.open, one.click(1), one.hidden, one.view, "/", "/inbox"):
        assert site.client.request(method, url).status_code == 405


def test_a_long_body_is_refused_whether_it_says_so_or_not(site: Site) -> None:
    assert site.client.post(site.urls.unsubscribe(site.key), content=b"x" * 100_000).status_code == 413

    async def read_all(request: Request) -> Response:
        return Response(str(len(await request.body())))

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1000

    app = Starlette(
        routes=[Route("/", read_all, methods=["POST"])], middleware=[Middleware(LimitedBodies, limit=5000)]
    )
    with Browser(app, ("127.0.0.1", 1)) as client:
        assert client.post("/", content=endless()).status_code == 413
        assert client.post("/", content=b"x" * 5000).text == "5000"


def test_every_answer_carries_the_careful_headers(site: Site) -> None:
    one = site.urls.of(site.key)
    for url in (one.open, one.click(1), one.hidden, one.unsubscribe, one.view, "/", "/inbox", "/nothing"):
        headers = site.client.get(url).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "script-src" not in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "set-cookie" not in headers


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("https://shop.example/a b?x=1&y=ü#z", "https://shop.example/a%20b?x=1&y=%C3%BC#z"),
        ("https://shop.example/%C3%BC", "https://shop.example/%C3%BC"),
        ("https://shop.example/\r\nSet-Cookie: a=b", "https://shop.example/%0D%0ASet-Cookie:%20a=b"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//evil.example", None),
        ("https://", None),
        ("http://[", None),
    ],
)
def test_only_web_addresses_are_redirected_to_and_nothing_gets_into_the_header(
    target: str, expected: str | None
) -> None:
    assert as_location(target) == expected


def test_a_hostile_target_in_a_template_leads_nowhere(site: Site) -> None:
    with site.store.write() as tx:
        templates.keep(tx, [compiled("bad", ("javascript:alert(1)",))])
        tx.execute(table(MessageRow).update().values(template_hash="bad"))
    assert site.client.get(site.urls.click(site.key, 1)).status_code == 404


def test_a_message_that_cannot_be_rendered_says_so_kindly(site: Site) -> None:
    def broken(_key: MessageKey) -> str:
        raise TemplateError("there is no contact.nickname", where="welcome")

    with browser(replace(site.deps, render=broken)) as client:
        answer = client.get(site.urls.view(site.key))
    assert answer.status_code == 503
    assert "nickname" not in answer.text
    with browser(replace(site.deps, render=lambda _key: None)) as client:
        assert client.get(site.urls.view(site.key)).status_code == 404
