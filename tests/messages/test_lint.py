"""What one look at a compiled message finds: size, images, styles, and whether one can unsubscribe."""

from __future__ import annotations

import re

import pytest

from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.messages.lint import CLIENTS, CLIPPED_AT, can_be_left, is_clipped, lint, says_where_from
from nurture.messages.lint.clients import dropping
from nurture.messages.lint.features import ELEMENTS, RULES, STYLES
from nurture.settings.check import CLIENTS as SETTINGS_CLIENTS
from nurture.settings.check import USUAL

WORDS = "<p>Everything that a person wants to know before they press a button stands here in words. </p>" * 6

LAYOUT = """\
<!doctype html><html lang="en"><head><title>Shop</title><style>{styles}</style></head><body>
{{% block content %}}{{% endblock %}}<p><a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a></p></body></html>
"""


def message(body: str, styles: str = "", layout: str = "") -> Compiled:
    parts = {
        "m.html": f"subject: Hello\n\n{body}{WORDS}",
        "layouts/base.html": layout or LAYOUT.format(styles=styles),
    }
    return compile_template(Library(parts), "m")


def said(it: Compiled) -> list[str]:
    return [flaw.message for flaw in lint(it)]


def test_a_plain_message_has_nothing_wrong_with_it() -> None:
    it = message(
        '<p style="color: red">Hello <img src="roses.jpg" alt="Roses" width="280"></p>',
        "p { margin: 0 auto }",
    )
    assert said(it) == []


def test_an_image_without_alt_is_found_and_one_with_an_empty_alt_is_not() -> None:
    assert said(message('<img src="roses.jpg" width="280">')) == ["this image has no alt"]
    assert said(message('<img src="line.png" alt="" style="width: 100%">')) == []


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
        ("position: absolute; top: 0", "Gmail, Outlook for Windows and Outlook on phones drop position"),
        ("position: static", ""),
        ("float: left", "Outlook for Windows drops float"),
        ("float: none", ""),
        ("display: inline-flex", "Outlook for Windows drops display: flex"),
        ("display: GRID", "Outlook for Windows drops display: grid"),
        ("display: block", ""),
        ("background: url(roses.jpg) no-repeat", "Outlook for Windows drops background-image"),
        ("background-image: url(roses.jpg); background-color: #fff", ""),
        ("background: #fff", ""),
        ("max-width: 600px", "Outlook for Windows drops max-width"),
        ("margin: 0 -4px", "Gmail, Outlook and Yahoo drop a margin below zero"),
        ("margin-top: -.5em", "Gmail, Outlook and Yahoo drop a margin below zero"),
        ("margin: 0 auto", ""),
        ("color: var(--brand)", "Gmail, Outlook and Yahoo drop var( )"),
        ("font-size: 1.2rem", "Outlook for Windows and Yahoo drop rem"),
        ("font-size: 1.2em", ""),
        ("width: calc(100% - 4px)", "Outlook and Yahoo drop calc( )"),
        ("transform: rotate(4deg)", "Gmail, Outlook and Yahoo drop transform"),
        ("transform: none", ""),
        ("visibility: hidden", "Gmail and Outlook for Windows drop visibility: hidden"),
        ("opacity: 0", "Outlook for Windows drops opacity: 0"),
        ("opacity: 0.4", ""),
        ("background: linear-gradient(#fff, #eee)", "Outlook and Yahoo drop linear-gradient( )"),
        ("background: linear-gradient(#fff, #eee); background-color: #fff", ""),
        ("width: 50vw", "Outlook for Windows drops vw"),
        ("font-size: clamp(12px, 4%, 20px)", "Outlook and Yahoo drop clamp( )"),
        ("color: oklch(50% 0.1 120)", "Gmail, Outlook and Yahoo drop lch( ) and lab( )"),
        ("border-radius: 6px; box-shadow: 0 1px 2px #000; transition: all 1s", ""),
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
    assert [it.code for it in lint(it)] == ["inlined-each", "css-dropped"]
    assert said(it)[1] == "Outlook for Windows drops float"


def test_style_sheets_in_the_body_imported_or_in_a_file_are_found() -> None:
    assert said(message("<style>p { color: red }</style><p>x</p>")) == [
        "Gmail and Outlook for Windows drop a <style> that stands in the body"
    ]
    assert said(message("<p>x</p>", "@import url(x.css); p { color: red }")) == [
        "Gmail, Outlook for Mac, Outlook.com, Outlook on phones and Yahoo drop @import"
    ]
    linked = LAYOUT.format(styles="").replace("</head>", '<link rel="stylesheet" href="x.css"></head>')
    assert said(message("<p>x</p>", layout=linked)) == [
        "Gmail, Outlook for Mac, Outlook.com, Outlook on phones and Yahoo drop style sheets that stand in a file "
        "of their own"
    ]


def test_the_pattern_of_a_flaw_finds_its_place_in_the_source() -> None:
    body = '<p>x</p>\n<img\n src="a.png" width="8">\n<div style="Float : left">y</div>'
    places = [re.search(it.pattern, body, re.IGNORECASE) for it in lint(message(body))]
    assert [found[0] for found in places if found] == ['<img\n src="a.png" width="8">', "Float : left"]


def test_jinja_marks_do_not_lead_it_astray() -> None:
    body = '{% if orders.count < 3 %}<img src="{{ event.url }}" alt="{{ event.says }}" width="80">{% endif %}'
    assert said(message(body + '<td style="width: {{ event.wide }}px">x</td>')) == []


