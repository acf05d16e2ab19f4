"""Templates that others made look the same when they have gone through ours: see third_party/README.md."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser

from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.environment import make_environment
from nurture.messages.inlining import inline
from nurture.messages.library import Library
from nurture.messages.proof import difference
from nurture.messages.render import Renderer
from support import browsers
from support.rendered_first import not_inlined
from support.third_party import FOLDER, THEMES, foundation, messages, theme

DESKTOP, PHONE = 700, 375
FOUNDATION, MESSAGES = foundation(), messages()
SOME = (
    ("foundation", "sidebar-hero", DESKTOP),
    ("cerberus", "receipt", DESKTOP),
    ("default", "receipt", PHONE),
    ("salted", "receipt", PHONE),
)
ALL = (*(("foundation", name) for name in FOUNDATION), *((it, name) for it in THEMES for name in MESSAGES))
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="90"><circle cx="9" cy="9" r="9"/></svg>'
)
WHERE = """() => [...document.querySelectorAll('body *')]
  .filter((it) => !it.closest('style, script, [aria-hidden=true]'))
  .map((it) => [it.tagName, ...Object.values(it.getBoundingClientRect().toJSON()).map(Math.round)].join(' '))"""


def source(family: str, name: str) -> str:
    """What its author wrote, in Jinja."""
    return FOUNDATION[name] if family == "foundation" else theme(family)


def given(family: str, name: str) -> dict[str, Any]:
    return {} if family == "foundation" else {"event": MESSAGES[name]}


def library(html: str) -> Library:
    return Library({"m.html": f"subject: S\nlayout: none\n\n{html}"})


@cache
def compiled(html: str) -> Compiled:
    return compile_template(library(html), "m")


def ours(family: str, name: str) -> str:
    return Renderer().render(compiled(source(family, name)), given(family, name)).html


def as_its_author_sees_it(family: str, name: str) -> str:
    """With its style sheet, nothing inlined; what mailgen itself makes of it, where that is kept."""
    if family in THEMES and name == "receipt":
        return (FOLDER / f"mailgen/rendered/{family}.html").read_text(encoding="utf-8")
    return make_environment(html=True).from_string(source(family, name)).render(given(family, name))


@pytest.mark.parametrize("name", THEMES)
def test_a_theme_with_its_marks_as_jinja_says_what_its_author_s_program_makes_of_it(name: str) -> None:
    in_jinja = make_environment(html=True).from_string(theme(name)).render(given(name, "receipt"))
    assert difference(in_jinja, as_its_author_sees_it(name, "receipt")) == ""


@pytest.mark.parametrize("name", FOUNDATION)
def test_a_template_of_foundation_s_is_inlined_once(name: str) -> None:
    assert compiled(FOUNDATION[name]).inline_each == ""
    plain = not_inlined(library(FOUNDATION[name]), compiled(FOUNDATION[name]).links)
    assert difference(ours("foundation", name), inline(Renderer().render(plain, {}).html)) == ""


@pytest.mark.parametrize("family", THEMES)
def test_eleven_messages_in_a_theme_render_as_if_inlined_after(family: str) -> None:
    message, renderer = compiled(theme(family)), Renderer()
    plain = not_inlined(library(theme(family)), message.links)
    for name in MESSAGES:
        first = renderer.render(plain, given(family, name)).html
        assert difference(ours(family, name), inline(first)) == "", name


@pytest.mark.parametrize("family", THEMES)
def test_what_a_theme_does_that_cannot_be_inlined_once_is_named(family: str) -> None:
    reason = compiled(theme(family)).inline_each
    assert "customAlignment[column] %} in <th>" in reason or "product.logoHeight" in reason


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browsers.chromium() as it:
        yield it


def looks_the_same(chromium: Browser, family: str, name: str, width: int) -> None:
    """To the pixel, and every element in its place. For every picture there is one and the same."""
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.route("**/*", lambda route: route.fulfill(content_type="image/svg+xml", body=PICTURE))
    seen = []
    for html in (as_its_author_sees_it(family, name), ours(family, name)):
        page.set_content(html)
        seen.append((page.evaluate(WHERE), page.screenshot(full_page=True)))
    page.close()
    assert seen[0][0] == seen[1][0], f"{family} {name} at {width}: an element stands elsewhere"
    assert seen[0][1] == seen[1][1], f"{family} {name} at {width}: a pixel differs"


def test_some_of_them_look_the_same_to_the_pixel(chromium: Browser) -> None:
    for family, name, width in SOME:
        looks_the_same(chromium, family, name, width)


@pytest.mark.nightly
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize(("family", "name"), ALL)
def test_all_of_them_look_the_same_to_the_pixel(
    chromium: Browser, family: str, name: str, width: int
) -> None:
    looks_the_same(chromium, family, name, width)
