"""Styles are written into elements so that the message looks as before: the cascade of CSS, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from playwright.sync_api import Page, sync_playwright

from nurture.errors import TemplateError
from nurture.messages.inlining import inline
from support.lacking import lacking

CHROMIUM = Path("/usr/bin/chromium")


def page(styles: str, body: str, head: str = "") -> str:
    return f"<html><head><style>{styles}</style>{head}</head><body>{body}</body></html>"


def style(styles: str, element: str, around: str = "…") -> str:
    """The style of the element with `id=it`, once it is inlined."""
    body = around.replace("…", element.replace("<p", "<p id=it", 1).replace("<td", "<td id=it", 1))
    found = html.fromstring(inline(page(styles, body))).get_element_by_id("it").get("style")
    return found or ""


@pytest.mark.parametrize(
    ("styles", "element", "expected"),
    [
        ("p { color: red } p { color: blue }", "<p>", "color:blue"),
        (".a { color: red } p { color: blue }", "<p class=a>", "color:red"),
        ("#it { color: red } p.a.b.c { color: blue }", "<p class='a b c'>", "color:red"),
        ('[title="x"] { color: red } p { color: blue }', "<p title=x>", "color:red"),
        ("p[title$='.a.b.c'] { color: red } .a.b { color: blue }", "<p title=x.a.b.c class='a b'>", "color:blue"),
        ("p { padding: 5px } p { padding-top: 1px } p { padding: 0 }", "<p>", "padding:0"),
        ("p { padding-top: 1px } .a { padding: 0 }", "<p class=a>", "padding:0"),
        (".a { padding-top: 1px } p { padding: 0 }", "<p class=a>", "padding:0; padding-top:1px"),
        (".a { border: 0 } p { border-top: 1px solid red }", "<p class=a>", "border-top:1px solid red; border:0"),
        ("p { color: red !important } .a { color: blue }", "<p class=a>", "color:red"),
        ("p { color: red !important }", "<p style='color: blue'>", "color: blue; color:red"),
        ("p { color: red !important }", "<p style='color: blue !important'>", "color: blue !important; color:red"),
        ("p { color: red }", "<p style='COLOR : blue;;'>", "color:red; COLOR : blue"),
        ("p { background: #eee; background: linear-gradient(red, blue) }", "<p>",
         "background:#eee; background:linear-gradient(red, blue)"),
        ("p:not(.a) { color: red }", "<p class=b>", "color:red"),
        ("p:not(.a) { color: red }", "<p class=a>", ""),
        ("p:first-child { color: red }", "<p>", "color:red"),
        ("p:hover { color: red } p::before { color: red } p:visited { color: red }", "<p>", ""),
        ("* { color: red } p { margin: 0 }", "<p>", "margin:0"),
        ("div * { color: red } p { color: blue }", "<p>", "color:blue"),
        (".c * { color: red } p { color: blue }", "<p>", "color:red"),
        ("@media screen { p { color: red } }", "<p>", ""),
        ("P { color: red }", "<p>", "color:red"),
    ],
)  # fmt: skip
def test_the_stronger_rule_holds(styles: str, element: str, expected: str) -> None:
    assert style(styles, element, '<div class="c">…</div>') == expected


def test_a_media_query_still_overrides_what_is_important_in_the_sheet() -> None:
    made = inline(
        page("p { width: 9px !important } @media print { p { width: 1px !important } }", "<p>x</p>")
    )
    assert '<p style="width:9px">' in made
    assert "width: 9px !important" in made and "width: 1px !important" in made


def test_no_table_floats_for_its_text_stands_left() -> None:
    made = inline(page("table { text-align: left; width: 100%; background-color: #abc }", "<table></table>"))
    assert "align=" not in made.replace("text-align", "") and 'width="' not in made
    assert 'bgcolor="#aabbcc"' in made


def test_sheets_for_other_media_and_those_marked_stay_as_they_are() -> None:
    head = (
        '<style media="print">p { color: red }</style>'
        '<style data-premailer="ignore">p { color: red }</style>'
        '<style media=" Screen ">p { margin: 0 }</style>'
    )
    made = inline(page("", "<p>x</p>", head))
    assert '<p style="margin:0">' in made
    assert made.count("color: red") == 2 and "data-premailer" not in made


def test_a_later_sheet_is_stronger_than_an_earlier_one() -> None:
    assert '<p style="color:blue">' in inline(
        page(
            "i { color: red } b { color: red } p { color: red }",
            "<p>x</p>",
            "<style>p { color: blue }</style>",
        )
    )


def test_what_is_no_page_is_refused() -> None:
    with pytest.raises(TemplateError, match="no <html>"):
        inline("<style>p { color: red }</style><p>x</p>")


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    if not CHROMIUM.exists():
        lacking(f"no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        it = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield it.new_page(viewport={"width": 500, "height": 500})
        it.close()


BODY = (
    '<div class="a"><p class="b" style="color: gray">1<b>2</b></p><p>3</p><table class="a b"><tr><td>4</td>'
    '<td align="right" class="c" style="padding: 1px">5</td></tr><tr><td>6</td></tr></table></div>'
)
SELECTORS = [
    "p", "td", "b", ".a", ".b", "div p", ".a > .b", "p + p", "*", ".a *", "td:first-child", "tr:nth-child(2) td",
    "p:not(.b)", "[align]", "td[align=right]", "table.a.b td", "tr td.c", "div, td", "td:last-child.c",
]  # fmt: skip
DECLARATIONS = [
    "color: red", "color: blue !important", "padding: 3px", "padding-left: 7px", "padding: 2px !important",
    "margin: 4px 2px", "margin-top: 9px !important", "font: 10px serif", "font-size: 17px", "border: 1px solid",
    "border-top: 3px solid red", "background: #eee", "background-color: #abc", "text-align: left", "width: 50%",
    "font-weight: normal", "line-height: 2", "border-left-width: 5px !important", "vertical-align: top",
]  # fmt: skip
RULES = st.lists(
    st.tuples(
        st.sampled_from(SELECTORS),
        st.lists(st.sampled_from(DECLARATIONS), min_size=1, max_size=3),
        st.booleans(),
    ),
    max_size=8,
)
COMPUTED = """() => [...document.querySelectorAll('body *')].map((it) => {
  const style = getComputedStyle(it);
  return [it.tagName, ...[...style].map((name) => name + ': ' + style.getPropertyValue(name))];
})"""


def sheet(rules: list[tuple[str, list[str], bool]]) -> str:
    plain = (f"{selector} {{ {'; '.join(sets)} }}" for selector, sets, _ in rules)
    media = [
        f"{selector} {{ {sets[0]} !important }}"
        for selector, sets, phone in rules
        if phone and "!" not in sets[0]
    ]
    return " ".join([*plain, "@media (max-width: 600px) {", *media, "}"])


@pytest.mark.nightly
@settings(max_examples=150)
@given(RULES)
def test_a_browser_sees_every_element_as_before(
    browser: Page, rules: list[tuple[str, list[str], bool]]
) -> None:
    before = "<!doctype html>" + page(sheet(rules), BODY)
    browser.set_content(before)
    seen = browser.evaluate(COMPUTED)
    browser.set_content(inline(before))
    assert browser.evaluate(COMPUTED) == seen
