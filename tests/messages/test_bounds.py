"""The sandbox keeps a template from making much of little: refused at once, and nothing of it is tried out."""

from __future__ import annotations

import time
import tracemalloc
from datetime import datetime

import pytest

from nurture.errors import TemplateError, TemplateStoppedError
from nurture.messages.bounds import LONGEST, TooMuch, joined
from nurture.messages.compile import compile_template
from nurture.messages.environment import make_environment
from nurture.messages.library import Library
from nurture.messages.rehearsal import stopped
from nurture.messages.render import Renderer
from nurture.messages.syntax import Text

BOMBS = {
    "a text times a number": "{{ 'a' * 300000000 }}",
    "a list times a number": "{{ ([1] * 300000000)|length }}",
    "lists added up": "{% set a = [1] * 6000 %}{{ (a + a)|length }}",
    "numbers that square themselves": "{% set a = 9 %}" + "{% set a = a * a %}" * 40 + "{{ a > 1 }}",
    "powers": "{{ 9 ** 9 ** 9 }}",
    "percent with a width": "{{ '%1000000000d' % 1 }}",
    "rounding to digits that nobody has": "{{ 1|round(-30000000) }}",
    "rounding up to them": "{{ 1|round(300000000, 'ceil') }}",
    "a batch filled up": "{{ [1]|batch(300000000, 'x')|list|length }}",
    "slices without end": "{{ [1]|slice(300000000)|list|length }}",
    "each replaced by many": "{{ 'aaaaaaaaaa'" + "|replace('a', 'aaaaaaaaaa')" * 9 + "|length }}",
    "the same as a method": "{{ 'aaaaaaaaaa'" + ".replace('a', 'aaaaaaaaaa')" * 9 + "|length }}",
    "the same asked for by its name": "{{ 'aaaaaaaaaa'" + "['replace']('a', 'aaaaaaaaaa')" * 9 + "|length }}",
    "the same mapped": "{% set a = 'a' * 9999 %}"
    "{{ ['aaa']|map('replace', 'a', a)|map('replace', 'a', a)|list|length }}",
    "many joined": "{% set a = 'a' * 9999 %}{{ ([a] * 9999)|join }}",
    "joined by much": "{% set a = 'a' * 9999 %}{{ ([''] * 9999)|join(a) }}",
    "lists summed up": "{{ ([[1] * 9999] * 9999)|sum(start=[])|length }}",
    "a text that doubles": "{% set a = 'a' * 9999 %}" + "{% set a = a ~ a %}" * 30,
    "many operands": "{% set a = 'a' * 9999 %}{{ " + " ~ ".join(["a"] * 200) + " }}",
    "a block that doubles": "{% set a %}aaaaaaaa{% endset %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 30,
    "a macro that doubles": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% else %}{{ 'a' * 999 }}"
    "{% endif %}{% endmacro %}{{ f(12) }}",
    "a long range": "{% for no in range(1001) %}{% endfor %}",
    "a range without end": "{{ range(10 * 99999999999999999999)|length }}",
    "a long text as a number": "{{ ('9' * 9999)|int(0, 32) }}",
    "a pattern that is remembered": "{{ now|date('d' * 9999) }}",
    "output without end": "{% for a in range(1000) %}{% for b in range(1000) %}hello{% endfor %}{% endfor %}",
}


@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS)
def test_it_is_refused_before_it_costs_anything(source: str) -> None:
    began = time.process_time()
    tracemalloc.start()
    try:
        for html in (True, False):
            with pytest.raises((TooMuch, OverflowError)):
                made = make_environment(html=html).from_string(source)
                joined(made.generate(now=datetime(2017, 1, 1)))
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 1


