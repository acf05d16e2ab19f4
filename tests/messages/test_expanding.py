"""A macro that is written out prints what Jinja prints for the call of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.messages.environment import make_environment
from nurture.messages.expanding import expand
from nurture.messages.macros import read_macros
from nurture.messages.segments import join, split

MACROS = """
{% macro button(says, url, kind="plain") %}<a class="b {{ kind }}" href="{{ url }}">{{ says|upper }}</a>{% endmacro %}
{% macro maybe(text, other=none) -%}
{% if text %}<p>{{ text }}</p>{% elif other %}<i>{{ other }}</i>{% else %}-{% endif %}{% endmacro %}
{% macro row(item) %}{% set name = item.name %}<td>{{ name }}{{ button(name, item.url) }}</td>{% endmacro %}
{% macro rows(items, first=1) -%}
{% for item in items %}{{ loop.index + first }}{{ row(item) }}{% else %}none{% endfor %}{% endmacro %}
{% macro box(title="") %}<div>{{ title }}{{ caller() }}</div>{% endmacro %}
{% macro shadow(offer) %}{{ offer.says if offer else "no offer" }}{% endmacro %}
{% macro down(n) %}{{ n }}{% if n > 0 %}{{ down(n - 1) }}{% endif %}{% endmacro %}
{% macro many() %}{{ varargs|join("+") }}{% endmacro %}
{% macro sum(a, b, c) %}{{ a }}{{ b * 2 }}{{ (c or a)|string if false else c }}{% endmacro %}
{% macro facts() %}{{ contact.first_name }} of {{ stage }}{% endmacro %}
{% macro quoted(text) %}<q title="{{ text }}">{{ text|replace("a", "b") }}</q>{% endmacro %}
{% macro twice() %}{{ caller() }}|{{ caller() }}{% endmacro %}
{% macro rebound(text) %}{% set text = text ~ "!" %}{{ text }}{% endmacro %}
"""
KNOWN = {macro.name: macro for macro in read_macros(split(MACROS))}
CALLS = st.sampled_from(
    [
        '{{ button("Go & see", "https://shop.example/?a=1&b=2") }}',
        "{{ button(contact.first_name, url=offer.url, kind=stage) }}",
        '{{ button(url="x" ~ stage, says="é <b>" ~ contact.first_name) }}',
        "{{ maybe(offer and offer.says) }}",
        '{{ maybe("") }}{{ maybe("", "x" if stage else "y") }}',
        "{{ maybe(contact.first_name == 'Ann' or stage == 'b') }}",
        "{{ rows(goods) }}",
        "{{ rows(goods[:1], first=stage|length) }}",
        "{% for item in goods %}{{ row(item) }}{{ button(item.name, item.url) }}{{ loop.index }}{% endfor %}",
        "{% for name in goods %}{{ row(name) }}{{ maybe(name.name) }}{% endfor %}",
        "{% call box('T & t') %}<p>{{ contact.first_name }}</p>{% endcall %}",
        "{% call box() %}{% call box(stage) %}x{{ button('a', 'b') }}{% endcall %}{% endcall %}",
        "{% set x = 1 %}{% call twice() %}{% set x = 2 %}{{ x }}{% endcall %}{{ x }}",
        "{{ shadow(offer) }}{{ shadow(none) }}",
        "{{ down(3) }}",
        "{{ many(1, 2, stage) }}",
        "{{ sum(1, 2, 3) }}{{ sum(c=stage, b=4, a=contact.first_name) }}",
        "{{ facts() }}",
        "{{ quoted('a\"b') }}{{ quoted(contact.first_name|lower) }}",
        "{{ button('x', 'y')|upper }}{{ button('x', 'y') ~ stage }}",
        "{{ maybe(button('in', stage)) }}",
        "{{ rebound(stage) }}{{ rebound('a') }}",
        '<a title="{{ facts() }}">{% if offer %}{{ maybe(1) }}{% else %}{{ maybe(0, 2) }}{% endif %}</a>',
        "{% macro own(a) %}[{{ a }}{{ maybe(a) }}]{% endmacro %}{{ own(stage) }}",
        "{% for stage in ['p', 'q'] %}{{ facts() }}{{ maybe(stage) }}{% endfor %}",
        "{% set offer = none %}{{ shadow(offer) }}",
        " text ",
    ]
)
PEOPLE: list[dict[str, Any]] = [
    {
        "contact": {"first_name": "Ann"},
        "stage": "prospect",
        "offer": {"says": "10% & more", "url": "u?a=1&b"},
    },
    {"contact": {"first_name": "<b>Bob</b>"}, "stage": "b", "offer": None},
]
GOODS = [{"name": "Tea & cake", "url": "https://s.example/1"}, {"name": "a", "url": ""}]


def rendered(source: str) -> list[str]:
    template = make_environment(html=True).from_string(source)
    out = []
    for no, person in enumerate(PEOPLE):
        try:
            out.append(template.render(**person, goods=GOODS if no == 0 else []))
        except Exception as error:
            out.append(f"{type(error).__name__}: {error}")
    return out


@settings(max_examples=60)
@given(st.lists(CALLS, max_size=5).map("".join))
def test_a_macro_written_out_prints_what_its_call_prints(source: str) -> None:
    definitions = "".join(join(macro.definition) for macro in KNOWN.values())
    assert rendered(join(expand(split(source), KNOWN))) == rendered(definitions + source)


@pytest.mark.parametrize(
    ("source", "written"),
    [
        (
            '{{ button("Go", "https://shop.example/") }}',
            '<a class="b plain" href="https://shop.example/">GO</a>',
        ),
        ('{{ maybe("x") }}{{ maybe("") }}', "<p>x</p>-"),
        ("{{ shadow(offer) }}", '{{ offer.says if offer else "no offer" }}'),
        ("{% call box() %}{{ stage }}{% endcall %}", "<div>{{ stage }}</div>"),
    ],
)
def test_what_a_macro_is_called_with_stands_where_it_prints_it(source: str, written: str) -> None:
    assert join(expand(split(source), KNOWN)) == written


def test_only_macros_that_are_still_called_are_put_in() -> None:
    out = join(expand(split("<body>{{ down(2) }}{{ maybe(1) }}</body>"), KNOWN))
    assert out.count("{% macro") == 1 and out.startswith("<body>{% macro down(n) %}")


def test_a_call_without_end_is_left_to_jinja() -> None:
    macros = {
        it.name: it
        for it in read_macros(
            split("{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}")
        )
    }
    out = join(expand(split("{{ a() }}"), macros))
    assert "{% macro a() %}" in out and len(out) < 300


def test_what_doubles_from_call_to_call_is_not_written_out_without_end() -> None:
    doubling = "{% macro a0(t) %}{{ t|length }}{% endmacro %}" + "".join(
        f"{{% macro a{no}(t) %}}{{{{ a{no - 1}({' ~ '.join(['t'] * 9)}) }}}}{{% endmacro %}}"
        for no in range(1, 6)
    )
    macros = {it.name: it for it in read_macros(split(doubling))}
    out = join(expand(split('{{ a5("ab") }}'), macros))
    assert make_environment(html=True).from_string(out).render() == str(2 * 9**5)
    assert len(out) < 30_000
    long = {it.name: it for it in read_macros(split("{% macro m() %}" + "x" * 90_000 + "{% endmacro %}"))}
    assert len(join(expand(split("{{ m() }}" * 500), long))) < 1_100_000


def test_many_calls_are_written_out_up_to_a_bound() -> None:
    deep = "{% macro a0() %}x{% endmacro %}" + "".join(
        f"{{% macro a{no}() %}}{{{{ a{no - 1}() }}}}{{{{ a{no - 1}() }}}}{{% endmacro %}}"
        for no in range(1, 12)
    )
    macros = {it.name: it for it in read_macros(split(deep))}
    out = join(expand(split("{{ a11() }}"), macros))
    assert make_environment(html=True).from_string(out).render() == "x" * 2**11
    assert len(out) < 50_000
