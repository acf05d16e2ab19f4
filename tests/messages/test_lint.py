"""What one look at a compiled message finds: size, images, styles, and whether one can unsubscribe."""

from __future__ import annotations

import re

import pytest

from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.messages.lint import CLIPPED_AT, can_be_left, is_clipped, lint

LAYOUT = """\
<!doctype html><html lang="en"><head><title>Shop</title><style>{styles}</style></head><body>
{{% block content %}}{{% endblock %}}<p><a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a></p></body></html>
"""


def message(body: str, styles: str = "", layout: str = "") -> Compiled:
    parts = {
        "m.html": f"subject: Hello\n\n{body}",
        "layouts/base.html": layout or LAYOUT.format(styles=styles),
    }
    return compile_template(Library(parts), "m")


def said(it: Compiled) -> list[str]:
    return [flaw.message for flaw in lint(it)]


def test_a_plain_message_has_nothing_wrong_with_it() -> None:
    it = message('<p style="color: red">Hello <img src="roses.jpg" alt="Roses"></p>', "p { margin: 0 auto }")
    assert said(it) == []


def test_an_image_without_alt_is_found_and_one_with_an_empty_alt_is_not() -> None:
    assert said(message('<img src="roses.jpg">')) == ["this image has no alt"]
    assert said(message('<img src="line.png" alt="">')) == []


def test_a_message_over_what_gmail_shows_tells_its_size() -> None:
    flaws = lint(message("<p>" + "ä" * 60_000 + "</p>"))
    assert [flaw.code for flaw in flaws] == ["clipped"]
    assert "118 KB" in flaws[0].message


def test_the_limit_is_that_of_bytes_and_not_of_letters() -> None:
    assert is_clipped("a" * CLIPPED_AT) == 0
    assert is_clipped("a" * CLIPPED_AT + "a") == CLIPPED_AT + 1
    assert is_clipped("ä" * (CLIPPED_AT // 2 + 1)) == CLIPPED_AT + 2


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("position: absolute; top: 0", "Gmail and Outlook for Windows drop position"),
        ("position: static", ""),
        ("float: left", "Outlook for Windows drops float"),
        ("float: none", ""),
        ("display: inline-flex", "Outlook for Windows drops display: flex"),
        ("display: GRID", "Gmail and Outlook for Windows drop display: grid"),
        ("display: block", ""),
        ("background: url(roses.jpg) no-repeat", "Outlook for Windows drops background-image"),
        ("background-image: url(roses.jpg); background-color: #fff", ""),
        ("background: #fff", ""),
        ("max-width: 600px", "Outlook for Windows drops max-width"),
        ("margin: 0 -4px", "Gmail and Outlook for Windows drop a margin below zero"),
        ("margin-top: -.5em", "Gmail and Outlook for Windows drop a margin below zero"),
        ("margin: 0 auto", ""),
        ("color: var(--brand)", "Gmail and Outlook for Windows drop var( )"),
        ("font-size: 1.2rem", "Outlook for Windows drops rem"),
        ("font-size: 1.2em", ""),
        ("width: calc(100% - 4px)", "Outlook for Windows drops calc( )"),
        ("transform: rotate(4deg)", "Gmail and Outlook for Windows drop transform"),
        ("transform: none", ""),
    ],
)
def test_styles_that_are_dropped_are_found_where_they_are_used(style: str, expected: str) -> None:
    assert said(message(f'<div style="{style}">x</div>')) == ([expected] if expected else [])
    assert said(message('<div class="it">x</div>', f".it {{ {style} }}")) == ([expected] if expected else [])


def test_a_rule_that_no_element_uses_and_one_for_small_screens_do_not_matter() -> None:
    styles = ".it { float: left } @media (max-width: 480px) { .b { display: flex } }"
    assert said(message('<div class="b">x</div>', styles)) == []


def test_what_outlook_is_told_in_another_way_is_not_complained_about() -> None:
    assert said(message('<table align="left" style="float: left"><tr><td>x</td></tr></table>')) == []
    assert said(message('<img src="a.png" alt="" width="80" style="max-width: 100%">')) == []
    ghost = '<!--[if mso]><table width="600"><tr><td><![endif]--><div style="max-width: 600px">x</div>'
    assert said(message(ghost + "<!--[if mso]></td></tr></table><![endif]-->")) == []
    for_others = '<!--[if !mso]><!--><div style="display: flex">x</div><!--<![endif]-->'
    assert said(message(for_others)) == []
    assert said(message(for_others + '<div style="display: flex">x</div>')) != []


def test_what_is_hidden_is_not_looked_at() -> None:
    assert said(message('<div style="display: none"><p style="float: left">x</p></div><p>y</p>')) == []


def test_styles_are_found_in_a_message_whose_styles_are_inlined_for_each_recipient() -> None:
    it = message(
        '<p class="{{ contact.kind }}">x</p><div class="it">y</div>', ".it { float: left } .a { color: red }"
    )
    assert it.inline_each
    assert said(it) == ["Outlook for Windows drops float"]


def test_style_sheets_in_the_body_imported_or_in_a_file_are_found() -> None:
    assert said(message("<style>p { color: red }</style><p>x</p>")) == [
        "Gmail and Outlook for Windows drop a <style> that stands in the body"
    ]
    assert said(message("<p>x</p>", "@import url(x.css); p { color: red }")) == ["Gmail drops @import"]
    linked = LAYOUT.format(styles="").replace("</head>", '<link rel="stylesheet" href="x.css"></head>')
    assert said(message("<p>x</p>", layout=linked)) == [
        "Gmail drops style sheets that stand in a file of their own"
    ]


def test_the_pattern_of_a_flaw_finds_its_place_in_the_source() -> None:
    body = '<p>x</p>\n<img\n src="a.png">\n<div style="Float : left">y</div>'
    places = [re.search(it.pattern, body, re.IGNORECASE) for it in lint(message(body))]
    assert [found[0] for found in places if found] == ['<img\n src="a.png">', "Float : left"]


def test_jinja_marks_do_not_lead_it_astray() -> None:
    body = '{% if orders.count < 3 %}<img src="{{ event.url }}" alt="{{ event.says }}">{% endif %}'
    assert said(message(body + '<td style="width: {{ event.wide }}px">x</td>')) == []


def test_a_message_can_be_left_when_both_parts_show_the_way() -> None:
    assert can_be_left(message("<p>x</p>"))
    html = "<html><body>{% block content %}{% endblock %}</body></html>"
    assert not can_be_left(message("<p>x</p>", layout=html))
    assert can_be_left(message('<a href="{{ preferences_url }}">Less of this</a>', layout=html))
