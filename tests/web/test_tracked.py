"""What is noted of a hit, and by what."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nurture.engagement.signs import RULES
from nurture.settings import Web
from support.shop import BROWSER
from support.site import HERE, Site, browser


def rows(site: Site) -> list[dict[str, Any]]:
    """The new hits, oldest first; the application that took them has ended."""
    with site.store.read() as tx:
        found = tx.exec_driver_sql(f"SELECT * FROM hits WHERE at >= {site.shop.now} ORDER BY id")
        return [dict(row._mapping) for row in found]


def test_what_tells_of_who_asked_is_kept_and_cut(site: Site) -> None:
    headers = {
        "user-agent": BROWSER,
        "accept-language": "de-DE,de;q=0.9",
        "sec-purpose": "prefetch",
        "referer": "https://mail.example/" + "x" * 1000,
        "cookie": "secret=1",
        "authorization": "Basic abc",
    }
    with browser(site.deps) as client:
        client.get(site.urls.open(site.key), headers=headers)
        client.head(site.urls.click(site.key, 1))
    opened, clicked = rows(site)
    assert json.loads(opened["extra"]) == {
        "accept-language": "de-DE,de;q=0.9",
        "sec-purpose": "prefetch",
        "referer": ("https://mail.example/" + "x" * 1000)[:200],
    }
    assert (opened["agent"], opened["rules"]) == (BROWSER, RULES)
    assert (clicked["method"], clicked["verdict"]) == ("HEAD", "scanner")
    assert clicked["score"] >= 1
    assert len(json.loads(clicked["reasons"])) >= 1


def test_hostile_headers_are_kept_as_text_that_both_databases_take(site: Site) -> None:
    headers = [(b"user-agent", b"\xff\xfe" + b"y" * 5000), (b"accept-language", b"de\x00\xed\xa0\x80<b>")]
    with browser(site.deps) as client:
        assert client.get(site.urls.open(site.key), headers=headers).status_code == 200
    (hit,) = rows(site)
    assert hit["agent"] == "ÿþ" + "y" * 298
    assert json.loads(hit["extra"]) == {"accept-language": "de\ufffdí\xa0\x80<b>"}


def test_behind_a_proxy_of_ones_own_the_address_is_that_of_who_asked(site: Site) -> None:
    web = Web(public_url=HERE, proxies=("127.0.0.0/8",))
    behind = replace(site.deps, settings=site.deps.settings.model_copy(update={"web": web}))
    forwarded = {"x-forwarded-for": "8.8.8.8, 93.184.216.34"}
    for deps in (behind, site.deps):
        with browser(deps) as client:
            client.get(site.urls.open(site.key), headers=forwarded)
    assert [row["ip"] for row in rows(site)] == ["93.184.216.34", "127.0.0.1"]


@pytest.mark.parametrize("kind", ["open", "click", "hidden"])
def test_head_has_the_headers_of_get_and_no_body(site: Site, kind: str) -> None:
    url = {
        "open": site.urls.open(site.key),
        "click": site.urls.click(site.key, 1),
        "hidden": site.urls.hidden(site.key),
    }[kind]
    got, asked = site.client.get(url), site.client.head(url)
    assert asked.content == b""
    assert (got.status_code, got.headers) == (asked.status_code, asked.headers)
    assert got.headers["x-content-type-options"] == "nosniff"


def test_a_link_that_cannot_be_looked_up_is_asked_for_later(site: Site, sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    url = site.urls.click(site.key, 1)
    file.rename(file.with_suffix(".away"))
    try:
        answer = site.client.get(url)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert site.client.get(site.urls.open(site.key)).status_code == 200
    finally:
        file.with_suffix(".away").rename(file)
    assert site.client.get(url).status_code == 302
