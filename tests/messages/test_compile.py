"""Compiling: what comes out, and what a person is told who made a mistake."""

from __future__ import annotations

import socket

import pytest

from nurture.clock import DAY
from nurture.errors import TemplateError
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.messages.needs import facts_needed

BASE = (
    "<!DOCTYPE html>\n<html><head><style>p { color: red }</style></head>"
    "<body>{% block content %}{% endblock %}"
    '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>'
)


def compiled(body: str, head: str = "subject: Hi", **parts: str) -> Compiled:
    named = {path.replace("__", "/") + ".html": text for path, text in parts.items()}
    return compile_template(Library({"m.md": f"{head}\n\n{body}", "layouts/base.html": BASE, **named}), "m")


def test_a_compiled_message_survives_json() -> None:
    message = compiled("[x](https://shop.example) {{ orders.count }} é", "subject: S\npreview: P")
    assert Compiled.from_json(message.to_json()) == message


def test_the_hash_follows_every_source_that_went_in() -> None:
    hashes = {
        compiled("a").hash,
        compiled("b").hash,
        compiled("a", "subject: Ho").hash,
        compiled("a", "subject: Hi\npreview: x").hash,
        compiled("a", "subject: Hi\nlayout: none").hash,
        compiled('{% include "p.html" %}', p="1").hash,
        compiled('{% include "p.html" %}', p="2").hash,
    }
    assert len(hashes) == 7
    assert compiled("a").hash == compiled("a", unused="x").hash


def test_links_are_numbered_but_not_those_that_must_stay() -> None:
    message = compiled(
        "[a](https://shop.example/?a=1&b=2) [b]({{ event.url }}) [c](mailto:x@y.z) [d](tel:+1)\n"
        "[e]({{ browser_url }}) "
        '[f](#top) <a data-untracked href="https://law.example">g</a> [h](HTTP://x.example)'
    )
    assert message.links == ("https://shop.example/?a=1&b=2", "{{ event.url }}", "HTTP://x.example")
    assert 'href="{{ _1 }}"' in message.html
    assert 'href="https://law.example"' in message.html and "data-untracked" not in message.html
    for address in ("mailto:x@y.z", "tel:+1", "#top", "{{ browser_url }}", "{{ unsubscribe_url }}"):
        assert f'href="{address}"' in message.html


def test_links_of_outlooks_own_buttons_are_tracked_too() -> None:
    message = compiled('<!--[if mso]><v:roundrect href="https://shop.example/o"></v:roundrect><![endif]-->')
    assert message.links == ("https://shop.example/o",)


def test_the_preheader_comes_first_and_the_pixel_last() -> None:
    html = compiled("Text", "subject: S\npreview: Look & {{ stage.name }}").html
    assert html.index("<body>") < html.index("Look &amp; {{ stage.name }}") < html.index("Text")
    assert (
        html.index("Text") < html.index("{{ _hidden }}") < html.index("{{ _pixel }}") < html.index("</body>")
    )


def test_a_message_without_a_layout_is_a_whole_page() -> None:
    html = compiled("Text", "subject: S\nlayout: none").html
    assert html.startswith("<!DOCTYPE html>") and html.rstrip().endswith("</html>")


def test_a_whole_page_needs_no_layout() -> None:
    library = Library(
        {"m.html": "subject: S\n\n<html><body><p>Own</p></body></html>", "layouts/base.html": BASE}
    )
    html = compile_template(library, "m").html
    assert "Unsubscribe" not in html and html.count("<body") == 1


def test_blocks_of_the_layout_can_be_filled_and_kept() -> None:
    layout = "<html><body>{% block top %}[old]{% endblock %}{% block content %}{% endblock %}</body></html>"
    body = "{% block top %}{{ super() }}[new]{% endblock %}\n\nText"
    html = compiled(body, "subject: S\nlayout: two", layouts__two=layout).html
    assert html.index("[old]") < html.index("[new]") < html.index("Text")


