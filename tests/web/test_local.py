"""The pages for whoever sits at this machine: shown here, and to nobody elsewhere."""

from __future__ import annotations

import re

import pytest

from nurture.delivery.outcome import MessageKey
from nurture.store import inbox
from nurture.store.inbox import Kept, pack
from nurture.web.inbox import named, read_name
from support.site import Browser, Site, browser

PRIVATE = ("/", "/inbox", "/inbox/NAME", "/inbox/NAME/frame", "/inbox/NAME?view=source", "/inbox?q=a")
OURS = ("127.0.0.1:8025", "localhost:8025", "localhost", "[::1]:8025", "LOCALHOST:8025")
FOREIGN = (
    "mail.shop.example", "evil.example:8025", "127.0.0.1.evil.example", "localhost.evil.example",
    "192.0.2.1:8025",    "127.0.0.1:8025@evil.example", "0.0.0.0:8025", "", "localhost:80250000",
)  # fmt: skip
PROXIES = (
    "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via",
    "cf-connecting-ip",
)  # fmt: skip


def urls(site: Site) -> list[str]:
    return [url.replace("NAME", named(site.key)) for url in PRIVATE]


@pytest.mark.parametrize("host", OURS)
def test_by_its_own_name_every_page_is_shown(site: Site, host: str) -> None:
    for url in urls(site):
        assert site.client.get(url, headers={"host": host}).status_code == 200, url


@pytest.mark.parametrize("host", FOREIGN)
def test_by_another_name_there_is_no_such_page(site: Site, host: str) -> None:
    for url in urls(site):
        assert site.client.get(url, headers={"host": host}).status_code == 404, url
    assert site.client.get(site.urls.hidden(site.key), headers={"host": host}).status_code == 200


@pytest.mark.parametrize("header", PROXIES)
def test_through_a_proxy_there_is_no_such_page(site: Site, header: str) -> None:
    for url in urls(site):
        assert site.client.get(url, headers={header: "127.0.0.1"}).status_code == 404, url
    assert site.client.get(site.urls.hidden(site.key), headers={header: "192.0.2.1"}).status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "testclient", "::ffff:192.0.2.7"])
def test_from_another_machine_there_is_no_such_page_whatever_it_says(site: Site, address: str) -> None:
    with browser(site.deps, client=(address, 4711)) as elsewhere:
        for url in urls(site):
            assert elsewhere.get(url).status_code == 404, url


def test_the_overview_shows_what_happened(site: Site) -> None:
    text = site.client.get("/").text
    for words in (
        "People by stage",
        "Introductory offer",
        "Care",
        "Not sent, and why",
        "the goal was reached",
    ):
        assert words in text
    assert f"<dd>{len(site.shop.sent)}<" in text


def test_nothing_on_a_page_comes_from_elsewhere_or_is_a_script(site: Site) -> None:
    for url in urls(site)[:3]:
        text = site.client.get(url).text
        assert not re.search(r"<script|\son\w+=|style=|javascript:", text), url
        assert not re.search(r"""(src|href)=["'](https?:)?//""", text), url
    for link in re.findall(r'href="(/static/[^"]+)"', site.client.get("/").text):
        assert site.client.get(link).status_code == 200


def test_an_empty_workspace_says_what_to_do_first(empty_site: Browser) -> None:
    assert "nurture import contacts" in empty_site.get("/").text
    assert "No message is here" in empty_site.get("/inbox").text


def test_the_inbox_lists_the_newest_first_and_pages_through_all(site: Site) -> None:
    url, seen = "/inbox", []
    while url:
        text = site.client.get(url).text
        seen += re.findall(r'href="/inbox/(\d+-\d+)"', text)
        older = re.search(r'href="(/inbox\?[^"]*)">Older', text)
        url = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == len(site.shop.sent)


def test_the_inbox_is_searched_by_address_and_subject_as_they_are_written(site: Site) -> None:
    assert "household3@example.test" in site.client.get("/inbox", params={"q": "Household3@"}).text
    assert "15% off your first basket" in site.client.get("/inbox", params={"q": "15%"}).text
    for text in ("%", "_", "'; DROP TABLE inbox; --", "\x00", "🦔", "x" * 5000):
        assert site.client.get("/inbox", params={"q": text}).status_code == 200
    answer = site.client.get("/inbox", params={"q": "<script>alert(1)</script>"})
    assert "<script>" not in answer.text
    assert "Nothing found" in answer.text


def test_a_message_is_shown_four_ways(site: Site) -> None:
    page = f"/inbox/{named(site.key)}"
    assert f'src="{page}/frame"' in site.client.get(page).text
    assert 'class="phone"' in site.client.get(page, params={"width": "phone"}).text
    assert "the first asparagus is in." in site.client.get(page, params={"view": "text"}).text
    assert "Content-Type: multipart/alternative" in site.client.get(page, params={"view": "source"}).text
    assert '<th scope="row">MIME-Version</th>' in site.client.get(page, params={"view": "headers"}).text
    assert site.client.get(page, params={"view": "nonsense", "width": "nonsense"}).status_code == 200


def test_a_message_stands_in_a_frame_that_can_do_nothing(site: Site) -> None:
    page = f"/inbox/{named(site.key)}"
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in site.client.get(page).text
    policy = site.client.get(page + "/frame").headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-same-origin" not in policy
    assert "allow-scripts" not in policy
    assert "img-src data:;" in policy
    loaded = site.client.get(page + "/frame?pictures=yes").headers["content-security-policy"]
    assert "img-src data: http: https:;" in loaded


HOSTILE = "\"><script>alert('x')</script>"


def test_hostile_subjects_addresses_and_bodies_are_shown_as_text(site: Site) -> None:
    key = site.shop.sent[-1]
    raw = (
        f"From: {HOSTILE} <a@b.example>\r\nTo: {HOSTILE}\r\nSubject: {HOSTILE}\r\n"
        "Broken: =?utf-9?q?=ZZ?= =?utf-8?b?////?=\r\n"
        f"Content-Type: text/html; charset=nonsense\r\n\r\n<html><head></head><body>{HOSTILE}\xff"
    ).encode("latin-1")
    with site.store.write() as tx:
        tx.exec_driver_sql("DELETE FROM inbox WHERE enrollment_id = ? AND step_no = ?", tuple(key))
        kept = Kept(key=key, at=site.shop.now, recipient=HOSTILE, subject=HOSTILE)
        inbox.keep(tx, [(kept, pack(raw))])
    for url in (
        "/",
        "/inbox",
        *(f"/inbox/{named(key)}?view={it}" for it in ("html", "text", "source", "headers")),
    ):
        answer = site.client.get(url)
        assert answer.status_code == 200
        assert "<script" not in answer.text, url
    assert "&lt;script&gt;" in site.client.get(f"/inbox/{named(key)}").text
    assert '<head><base target="_blank">' in site.client.get(f"/inbox/{named(key)}/frame").text


@pytest.mark.parametrize(
    "name", ["1-1", "x", "1", "-1-1", "99999999999999999999-1", "1-1/../2", "9223372036854775808-1"]
)
def test_a_message_that_is_not_there_is_a_404(site: Site, name: str) -> None:
    assert site.client.get(f"/inbox/{name}").status_code == 404
    assert site.client.get(f"/inbox/{name}/frame").status_code == 404


def test_a_name_reads_back_as_the_message_it_was_made_for() -> None:
    assert read_name(named(MessageKey(2**62, 3))) == MessageKey(2**62, 3)
