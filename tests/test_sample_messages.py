"""The sample messages: each reads well for everybody, and arrives as it looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from lxml import html as markup
from playwright.sync_api import Browser, Page, sync_playwright

from nurture.audience.contact import Contact
from nurture.audience.facts import Facts, LineFacts, OfferFacts, OrderFacts, StageFacts
from nurture.clock import DAY, parse_iso
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.messages.render import Rendered, Renderer
from nurture.messages.tokens import Signer
from nurture.messages.urls import Urls
from nurture.messages.values import values
from nurture.settings import load
from support.lacking import lacking

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "templates/email"
LIBRARY = Library({path.relative_to(FOLDER).as_posix(): path.read_text() for path in FOLDER.rglob("*.*")})
SETTINGS = load(ROOT, {})
URLS = Urls(SETTINGS.web.public_url, Signer("a secret for tests")).of((4711, 3))
CHROMIUM = Path("/usr/bin/chromium")
GMAIL_CLIPS_AT = 102 * 1024
NOW = parse_iso("2017-06-30T12:00", ZoneInfo("UTC"))


@dataclass(frozen=True, kw_only=True)
class Goods:
    """A product to recommend."""

    name: str
    category: str = ""
    price: int = 0
    url: str = ""
    image_url: str = ""
    sku: str = "1"
    line: str = "SEAFOOD"


BARE = (
    Goods(name="FLUID MILK WHITE ONLY", category="FLUID MILK PRODUCTS"),
    Goods(name="VINEGAR ALL-EXCEPT WINE/RIC"),
)
FULL = tuple(
    Goods(name=name, category="FISH", price=1299, url=f"https://shop.example/p/{no}", image_url=image)
    for no, (name, image) in enumerate(
        [
            ("Salmon", "https://shop.example/p/0.jpg"),
            ("W" * 50, ""),
            ("Trout", "https://shop.example/p/2.jpg"),
        ]
    )
)


def facts(first_name: str, line: str, *, offered: bool) -> Facts:
    stage = StageFacts(name="customer/repeat", since=NOW - 9 * DAY)
    offer = OfferFacts(
        key="cross-sell-10",
        says="10% off your first time there",
        code="CROSS-7K3M-QX9T",
        expires_at=NOW + 14 * DAY,
        discount="10%",
    )
    return Facts(
        contact=Contact(id=1, email="household-900@example.test", first_name=first_name),
        stage=stage,
        orders=OrderFacts(count=31, total=104_250, first_at=NOW - 150 * DAY, last_at=NOW - 3 * DAY),
        line=LineFacts(name=line, stage=StageFacts(name="prospect/awareness", since=NOW - 90 * DAY)),
        offer=offer if offered else None,
    )


PEOPLE = {
    "a household of the grocer, with nothing to recommend": (facts("", "SEAFOOD", offered=True), ()),
    "a household of the grocer, with products that have only names": (
        facts("", "SALAD BAR", offered=True),
        BARE,
    ),
    "somebody with a name, products with pictures": (facts("Maximiliane", "SEAFOOD", offered=True), FULL),
    "somebody with no offer and a hostile name": (
        facts("<b>" + "N" * 60, "GARDEN CENTER", offered=False),
        FULL,
    ),
}


@cache
def compiled(name: str) -> Compiled:
    return compile_template(LIBRARY, name)


@cache
def rendered(name: str, person: str) -> Rendered:
    who, recommended = PEOPLE[person]
    given = values(
        who, NOW, sender=SETTINGS.sender, urls=URLS, recommended=recommended, currency=SETTINGS.currency
    )
    return Renderer().render(compiled(name), given, URLS)


NO_MARKETING = {
    name for name in LIBRARY.names() if LIBRARY.head(LIBRARY.source(name)).layout == "layouts/asking.html"
}
"""Those that ask for a confirmation, or tell of one: there is nothing to unsubscribe from."""

every_message = pytest.mark.parametrize("name", LIBRARY.names())
for_everybody = pytest.mark.parametrize("person", PEOPLE)


@every_message
@for_everybody
class TestEveryMessage:
    def test_its_subject_fits_into_an_inbox(self, name: str, person: str) -> None:
        subject = rendered(name, person).subject
        assert 0 < len(subject) < 60
        assert "!" not in subject

    def test_it_has_a_preview_that_says_something_else(self, name: str, person: str) -> None:
        it = rendered(name, person)
        assert 0 < len(it.preview) <= 90
        assert it.preview != it.subject

    def test_its_text_part_holds_no_html_and_no_jinja(self, name: str, person: str) -> None:
        text = rendered(name, person).text.replace("<b>NNN", "")
        assert re.search(r"</?[a-z]+|&[a-z]+;|&#\d+;|\{[{%]|[%}]\}|undefined|None", text) is None

    def test_its_sentences_hold_without_what_is_not_known(self, name: str, person: str) -> None:
        text = rendered(name, person).text
        assert re.search(r" [,.]|,,|\*\*|\n, |Hello,|\(\)", text) is None

    def test_it_is_not_clipped_by_gmail(self, name: str, person: str) -> None:
        assert len(rendered(name, person).html.encode()) < GMAIL_CLIPS_AT

    def test_every_image_has_an_alternative_and_a_width(self, name: str, person: str) -> None:
        for image in markup.fromstring(rendered(name, person).html).iter("img"):
            assert "alt" in image.attrib
            assert image.get("width")

    def test_it_says_where_it_is_from_and_how_to_stop_it(self, name: str, person: str) -> None:
        it = rendered(name, person)
        links = [link.get("href") for link in markup.fromstring(it.html).iter("a")]
        assert SETTINGS.sender.address in it.html
        assert SETTINGS.sender.address in it.text
        if name in NO_MARKETING:
            assert URLS.unsubscribe not in links
            return
        assert {URLS.unsubscribe, URLS.preferences, URLS.view} <= set(links)
        assert URLS.unsubscribe in it.text

    def test_a_name_brings_no_html_of_its_own(self, name: str, person: str) -> None:
        assert "<b>" not in rendered(name, person).html


@every_message
def test_it_is_inlined_once_and_not_for_each_recipient(name: str) -> None:
    assert compiled(name).inline_each == ""


@every_message
def test_it_asks_for_one_thing(name: str) -> None:
    html = LIBRARY.source(name).text
    buttons, choices = html.count('class="button"'), html.count('class="choice"')
    assert (buttons, choices > 0) in {(1, False), (0, True)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        lacking(f"no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        it = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        yield it
        it.close()


def open_page(browser: Browser, scheme: str, width: int) -> Page:
    page = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 800},
        offline=True,
    ).new_page()
    page.route("**/*", lambda route: route.abort())
    return page


CONTRASTS = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => numbers(colour).slice(0, 3)
    .map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let it = element; it; it = it.parentElement) {
      const colour = getComputedStyle(it).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const element = words.currentNode.parentElement;
    if (!words.currentNode.data.trim() || !element.getClientRects().length) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
    found.push([words.currentNode.data.trim().slice(0, 40), (a + 0.05) / (b + 0.05)]);
  }
  return found;
}"""
WIDEST = """() =>
  Math.max(...[...document.querySelectorAll("body *")].map((it) => it.getBoundingClientRect().right))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out_from_what_is_behind_it(browser: Browser, scheme: str) -> None:
    page = open_page(browser, scheme, 700)
    for name in LIBRARY.names():
        for person in PEOPLE:
            page.set_content(rendered(name, person).html)
            contrasts = page.evaluate(CONTRASTS)
            assert len(contrasts) > (6 if name in NO_MARKETING else 8)
            assert [it for it in contrasts if it[1] < 4.5] == [], (name, person)
    page.context.close()


@pytest.mark.parametrize("width", [320, 375, 700])
def test_nothing_is_wider_than_the_screen(browser: Browser, width: int) -> None:
    page = open_page(browser, "light", width)
    for name in LIBRARY.names():
        for person in PEOPLE:
            page.set_content(rendered(name, person).html)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, person)
            assert page.evaluate(WIDEST) <= width + 0.5, (name, person)
    page.context.close()


def test_dark_and_light_are_two_designs(browser: Browser) -> None:
    colours = []
    for scheme in ("light", "dark"):
        page = open_page(browser, scheme, 700)
        page.set_content(rendered("welcome", next(iter(PEOPLE))).html)
        colours.append(page.evaluate("getComputedStyle(document.querySelector('.content')).backgroundColor"))
        page.context.close()
    assert colours[0] != colours[1]
