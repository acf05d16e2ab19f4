"""`nurture preview` as it is served: who may see it, what it shows, and how it follows the files."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from support.previewed import HELLO, Page, made, previewed, until

PATHS = (
    "/",
    "/messages",
    "/people",
    "/message?template=hello",
    "/frame?template=hello",
    "/preview/preview.js",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with previewed(made(tmp_path_factory.mktemp("previewed"))) as it:
        yield it


@pytest.fixture
def hello(page: Page) -> Iterator[Page]:
    """The page, with hello.md to be written over."""
    yield page
    page.nurture.file("templates/email/hello.md", HELLO)
    until(lambda: page.message()["seen"] is not None and "Dear" in page.message()["seen"]["text"])


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8026", "192.0.2.1:8026", ""])
def test_by_another_name_there_is_no_such_page(page: Page, host: str) -> None:
    for path in PATHS:
        assert page.get(path, host=host).status_code == 404, path


def test_through_a_proxy_there_is_no_such_page(page: Page) -> None:
    assert [page.get(path, x_forwarded_for="127.0.0.1").status_code for path in PATHS] == [404] * len(PATHS)


def test_another_sites_page_may_lead_here_and_read_nothing(page: Page) -> None:
    for path in PATHS:
        assert page.get(path, sec_fetch_site="cross-site", sec_fetch_mode="no-cors").status_code == 404, path
    assert page.get("/", sec_fetch_site="cross-site", sec_fetch_mode="navigate").status_code == 200
    frame = page.get("/frame?template=hello", sec_fetch_site="cross-site", sec_fetch_mode="navigate")
    assert frame.status_code == 404


def test_nothing_can_be_changed(page: Page) -> None:
    for path in PATHS:
        assert page.http.post(path).status_code == 405, path


def test_the_page_runs_its_own_script_and_the_message_none(page: Page) -> None:
    own = page.get("/").headers["content-security-policy"]
    assert "script-src 'self'" in own
    assert "frame-ancestors 'none'" in own
    frame = page.get("/frame?template=hello&for=jo@example.test")
    policy = frame.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "script-src" not in policy and "default-src 'none'" in policy
    assert "&lt;script&gt;alert(1)" in frame.text
    assert "<script" not in frame.text


def test_the_list_has_every_message_in_the_order_of_the_stages(page: Page) -> None:
    told = page.get("/messages").json()
    assert [(it["name"], it["locales"], it["campaign"], it["stage"]) for it in told] == [
        ("hello", ["", "de"], "Welcome", "prospect"),
        ("other", [""], "", ""),
    ]


def test_a_message_is_told_as_an_inbox_shows_it(page: Page) -> None:
    seen = page.message(**{"for": "ann@example.test"})["seen"]
    assert (seen["from"], seen["subject"], seen["snippet"]) == ("Corner Shop", "Hello Ann", "A first word.")
    assert (seen["to"], seen["campaign"], seen["stage"]) == ("Ann Reyes", "Welcome", "prospect")
    assert (seen["offer"], seen["dark"], seen["links"]) == ("15% off", True, 1)


def test_the_size_is_that_of_the_message_that_is_sent(page: Page) -> None:
    seen = page.message()["seen"]
    # A token has 43 characters: a link, the pixel and the hidden link.
    assert seen["size"] > len(seen["source"].encode()) + 2 * 43


def test_the_person_decides_the_language_unless_another_is_asked_for(page: Page) -> None:
    assert page.message(**{"for": "karl@example.test"})["locale"] == "de"
    assert page.message(**{"for": "german"})["seen"]["subject"] == "Hallo Jürgen"
    assert page.message(**{"for": "german", "locale": ""})["seen"]["subject"] == "Hello Jürgen"
    assert page.message(locale="de")["seen"]["subject"] == "Hallo Robin"


def test_people_are_found_by_the_beginning_of_their_address_or_by_what_they_are(page: Page) -> None:
    def found(text: str) -> list[str]:
        return [it["whom"] for it in page.http.get("/people", params={"q": text}).json()]

    assert found("KARL") == ["karl@example.test"]
    assert found("lapsed") == ["lapsed"]
    assert found("\x00%_'") == []
    assert set(found("")) > {"prospect", "german", "ann@example.test", "jo@example.test"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("template=helo", 'Did you mean \\"hello\\"?'),
        ("template=hello&for=nobody@example.test", "no contact has the address"),
        ("", "no template is called"),
    ],
)
def test_what_is_not_there_is_said(page: Page, asked: str, words: str) -> None:
    answer = page.get(f"/message?{asked}")
    assert answer.status_code == 404
    assert words in answer.text


def test_a_message_that_cannot_be_put_together_shows_why_and_comes_alive_when_mended(hello: Page) -> None:
    hello.nurture.file("templates/email/hello.md", HELLO + "\n{{ contact.frist_name }}{% if offer %}\n")
    until(lambda: hello.message()["seen"] is None)
    told = hello.message()["findings"]
    assert [it["path"] for it in told] == ["templates/email/hello.md"]
    assert told[0]["severity"] == "error"
    assert hello.message("other")["seen"] is not None
    hello.nurture.file("templates/email/hello.md", HELLO.replace("Dear", "Mended"))
    until(lambda: hello.message()["seen"] is not None)
    assert "Mended" in hello.message()["seen"]["text"]


def test_the_findings_of_check_stand_beside_the_message_they_concern(hello: Page) -> None:
    hello.nurture.file("templates/email/hello.md", HELLO + "\n![](https://shop.example/x.png)\n")
    until(lambda: any("alt" in it["message"] for it in hello.message()["findings"]))
    (found,) = (it for it in hello.message()["findings"] if "alt" in it["message"])
    assert (found["severity"], found["line"], found["marked"]) == ("warning", 8, "![](")
    other = hello.message("other")
    assert other["elsewhere"] > 0
    assert all("hello" not in it["path"] for it in other["findings"])
    assert other["elsewhere"] >= 1
    marks = {it["name"]: it["warnings"] for it in hello.get("/messages").json()}
    # In all its languages, of which one is looked at.
    assert marks["hello"] >= len(hello.message()["findings"])
    assert marks["other"] == len(other["findings"])


def test_news_of_a_change_come_as_they_happen(hello: Page) -> None:
    with hello.http.stream("GET", "/news") as news:
        assert news.headers["content-type"].startswith("text/event-stream")
        lines = news.iter_lines()
        first = next(json.loads(it[6:]) for it in lines if it.startswith("data: "))
        hello.nurture.file("templates/email/hello.md", HELLO.replace("Dear", "Changed"))
        later = next(json.loads(it[6:]) for it in lines if it.startswith("data: ") and _is_newer(it, first))
    assert later["changed"] > first["changed"]
    assert "Changed" in hello.message()["seen"]["text"]


def _is_newer(line: str, first: dict[str, int]) -> bool:
    return int(json.loads(line[6:])["changed"]) > first["changed"]


def test_a_check_that_cannot_be_done_is_said_and_done_again_with_the_next_change(page: Page) -> None:
    campaigns, away = page.nurture.workspace / "campaigns", page.nurture.workspace / "away"
    until(lambda: bool(page.message()["checked"]))
    assert page.message()["trouble"] == ""
    campaigns.rename(away)
    try:
        until(lambda: page.get("/message?template=hello").status_code == 500)
        assert "there is no folder campaigns/" in page.get("/message?template=hello").json()["message"]
    finally:
        away.rename(campaigns)
    until(lambda: page.get("/message?template=hello").status_code == 200)
    until(lambda: bool(page.message()["checked"]))
    assert page.message()["trouble"] == ""


def test_settings_that_cannot_be_read_are_a_finding_and_the_last_ones_stay(page: Page) -> None:
    file = page.nurture.workspace / "nurture.toml"
    before = file.read_text()
    try:
        file.write_text(before + "\ncolour = 7\n[senders]\n")
        until(lambda: any(it["path"] == "nurture.toml" for it in page.message()["findings"]))
        assert page.message()["seen"]["from"] == "Corner Shop"
    finally:
        file.write_text(before)