def test_layouts_can_extend_layouts() -> None:
    outer = "<html><body>{% block all %}{% endblock %}</body></html>"
    inner = (
        '{% extends "layouts/outer.html" %}{% set x = 1 %}'
        "{% block all %}<i>{{ x }}</i>{% block content %}{% endblock %}{% endblock %}"
    )
    html = compiled("Text", "subject: S\nlayout: inner", layouts__outer=outer, layouts__inner=inner).html
    assert "{% set x = 1 %}" in html and "<i>{{ x }}</i><p>Text</p>" in html


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("a\n{% if offer %}x", 4, "{% endif %} is missing"),
        ("{{ contact.email|shout }}", 3, 'no filter "shout"'),
        ("{{ contact.email|uper }}", 3, 'did you mean "upper"?'),
        ("{{ contact.email|attr('x') }}", 3, 'no filter "attr"'),
        ("{{ frist_name }}", 3, "no fact called"),
        ("{{ first_name }}", 3, 'did you mean "contact.first_name"?'),
        ("\n\n{{ order.count }}", 5, 'did you mean "orders"?'),
        ("{{ orders.cuont }}", 3, 'did you mean "count"?'),
        ('{{ orders.within("90 days").totl }}', 3, 'did you mean "total"?'),
        ('{{ orders.within("90 dyas").total }}', 3, 'did you mean "90 days"?'),
        ("{{ orders.within(contact.span).total }}", 3, "must be written out"),
        ("{{ line.orders.cnt }}", 3, 'did you mean "count"?'),
        ('{{ lines["FLORAL"].stge }}', 3, 'did you mean "stage"?'),
        ("{{ lines[contact.favourite].stage }}", 3, "must be written out"),
        ("{% for p in recommend(3) %}{{ p.nmae }}{% endfor %}", 3, 'did you mean "name"?'),
        ("{{ recommend(3)[0].nmae }}", 3, 'did you mean "name"?'),
        ("{{ contact.__class__ }}", 3, "cannot be asked for"),
        ("{{ _1 }}", 3, "cannot be used"),
        ("{{ self }}", 3, "no fact called"),
        ("{{ lipsum() }}", 3, "no fact called"),
        ("{% import 'p.html' as p %}", 3, "not possible"),
        ("{% include 'none.html' %}", 3, 'no file "none.html"'),
        ("{% include contact.email %}", 3, "must be written out"),
        ("{% frobnicate %}", 3, "no statement called 'frobnicate'"),
        ("{{ a b }}", 3, "braces"),
        ("{{ offer.code", 3, "braces"),
        ("{% if contact.tags is divisble by(3) %}{% endif %}", 3, 'no test "is divisble"'),
    ],
)
def test_a_mistake_is_shown_with_file_line_and_remedy(body: str, line: int, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(body)
    assert said in str(caught.value)
    assert caught.value.line == line
    assert f"m.md:{line}" in caught.value.where


def test_a_mistake_in_the_subject_or_a_layout_is_shown_there() -> None:
    with pytest.raises(TemplateError, match=r"m\.md:1: "):
        compiled("x", "subject: {{ contcat.email }}")
    with pytest.raises(TemplateError, match=r"layouts/two\.html:2: "):
        compiled("x", "subject: S\nlayout: two", layouts__two="<html>\n{{ nope }}</html>")


def test_files_that_include_each_other_are_refused() -> None:
    with pytest.raises(TemplateError, match="names itself"):
        compiled('{% include "a.html" %}', a='{% include "b.html" %}', b='{% include "a.html" %}')


def test_statements_that_cross_elements_are_refused_where_the_text_part_breaks() -> None:
    with pytest.raises(TemplateError, match="text part"):
        compiled('{% if offer %}<div style="display:none">{% endif %}</div>x')


def test_styles_that_nobody_can_read_do_no_harm() -> None:
    message = compiled("<style>p:not(.x { color: red } p ! q { color: red } i { color: blue }</style>\n\n_x_")
    assert "<em>x</em>" in message.html


def test_nothing_is_fetched_for_a_style_sheet() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        compiled(
            f"<style>@import url(http://127.0.0.1:{port}/x.css); p {{ color: red }}</style>"
            f'<link rel="stylesheet" href="http://127.0.0.1:{port}/y.css">x'
        )
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_facts_a_message_names_are_known() -> None:
    message = compiled(
        '{{ orders.count }} {{ orders.within("90 days").total }} {{ offer.code }} {{ event.sku }}'
        "{{ line.orders.count }}"
        '{{ lines["FLORAL"].stage }} {{ engagement.within("2 weeks").clicks }}'
        "{{ stage.name }} {{ sender.name }}"
        "{% for p in recommend(3) %}{{ p.name }}{% endfor %}{% set o = offer %}{{ contact.tier }} {{ now }}",
        "subject: {{ contact.first_name }}",
    )
    assert message.needs == {
        "contact.first_name",
        "contact.tier",
        "orders.count",
        "orders.within(90 days).total",
        "offer",
        "offer.code",
        "event.sku",
        "line.orders.count",
        "lines.FLORAL.stage",
        "engagement.within(2 weeks).clicks",
        "stage.name",
        "recommend",
    }
    needs = facts_needed(message)
    assert (
        needs.orders
        and needs.offer
        and needs.entry
        and needs.line_orders
        and needs.engagement
        and needs.stage
    )
    assert (needs.order_window, needs.engagement_window, needs.lines) == (
        90 * DAY,
        14 * DAY,
        frozenset({"FLORAL"}),
    )
    assert not needs.gaps and not needs.skus and not needs.messages
