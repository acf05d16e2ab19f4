"""Macros below macros/ are there in every message, and mistakes in their calls are told where they stand."""

from __future__ import annotations

import pytest

from nurture.errors import TemplateError
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.fingerprint import files_of
from nurture.messages.library import Library
from nurture.messages.render import Renderer

PARTS = {
    "layouts/base.html": (
        "<html><head><style>.box a.b { color: red } p { margin: 0 }</style></head>"
        "<body><div class='box'>{% block content %}{% endblock %}</div>{{ sign() }}</body></html>"
    ),
    "macros/a.html": (
        '{# what is asked for #}\n{% macro button(says, url, kind="b") %}'
        '<a class="{{ kind }}" href="{{ url }}">{{ says }}</a>{% endmacro %}\n'
        "{% macro card(product) %}<p>{{ product.name }}</p>{{ button('Look', product.url) }}{% endmacro %}"
    ),
    "macros/b.html": (
        "{% macro sign(name='') %}<p>{{ name or sender.name }}</p>{% endmacro %}"
        "{% macro coupon(offer) %}{% if offer %}<p>{{ offer.says }}</p>{% endif %}{% endmacro %}"
        "{% macro never() %}{{ contact.shoe_size }}{% endmacro %}"
        '{% macro part() %}{% include "parts/p.html" %}{% endmacro %}'
    ),
    "parts/p.html": "<b>{{ stage.name }}</b>",
}


def compiled(body: str, ending: str = "md", **parts: str) -> Compiled:
    return compile_template(Library({**PARTS, **parts, f"m.{ending}": f"subject: x\n\n{body}"}), "m")


def test_a_macro_stands_alone_or_within_a_paragraph_of_markdown() -> None:
    it = compiled(
        '{{ button("One", "https://s.example/1") }}\n\nGo {{ button("two", "https://s.example/2") }} *now*\n'
    )
    link = '<a class="b" href="{{{{ _{0} }}}}" style="color:red">{1}</a>'
    assert f'<div class="box">{link.format(1, "One")}\n<p' in it.html
    assert f'<p style="margin:0">Go {link.format(2, "two")} <em>now</em></p>' in it.html
    assert it.links == ("https://s.example/1", "https://s.example/2") and not it.inline_each
    assert "{% macro" not in it.html and "One ({{ _1 }})" in it.text


def test_a_loop_in_a_macro_has_links_of_its_own_turns() -> None:
    it = compiled("{% for product in recommend(2) %}{{ card(product) }}{% endfor %}", "html")
    products = [{"name": f"P{no}", "url": f"https://s.example/{no}"} for no in (1, 2)]
    values = {"recommend": lambda count: products, "sender": {"name": "Shop"}}
    assert [Renderer().resolve_link(it, 1 + 256 * turn, values) for turn in (0, 1)] == [
        "https://s.example/1",
        "https://s.example/2",
    ]


def test_only_what_is_called_is_needed() -> None:
    assert compiled("{{ coupon(offer) }}{{ part() }}").needs == {"offer", "stage.name"}
    files = files_of(Library({**PARTS, "m.md": "subject: x\n\n{{ card(1) }}"}), "m")
    assert files[0] == "m.md"
    assert set(files[1:]) == {"layouts/base.html", "macros/a.html", "macros/b.html", "parts/p.html"}


def test_a_message_may_have_a_macro_of_the_same_name() -> None:
    it = compiled("{% macro sign() %}<i>mine</i>{% endmacro %}{{ sign() }}", "html")
    assert it.html.count("<i>mine</i>") == 2 and "sender" not in it.html


@pytest.mark.parametrize(
    ("body", "where", "message", "remedy"),
    [
        ('a\n\n{{ buton("x", "y") }}', "m.md:5", 'there is no fact called "buton"', 'did you mean "button"?'),
        (
            '{{ button("x") }}',
            "m.md:3",
            '"button" is called without its "url"',
            "It is called as button(says, url, kind=…).",
        ),
        (
            '{{ button("x", "y", sort="z") }}',
            "m.md:3",
            '"button" knows no "sort"',
            "It is called as button(says, url, kind=…).",
        ),
        (
            "{{ button(1, 2, 3, 4) }}",
            "m.md:3",
            '"button" takes 3 values, and here are 4',
            "It is called as button(says, url, kind=…).",
        ),
        ("{{ never() }}{{ lost }}", "m.md:3", 'there is no fact called "lost"', ""),
    ],
)
def test_a_wrong_call_is_told_with_its_line(body: str, where: str, message: str, remedy: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(body)
    assert caught.value.message == message and caught.value.where == where
    assert caught.value.remedy.startswith(remedy)


def test_a_mistake_in_a_macro_is_told_where_the_macro_stands() -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(
            "{{ odd() }}", **{"macros/c.html": "\n\n{% macro odd() %}{{ contact.a|nothing }}{% endmacro %}"}
        )
    assert caught.value.where == "macros/c.html:3"


def test_one_name_in_two_files_is_a_mistake_of_whoever_calls_it() -> None:
    twice = {"macros/c.html": "{% macro coupon(x) %}{% endmacro %}"}
    compiled("nothing", **twice)
    with pytest.raises(
        TemplateError, match=r'the macro "coupon" stands in macros/b\.html and in macros/c\.html'
    ):
        compiled("{{ coupon(offer) }}", **twice)


def test_a_macro_that_cannot_be_written_out_prints_the_same_and_is_inlined_each_time() -> None:
    again = (
        "{% macro again(n) %}<a class='b'>{{ n }}</a>{% if n %}{{ again(n - 1) }}{% endif %}{% endmacro %}"
    )
    it = compiled("{{ again(2) }}", "html", **{"macros/c.html": again})
    html = Renderer().render(it, {"sender": {"name": "Shop"}}).html
    assert it.inline_each
    assert [html.count(f'<a class="b" style="color:red">{n}</a>') for n in (0, 1, 2)] == [1, 1, 1]
