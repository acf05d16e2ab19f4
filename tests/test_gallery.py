"""Every sample message in a real browser: nothing wider than the screen, every word readable by day and by night."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from support.browsers import chromium
from support.gallery import PICTURES, intro, page_of
from support.sample_letters import LETTERS, LIBRARY, PEOPLE, ROOT, ann, render, rendered

MOST_OF_ALL = 6_000_000
"""Bytes of all pictures together: who clones the repository gets them."""

EVERYBODY = [(name, locale, person) for name, locale in LETTERS for person in (*PEOPLE, "Ann")]

SHOW = """async (letters) => {
  document.body.style.margin = 0;
  document.body.replaceChildren(...letters.map((html) => {
    const frame = document.createElement("iframe");
    frame.style.cssText = "display:block;border:0;width:700px;height:900px";
    frame.srcdoc = html;
    return frame;
  }));
  await Promise.all([...document.querySelectorAll("iframe")].map((it) => new Promise((done) => (it.onload = done))));
}"""
"""Each letter in a frame of its own, so that one page holds them all."""

WIDTHS = """async (width) => {
  const frames = [...document.querySelectorAll("iframe")];
  frames.forEach((it) => (it.style.width = `${width}px`));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return frames.map(({ contentDocument: it }) => Math.max(
    it.documentElement.scrollWidth,
    ...[...it.querySelectorAll("body *")].map((one) => one.getBoundingClientRect().right)));
}"""

CONTRASTS = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => numbers(colour).slice(0, 3)
    .map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  return [...document.querySelectorAll("iframe")].map(({ contentDocument, contentWindow }) => {
    const style = (it) => contentWindow.getComputedStyle(it);
    const behind = (element) => {
      for (let it = element; it; it = it.parentElement) {
        const colour = style(it).backgroundColor;
        if (numbers(colour)[3] !== 0) return colour;
      }
      return "rgb(255, 255, 255)";
    };
    const found = [];
    const words = contentDocument.createTreeWalker(contentDocument.body, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
      const element = words.currentNode.parentElement;
      const text = words.currentNode.data.trim();
      if (!text || !element.getClientRects().length) continue;
      const { color, fontSize, fontWeight } = style(element);
      const [a, b] = [light(color), light(behind(element))].sort((x, y) => y - x);
      const size = parseFloat(fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && fontWeight >= 700);
      found.push([text.slice(0, 40), (a + 0.05) / (b + 0.05), isLarge ? 3 : 4.5]);
    }
    return found;
  });
}"""
"""By letter: each piece of text, its contrast, and what WCAG 2.2 (1.4.3) asks of a text of its size."""


def html_of(name: str, locale: str, person: str) -> str:
    it = render(name, locale, ann(name, locale)) if person == "Ann" else rendered(name, locale, person)
    return it.html


SHOWN = {html_of(*letter): letter for letter in EVERYBODY}
"""What is different, and for whom: most people without a name get the same."""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """All letters for everybody, side by side; no address is ever asked."""
    with chromium() as browser:
        it = browser.new_context(viewport={"width": 720, "height": 900}).new_page()
        it.route("**/*", lambda route: route.abort())
        it.set_content("<!doctype html><title>All letters</title>")
        it.evaluate(SHOW, list(SHOWN))
        yield it


@pytest.mark.parametrize("width", [320, 375, 700])
def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    widest = page.evaluate(WIDTHS, width)
    assert len(widest) == len(SHOWN) > 2 * len(LETTERS)
    found = {letter: it for letter, it in zip(SHOWN.values(), widest, strict=True) if it > width + 0.5}
    assert found == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out_from_what_is_behind_it(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    for letter, texts in zip(SHOWN.values(), page.evaluate(CONTRASTS), strict=True):
        assert len(texts) >= 6, letter
        assert [it for it in texts if it[1] < it[2]] == [], letter


def test_at_night_the_sheet_is_dark(page: Page) -> None:
    """Or the test above would have looked at the same colours twice."""
    dark = "(it) => it.contentWindow.getComputedStyle(it.contentDocument.querySelector('.sheet')).backgroundColor"
    seen = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal in a loop
        seen.add(page.locator("iframe").first.evaluate(dark))
    assert len(seen) == 2


def test_the_gallery_shows_every_message_as_it_is_now() -> None:
    assert (ROOT / "docs/gallery.md").read_text() == intro() + page_of()


def test_the_gallery_has_a_picture_of_every_message_and_no_other() -> None:
    wanted = {f"{name}.{locale}.webp" if locale else f"{name}.webp" for name, locale in LETTERS}
    assert {it.name for it in PICTURES.iterdir()} == wanted
    assert sum(it.stat().st_size for it in PICTURES.iterdir()) < MOST_OF_ALL


def test_every_picture_in_a_message_is_one_of_ours_and_drawn_by_us() -> None:
    images = {it.stem for it in (ROOT / "templates/images").iterdir()}
    assert {it.stem for it in (ROOT / "tests/support/drawings").glob("*.svg")} == images
    named = set(re.findall(r"images/([a-z-]+)\.png", "".join(LIBRARY.parts.values())))
    assert named | {"mark"} == images
