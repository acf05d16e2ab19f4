"""Inlining once, then rendering, must give what rendering and then inlining gives: construct by construct."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.inlining import inline
from nurture.messages.library import Library
from nurture.messages.lint import lint
from nurture.messages.proof import difference
from nurture.messages.render import Renderer
from support.rendered_first import not_inlined

STYLE = """<style>
p { margin: 0 0 8px; color: #333 } .red { color: red } .blue { color: blue } #one { color: green }
td { padding: 4px; background-color: #eee } a { color: navy !important } .card p { font-weight: bold }
tr.odd td { background-color: #fff } ul > li { margin-left: 4px }
a:hover { color: black } [align="right"] { color: gray } :root { color-scheme: light dark }
@media (max-width: 600px) { td { display: block !important } } @font-face { font-family: X; src: url(x.woff) }
</style>"""

_CONSTRUCTS = tomllib.loads((Path(__file__).parent / "constructs.toml").read_text(encoding="utf-8"))
ONCE: dict[str, str] = _CONSTRUCTS["once"]
EACH: dict[str, list[str]] = _CONSTRUCTS["each"]

PARTS = {
    "layouts/base.html": (
        "<!DOCTYPE html>\n<html lang='en'><head><title>{{ stage.name }}</title>" + STYLE + "</head><body>"
        "<div>{% block content %}{% endblock %}</div>"
        "<div class='card'>{% block more %}<p>more</p>{% endblock %}</div>"
        "</body></html>"
    ),
    "parts/card.html": (
        '<div class="card"><p>{{ stage.name }}</p>{% if offer %}<p>{{ offer.code }}</p>{% endif %}</div>'
    ),
    "parts/item.html": "<p>{{ p.name }}</p>",
    "parts/nest.html": '<div class="card">{% include "parts/card.html" %}</div>',
    "layouts/inner.html": (
        '{% extends "layouts/base.html" %}{% block content %}'
        '<div class="red">{% block inner %}{% endblock %}</div>{% endblock %}'
    ),
    "parts/macros.html": (
        '{% macro button(url, text) %}<a class="red" href="{{ url }}">{{ text }}</a>{% endmacro %}'
    ),
}


def facts(no: int) -> dict[str, Any]:
    """Plain values of three very different contacts."""
    some = no > 0
    things = [
        {
            "name": f"Thing & {i}",
            "url": f"https://shop.example/{i}?a=1&b=2",
            "image_url": f"https://i/{i}.png",
        }
        for i in range(4 if some else 0)
    ]
    return {
        "contact": {
            "first_name": "Ann <b> \"q\" 'a' &amp; {{ x }} {% if %}" if some else "",
            "email": "ann@example.test",
            "colour": ("red", "blue", "green")[no],
            "part": "one",
            "size": "2",
            "look": "color:red",
            "html": "<p class='red'>own</p>",
            "side": "right",
            "country": "DE",
            "banner": "https://i/b.png",
            "font": "Lato",
        },
        "orders": {"count": no * 2, "total": 12.5},
        "stage": {"name": "prospect/awareness" if some else "a"},
        "offer": {"code": "X1", "says": "15%"} if no == 2 else {},
        "recommend": lambda n: things[:n],
        "browser_url": "https://m.example/v/x",
    }


def library(body: str) -> Library:
    return Library({**PARTS, "m.html": f"subject: S\npreview: P {{{{ stage.name }}}}\n\n{body}"})


def compiled(body: str) -> Compiled:
    return compile_template(library(body), "m")


def looks_as_if_inlined_after(message: Compiled, body: str) -> None:
    plain, renderer = not_inlined(library(body), message.links), Renderer()
    for no in range(3):
        ours, first = (renderer.render(it, facts(no)).html for it in (message, plain))
        assert difference(ours, inline(first)) == ""


@pytest.mark.parametrize("construct", ONCE)
def test_a_construct_is_inlined_once_and_renders_as_if_inlined_after(construct: str) -> None:
    message = compiled(ONCE[construct])
    assert message.inline_each == ""
    looks_as_if_inlined_after(message, ONCE[construct])


@pytest.mark.parametrize("construct", EACH)
def test_a_construct_that_cannot_be_inlined_once_is_named_and_inlined_each_time(construct: str) -> None:
    body, named = EACH[construct]
    message = compiled(body)
    assert named in message.inline_each
    flaw = next(it for it in lint(message) if it.code == "inlined-each")
    assert message.inline_each.rstrip(".") in flaw.message
    assert not flaw.pattern or re.search(flaw.pattern, body)
    looks_as_if_inlined_after(message, body)


@pytest.mark.parametrize(
    ("styles", "inside"),
    [
        ("", '<p {% if offer.code %}style="color: red"{% endif %}>x</p>'),
        ("<style>b + p { color: red }</style>", "{% if offer.code %}<b>b</b>{% endif %}<p>x</p>"),
    ],
)
def test_a_condition_that_is_asked_behind_three_others_is_found_too(styles: str, inside: str) -> None:
    for question in ("contact.first_name", "orders.count > 1", "contact.country == 'DE'"):
        inside = f"{{% if {question} %}}{inside}{{% endif %}}"
    assert compiled(styles + inside).inline_each


PIECES = st.recursive(
    st.sampled_from(
        [
            "{{ contact.first_name }}",
            '<p class="red">{{ stage.name }}</p>',
            '<p {% if offer %}title="x"{% endif %} style="width:{{ orders.count }}%">y</p>',
            "<b>b</b>",
            "{# <p> #}",
            '{% include "parts/card.html" %}',
            "<!--[if mso]><p>{{ stage.name }}</p><![endif]-->",
            "<style>b + p, li:last-child { color: blue }</style>",
        ]
    ),
    lambda inner: st.builds(
        lambda around, within: around.replace("…", "".join(within)),
        st.sampled_from(
            [
                "{% if offer %}…{% endif %}",
                "{% if orders.count > 1 %}…{% else %}<i>…</i>{% endif %}",
                "{% for p in recommend(2) %}…{% endfor %}",
                "<ul>{% for p in recommend(3) %}<li>…</li>{% endfor %}</ul>",
                "<table><tr>{% if offer %}<td>…</td>{% endif %}<td>…</td></tr></table>",
                '<div class="card">…</div>',
                "{% filter upper %}…{% endfilter %}",
            ]
        ),
        st.lists(inner, min_size=1, max_size=2),
    ),
    max_leaves=6,
)


@settings(max_examples=8)
@given(st.lists(PIECES, min_size=1, max_size=3))
def test_constructs_within_constructs_render_as_if_inlined_after(pieces: list[str]) -> None:
    body = "".join(pieces)
    looks_as_if_inlined_after(compiled(body), body)


@pytest.mark.nightly
@settings(max_examples=1_000)
@given(st.lists(PIECES, min_size=1, max_size=4))
def test_a_thousand_of_them_render_as_if_inlined_after(pieces: list[str]) -> None:
    body = "".join(pieces)
    looks_as_if_inlined_after(compiled(body), body)