def test_a_message_can_be_left_when_both_parts_show_the_way() -> None:
    assert can_be_left(message("<p>x</p>"))
    html = "<html><body>{% block content %}{% endblock %}</body></html>"
    assert not can_be_left(message("<p>x</p>", layout=html))
    assert can_be_left(message('<a href="{{ preferences_url }}">Less of this</a>', layout=html))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "<video src='https://a.example/v.mp4'></video>",
            "Gmail, Outlook for Windows, Outlook.com, Outlook on phones",
        ),
        (
            "<form action='https://a.example'><input name='a'></form>",
            "Outlook for Windows and Yahoo drop forms",
        ),
        ("<svg width='8' height='8'></svg>", "Gmail, Outlook and Yahoo drop <svg>"),
        ("<a href='#there'>down</a>", "Gmail and Yahoo drop links within the message"),
        ("<img alt='' width='8' src='https://a.example/logo.svg?v=2'>", "Gmail drops SVG images"),
        ("<img alt='' width='8' src='https://a.example/svg.png'>", ""),
        (
            "<img alt='' width='8' src='data:image/png;base64,AA'>",
            "Gmail drops images written into the message",
        ),
        ("<img alt='' width='8' src='https://a.example/a.webp'>", "Outlook for Windows drops WebP images"),
        ("<!--[if !mso]><!--><img alt='' width='8' src='https://a.example/a.webp'><!--<![endif]-->", ""),
        ("<picture><img alt='' width='8' src='https://a.example/a.png'></picture>", ""),
    ],
)
def test_elements_and_images_that_are_dropped_are_found(body: str, expected: str) -> None:
    found = said(message(body))
    assert [it for it in found if expected and it.startswith(expected)] or not expected
    assert found or not expected
    assert not found or expected


def test_rules_that_stay_in_a_style_sheet_are_found_where_they_matter() -> None:
    assert said(message("<p>x</p>", "p::before { content: 'New: ' }")) == [
        "Gmail, Outlook for Windows, Outlook on phones and Yahoo drop text made by ::before and ::after"
    ]
    assert said(message("<p>x</p>", "p::before { content: '' } a:hover { color: red }")) == []
    assert said(message("<p>x</p>", "@media (max-width: 480px) { p { font-size: 20px } }")) == []


def test_only_the_programs_that_count_are_spoken_of() -> None:
    it = message('<div style="display: flex">x</div>')
    assert lint(it, ("gmail", "apple-mail", "yahoo")) == ()
    assert [flaw.message for flaw in lint(it, ("gmx",))] == ["GMX drops display: flex"]
    assert lint(it, ()) == ()


def test_each_feature_and_each_program_stands_in_the_list_of_caniemail() -> None:
    everybody = tuple(CLIENTS)
    for feature in (*STYLES, *ELEMENTS, *RULES):
        assert dropping(feature.feature, everybody, partly=True), feature.feature
    for name in CLIENTS:
        assert any(dropping(it.feature, (name,), partly=True) for it in (*STYLES, *ELEMENTS, *RULES)), name


def test_the_settings_know_the_same_programs() -> None:
    assert tuple(CLIENTS) == SETTINGS_CLIENTS
    assert set(USUAL) < set(CLIENTS)


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://shop.example/a?b=1#c", ""),
        ("https://shop.example/{{ contact.first_name }}", ""),
        ("{{ event.url }}", ""),
        ("mailto:help@shop.example", ""),
        ("tel:+49301234", ""),
        ("{{ unsubscribe_url }}", ""),
        ("http://127.0.0.1:8025/a", ""),
        ("http://shop.example/a", "http-link"),
        ("https://shop.example/a b", "bad-link"),
        ("https:///a", "bad-link"),
        ("https://shop", "bad-link"),
        ("https://shop..example/a", "bad-link"),
        ("https://[shop/a", "bad-link"),
        ("https://203.0.113.7/a", "bad-link"),
        ("https://bank.example@shop.example/", "bad-link"),
        ("www.shop.example/a", "bad-link"),
        ("/a", "bad-link"),
        ("", "bad-link"),
        ("#", "bad-link"),
        ("javascript:alert(1)", "bad-link"),
        ("https://bit.ly/3xYz", "short-link"),
        ("https://{{ event.shop }}.example/a", ""),
    ],
)
def test_links_that_lead_nowhere_or_hide_where_are_found(href: str, expected: str) -> None:
    flaws = lint(message(f'<a href="{href}">x</a>'))
    assert [it.code for it in flaws] == ([expected] if expected else [])
    assert all(re.search(it.pattern, f'<a href="{href}">x</a>') for it in flaws)


def test_an_image_without_a_width_and_a_message_of_little_else_are_found() -> None:
    assert said(message('<img src="https://a.example/roses.jpg" alt="Roses">')) == [
        "this image has no width: Outlook for Windows shows it as large as its file is"
    ]
    html = "<html><body>{% block content %}{% endblock %}</body></html>"
    few = "subject: Hello\n\n<p>Summer sale</p><img src='https://a.example/all.png' alt='Sale' width='600'>"
    it = compile_template(Library({"m.html": few, "layouts/base.html": html}), "m")
    assert [flaw.code for flaw in lint(it)] == ["mostly-images"]
    logo = few.replace("600", "120")
    assert lint(compile_template(Library({"m.html": logo, "layouts/base.html": html}), "m")) == ()


def test_the_postal_address_counts_as_a_value_and_written_out() -> None:
    address = "Corner Shop, 1 Main Street, 10115 Berlin"
    assert not says_where_from(message("<p>x</p>"), address)
    assert says_where_from(message("<p>{{ sender.address }}</p>"), address)
    assert says_where_from(message("<p>Come to 1 Main  Street,\n10115 Berlin</p>"), address)