@pytest.mark.parametrize("source", ["{{ 'a' * 300000000 }}", "{{ 1|round(-30000000) }}"])
def test_nothing_is_worked_out_when_a_template_is_compiled(source: str) -> None:
    for html in (True, False):
        environment = make_environment(html=html)
        assert "300000000" in (code := environment.compile(source, raw=True)) or "30000000" in code
        assert len(code) < 2_000


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 1 + 1 }}{{ 2 * 3 }}{{ 7 % 4 }}", "263"),
        ("{{ 'a' + 'b' }}{{ '-' * 3 }}{{ ([1] + [2])|length }}", "ab---2"),
        ("{{ 'a' ~ 1 ~ '<' }}", "a1&lt;"),
        ("{{ 'a<b'|replace('<', '>') }}", "a&gt;b"),
        ("{{ 'abcabc'|replace('b', 'x', 1) }}{{ 'abc'.replace('b', 'x') }}", "axcabcaxc"),
        ("{{ ['a', '<']|join(', ') }}", "a, &lt;"),
        ("{{ [{'n': 'a'}, {'n': 'b'}]|join('/', 'n') }}", "a/b"),
        ("{{ 2.567|round(1) }} {{ 42|round(-1, 'floor') }}", "2.6 40.0"),
        ("{% for row in [1, 2, 3]|batch(2, 0) %}{{ row|join }};{% endfor %}", "12;30;"),
        ("{% for row in [1, 2, 3]|slice(2) %}{{ row|join }};{% endfor %}", "12;3;"),
        ("{{ [1, 2]|sum }} {{ [{'n': 1}, {'n': 2}]|sum(attribute='n', start=4) }}", "3 7"),
        ("{{ '12'|int + 1 }} {{ 'ff'|int(0, 16) }} {{ '1.5'|float }}", "13 255 1.5"),
        ("{% set a %}x{{ 1 }}{% endset %}{{ a }}{% macro m() %}<b>{% endmacro %}{{ m() }}", "x1<b>"),
        ("{% for no in range(1000) %}{% endfor %}{{ range(3)|list|length }}", "3"),
        ("{{ '1e999999999'|money }} {{ '1e20'|number }}", "1e999999999 100,000,000,000,000,000,000"),
    ],
)
def test_what_messages_do_goes_on_working(source: str, text: str) -> None:
    assert make_environment(html=True).from_string(source).render() == text


def test_a_text_of_the_greatest_length_can_be_made() -> None:
    assert len(joined(["a"] * LONGEST)) == LONGEST
    with pytest.raises(TooMuch):
        joined(iter(["a"] * (LONGEST + 1)))


@pytest.mark.parametrize(
    ("sources", "where"),
    [
        ({"one.md": "subject: One\n\nHello\n\nand {{ 'a' * 300000000 }}"}, "one.md:5"),
        ({"one.md": "subject: One {{ 'a' * 300000000 }}\n\nHello"}, "one.md:1"),
        ({"one.md": "subject: One\npreview: {{ 'a' * 300000000 }}\n\nHello"}, "one.md:2"),
        (
            {
                "one.md": "subject: One\n\nHello",
                "layouts/base.html": "<html><head><style>p {color: red}</style></head>\n"
                "<body>{% block content %}{% endblock %}\n<p>{{ 'a' * 300000000 }}</p></body></html>",
            },
            "layouts/base.html:3",
        ),
    ],
)
def test_it_is_found_in_compiling_and_said_where(sources: dict[str, str], where: str) -> None:
    with pytest.raises(TemplateStoppedError, match="cannot be made by") as found:
        compile_template(Library(sources), "one")
    assert found.value.where == where


def test_what_only_a_sample_could_make_endless_is_none_of_it() -> None:
    body = "{% macro stars(n) %}{% if n > 0 %}*{{ stars(n - 1) }}{% endif %}{% endmacro %}{{ stars(orders.count) }}"
    compiled = compile_template(Library({"one.html": f"subject: One\n\n{body}"}), "one")
    assert "***" in Renderer().render(compiled, {"orders": {"count": 3}}).html


def test_it_is_stopped_in_rendering_with_its_name() -> None:
    body = "{% set name = contact.name %}{{ name ~ name }}"
    compiled = compile_template(Library({"one.html": f"subject: One\n\n{body}"}), "one")
    with pytest.raises(TemplateStoppedError, match="more than 1,000,000 characters") as found:
        Renderer().render(compiled, {"contact": {"name": "a" * 600_000}})
    assert found.value.where == "one"


def test_one_that_calls_itself_without_end_is_told_so() -> None:
    body = "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(1) }}"
    compiled = compile_template(Library({"one.html": f"subject: One\n\n{body}"}), "one")
    with pytest.raises(TemplateError, match="it calls itself without end"):
        Renderer().render(compiled, {})


def test_a_lack_of_memory_is_told_as_such() -> None:
    text = Text(path="one.md", line=3, source="Hello")
    error = stopped(MemoryError(), "Hello", [text])
    assert (error.where, error.message) == ("one.md", "it was stopped: it wanted more than 256 MB")
