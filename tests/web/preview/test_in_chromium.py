"""The preview page in a real browser: it follows the files, fits any screen, and lets nothing in a message run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, FrameLocator
from playwright.sync_api import Page as Tab

from support import browsers
from support.previewed import HELLO, Page, made, previewed

HOSTILE = """
<script>parent.document.title = "broken out"</script>
<p onclick="parent.document.title = 'clicked out'" id="bait">bait</p>
<p><a href="javascript:document.title = 'led out'" id="lure">lure</a></p>
<form action="/"><button id="send">send</button></form>
<div style="height:3000px">tall</div>
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browsers.chromium() as it:
        yield it


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with previewed(made(tmp_path_factory.mktemp("previewed"))) as it:
        yield it


def opened(
    chromium: Browser, page: Page, query: str, width: int = 1400, scheme: Literal["light", "dark"] = "light"
) -> Tab:
    tab = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab.goto(f"{page.address}/?{query}")
    message(tab).locator("body").wait_for()
    return tab


def message(tab: Tab) -> FrameLocator:
    return tab.frame_locator("iframe:not(.coming)")


def background(tab: Tab) -> str:
    return str(message(tab).locator("body").evaluate("it => getComputedStyle(it).backgroundColor"))


def test_what_is_saved_is_shown_at_the_place_scrolled_to_and_nothing_in_it_runs(
    chromium: Browser, page: Page
) -> None:
    page.nurture.file("templates/email/hello.md", HELLO + HOSTILE)
    tab = opened(chromium, page, "template=hello&for=jo@example.test")
    message(tab).get_by_text("tall").wait_for()
    title = tab.title()
    for name in ("bait", "lure", "send"):
        message(tab).locator(f"#{name}").click()
    assert tab.title() == title == "hello · Preview"
    message(tab).locator("html").evaluate("it => it.ownerDocument.defaultView.scrollTo(0, 900)")
    page.nurture.file("templates/email/hello.md", HELLO.replace("Dear", "Sweet") + HOSTILE)
    message(tab).get_by_text("Sweet <script>alert(1)</script>").wait_for()
    assert message(tab).locator("html").evaluate("it => it.ownerDocument.defaultView.scrollY") == 900
    page.nurture.file("templates/email/hello.md", HELLO + "{% if offer %}")
    tab.get_by_text("This message cannot be put together").wait_for()
    page.nurture.file("templates/email/hello.md", HELLO)
    message(tab).get_by_text("Dear").wait_for()
    tab.close()


@pytest.mark.nightly
def test_it_is_light_or_dark_narrow_or_wide_as_chosen_and_for_whom(chromium: Browser, page: Page) -> None:
    tab = opened(chromium, page, "template=hello", scheme="dark")
    assert background(tab) == "rgb(255, 255, 255)"
    tab.get_by_label("Dark").check(force=True)
    tab.wait_for_function("document.querySelector('iframe:not(.coming)').src.includes('dark=yes')")
    assert background(tab) == "rgb(0, 0, 0)"
    tab.get_by_label("Phone").check(force=True)
    message(tab).get_by_text("for wide screens").wait_for(state="hidden")
    tab.locator("#picker summary").click()
    tab.get_by_label("Find a person").fill("karl@")
    tab.get_by_role("button", name="Karl").click()
    message(tab).get_by_text("Liebe Karl").wait_for()
    assert "for=karl%40example.test" in tab.url
    tab.go_back()
    message(tab).get_by_text("Dear Robin").wait_for()
    tab.close()


@pytest.mark.parametrize("width", [320, *(pytest.param(it, marks=pytest.mark.nightly) for it in (800, 1400))])
def test_the_page_fits_the_screen(chromium: Browser, page: Page, width: int) -> None:
    tab = opened(chromium, page, "template=hello&for=long-name", width)
    for view in ("Text", "Source", "Message"):
        tab.get_by_label(view, exact=True).check(force=True)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, view
    tab.close()
