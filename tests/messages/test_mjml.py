"""MJML with Jinja in it becomes HTML with the same Jinja in it, and its mistakes are told with their lines."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mrml import RenderOptions, to_html

from nurture.errors import TemplateError
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.environment import make_environment
from nurture.messages.library import Library
from nurture.messages.mjml import from_mjml
from nurture.messages.render import Renderer

LAYOUT = """<mjml><mj-head><mj-attributes><mj-all font-family="{{ brand.font }}" /></mj-attributes>
<mj-style>@media (max-width: 400px) { .x { color: red !important } }</mj-style></mj-head>
<mj-body background-color="{{ brand.background }}">
{% block content %}{% endblock %}
<mj-section><mj-column><mj-text>{{ sender.address }} <a href="{{ unsubscribe_url }}">out</a></mj-text></mj-column>
</mj-section>
</mj-body></mjml>"""
PARTS = {
    "layouts/base.mjml": LAYOUT,
    "layouts/text.mjml": "<mjml><mj-body><mj-section><mj-column><mj-text>{% block content %}{% endblock %}</mj-text>"
    "</mj-column></mj-section></mj-body></mjml>",
    "macros/k.html": '{% macro go(says, url) %}<mj-button href="{{ url }}">{{ says }}</mj-button>{% endmacro %}',
    "parts/row.mjml": "<mj-section><mj-column><mj-text>{{ stage.name }}</mj-text></mj-column></mj-section>",
}


def compiled(body: str, ending: str = "mjml", head: str = "") -> Compiled:
    library = Library(
        {**PARTS, f"m.{ending}": f"subject: x\n{head}\n{body}"}, images={"a.png": "https://m/images/a.1.png"}
    )
    return compile_template(library, "m")


def test_sections_come_and_go_by_conditions_and_loops() -> None:
    it = compiled(
        "{% for product in recommend(3) %}<mj-section><mj-column><mj-text>"
        '<a href="{{ product.url }}">{{ product.name }}</a></mj-text></mj-column></mj-section>{% endfor %}\n'
        "{% if offer %}<mj-section><mj-column>"
        '{{ go("Take & go", "https://shop.example/?a=1&b=2") }}<mj-image src="images/a.png" alt="A" />'
        '</mj-column></mj-section>{% else %}{% include "parts/row.mjml" %}{% endif %}'
    )
    products = [{"name": f"P{no}", "url": f"https://s.example/{no}"} for no in (1, 2)]
    person = {"sender": {"address": "1 Main"}, "unsubscribe_url": "https://u/", "stage": {"name": "prospect"}}
    one = Renderer().render(it, {**person, "recommend": lambda count: products, "offer": {"says": "10%"}})
    other = Renderer().render(it, {**person, "recommend": lambda count: [], "offer": None})
    assert it.links == ("{{ product.url }}", "https://shop.example/?a=1&b=2")
    assert ">P1</a>" in one.html and ">P2</a>" in one.html and "Take &amp; go" in one.html
    assert "https://m/images/a.1.png" in one.html and "prospect" not in one.html
    assert "prospect" in other.html and "P1" not in other.html and "Take" not in other.html
    assert "Take & go (https://shop.example/?a=1&b=2)" in one.text and "1 Main out (https://u/)" in other.text
    assert not it.inline_each and "<mj-" not in it.html and "nvz" not in it.html
    # Nothing is fetched from elsewhere.
    assert "googleapis" not in it.html and '<html lang="en"' in it.html


def test_a_value_and_a_condition_may_stand_in_an_attribute() -> None:
    it = compiled(
        '<mj-section background-color="{% if offer %}#ff0000{% else %}#00ff00{% endif %}"><mj-column>'
        '<mj-button href="https://s.example/{{ contact.country }}" color="{{ contact.colour }}">x</mj-button>'
        "</mj-column></mj-section>"
    )
    person = {
        "sender": {"address": ""},
        "unsubscribe_url": "",
        "contact": {"country": "DE", "colour": "blue"},
    }
    html = Renderer().render(it, {**person, "offer": {"says": "x"}}).html
    assert "#ff0000" in html and "#00ff00" not in html and "color:blue" in html
    assert 'href="https://s.example/DE"' in html


def test_markdown_may_stand_in_a_layout_of_mjml() -> None:
    it = compiled("# Hello\n\nA *word* for {{ contact.first_name }}\n", "md", "layout: text\n")
    assert (
        "<h1>Hello</h1>" in it.html
        and "<em>word</em>" in it.html
        and "mj-" not in re.sub(r"mj-[a-z-]+ ?", "", it.html)
    )


@pytest.mark.parametrize(
    ("body", "line", "message", "remedy"),
    [
        (
            "<mj-section>\n<mj-column>\n</mj-section>",
            4,
            "<mj-column> is not closed before </mj-section>",
            "Close it with </mj-column>.",
        ),
        (
            "<mj-section>\n<mj-colum></mj-colum></mj-section>",
            4,
            'MJML has no "mj-colum"',
            'did you mean "mj-column"?',
        ),
        (
            "<mj-section></mj-section>\n</mj-column>",
            4,
            "</mj-column> closes nothing that is open",
            "Take it out, or open it",
        ),
        ("\n<mj-section padding=0></mj-section>", 4, "a value of <mj-section> has no quotes", "Write it as"),
        ('<mj-include path="x" />', 3, "<mj-include> opens no files here", 'Use {% include "partials/…" %}'),
        (
            '\n<mj-section><mj-column width="{{ contact.w }}px" /></mj-section>',
            4,
            'MJML must know width="…" of <mj-column> beforehand',
            "Write it out",
        ),
        (
            '\n<mj-section {% if offer %}padding="0"{% endif %} />',
            4,
            "{% if offer %} cannot stand among the attributes of <mj-section>",
            "Put it into a value",
        ),
        (
            "\n<mj-section><mj-column><mj-text><p>x</mj-text></mj-column></mj-section>",
            4,
            "<p> is not closed before </mj-text>",
            "Close it",
        ),
        (
            "{% if offer %}<mj-section>{% else %}<mj-section padding='0'>{% endif %}</mj-section>",
            3,
            "<mj-section> is not closed",
            "Close it",
        ),
        (
            '<mj-section padding="{{ contact.a }}" foo="{{ contact.b }}" />',
            3,
            'MJML must know foo="…" of <mj-section>',
            "Write it out",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(body: str, line: int, message: str, remedy: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(body)
    assert caught.value.message.startswith(message)
    assert caught.value.remedy.startswith(remedy) and caught.value.where == f"m.mjml:{line}"


def test_what_mrml_itself_refuses_is_told() -> None:
    with pytest.raises(TemplateError, match="this is not MJML: unexpected element"):
        from_mjml("<mjml><mj-body></mj-body><p>x</p></mjml>", "en", lambda near: ("m.mjml", 7))


def column(inner: str, said: str = "") -> str:
    return f"<mj-column{said}>{inner}</mj-column>"


def section(inner: str, said: str = "") -> str:
    return f"<mj-section{said}>{inner}</mj-section>"


HALF = ' width="50%"'
RIGHT = column("<mj-text>r</mj-text>", HALF)
ROWS = "{% for y in z %}<tr><td>{{ y }}</td></tr>{% endfor %}"
BLOCKS = st.sampled_from(
    [
        section(column("<mj-text>one</mj-text>")),
        "{% if a %}" + section(column("<mj-text>a {{ x }}</mj-text>")) + "{% endif %}",
        "{% for y in z %}"
        + section(column("<mj-text>{{ y }}<br />{% if a %}b{% endif %}</mj-text>"))
        + "{% endfor %}",
        section(column("<mj-text>l</mj-text>", HALF) + "{% if a %}" + RIGHT + "{% endif %}"),
        section(column('<mj-button href="{{ u }}">{{ x }}</mj-button>'), ' background-color="{{ c }}"'),
        section(
            column(
                '{% if a %}<mj-divider border-color="{{ c }}" />{% else %}<mj-spacer height="9px" />{% endif %}'
            )
        ),
        "<mj-wrapper>" + section(column(f"<mj-table><tr><th>h</th></tr>{ROWS}</mj-table>")) + "</mj-wrapper>",
        f"<mj-raw><table>{ROWS}</table></mj-raw>",
    ]
)
_EMPTY = re.compile(r">\s+<")


@settings(max_examples=30)
@given(st.lists(BLOCKS, min_size=1, max_size=4).map("".join))
def test_mjml_first_and_values_after_is_values_first_and_mjml_after(body: str) -> None:
    source = f'<mjml lang="en"><mj-body>{body}</mj-body></mjml>'
    made = from_mjml(source, "en", lambda near: ("m", 1))
    environment = make_environment(html=True)
    for person in (
        {"a": 1, "x": "X & y", "z": ["p", "q"], "c": "#fff", "u": "https://s/?a=1"},
        {"a": 0, "x": "", "z": [], "c": "red", "u": "u"},
    ):
        filled = environment.from_string(source).render(person)
        expected = to_html(filled, None, RenderOptions(fonts={})).content
        got = environment.from_string(made).render(person)
        # mrml puts a style sheet for the widths of columns into the head, also of those that nobody sees.
        body_of = [_EMPTY.sub("><", it[it.index("<body") :]) for it in (got, expected)]
        assert body_of[0] == body_of[1]
