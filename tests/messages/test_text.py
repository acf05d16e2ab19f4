"""The text part: readable, complete, with every address, and tidy after rendering."""

from __future__ import annotations

import pytest

from nurture.messages.compile import compile_template
from nurture.messages.library import Library
from nurture.messages.render import Renderer

THINGS = [{"name": "Roses", "price": 3}, {"name": "Lilies", "price": 4}]


def text(body: str, *, some: bool = True, head: str = "subject: S\nlayout: none") -> str:
    message = compile_template(Library({"m.md": f"{head}\n\n{body}"}), "m")
    given = {
        "recommend": lambda n: THINGS[:n] if some else [],
        "offer": {"code": "X"} if some else {},
        "contact": {},
    }
    return Renderer().render(message, given).text


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("One\ntwo *three*\n\nFour", "One two three\n\nFour\n"),
        ("# Big\n\nText\n\n## Small", "Big\n===\n\nText\n\nSmall\n-----\n"),
        ("# Roses for {{ recommend(1)[0].name }}\n\nText", "Roses for Roses\n===============\n\nText\n"),
        ("## {% if offer %}Yes{% else %}No, no{% endif %}!", "Yes!\n----\n"),
        ("# {% for p in recommend(2) %}{{ p.name }} {% endfor %}", "Roses Lilies\n============\n"),
        ("# {% if not offer %}No{% endif %}\n\nText", "Text\n"),
        ("# {{ 'x' * 50 }}\n\nText", f"{'x' * 50}\n{'=' * 40}\n\nText\n"),
        ("{% if offer %}<h1>A{% endif %} rose</h1>", "A rose\n======\n"),
        ("# {% set n = 3 %}{{ n }} roses\n\n{{ n }} more", "3 roses\n======\n\n3 more\n"),
        ("See [the shop](https://shop.example) now", "See the shop (https://shop.example) now\n"),
        ("<https://shop.example>", "https://shop.example\n"),
        ("[mail us](mailto:a@b.c) or <d@e.f>", "mail us (mailto:a@b.c) or d@e.f\n"),
        ("[![A rose](https://i/r.png)](https://shop.example)", "A rose (https://shop.example)\n"),
        ("- a\n- b\n  - c\n\nd", "- a\n- b\n  - c\n\nd\n"),
        ("1. a\n2. b", "1. a\n2. b\n"),
        ("a\n\n---\n\nb", "a\n\n----\n\nb\n"),
        ("a  \nb", "a\nb\n"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n1 | 2\n"),
        ("x &amp; y &lt;z&gt; &nbsp;", "x & y <z>\n"),
        ("Yes<!--{{ recommend(2) }}-->, yes", "Yes, yes\n"),
        ("Yes<!--{% if not offer %}--> no<!--{% endif %}-->.", "Yes.\n"),
        ("<p style='display:none'>no</p><p hidden>no</p><p>yes</p>", "yes\n"),
        ("<table role='presentation'><tr><td>a</td><td>b</td></tr></table>", "a\n\nb\n"),
        ("Hello{% if offer %} dear{% endif %} friend", "Hello dear friend\n"),
        ("{% if offer %}\nCode **{{ offer.code }}**\n{% endif %}\n\nBye", "Code X\n\nBye\n"),
        (
            "{% for p in recommend(2) %}\n- {{ p.name }}: {{ p.price }}\n{% endfor %}\n\nBye",
            "- Roses: 3\n- Lilies: 4\n\nBye\n",
        ),
        ("{% for p in recommend(2) %}\n1. {{ p.name }}\n{% endfor %}", "- Roses\n- Lilies\n"),
        (
            "| a | b |\n|---|---|\n{% for p in recommend(2) %}\n| {{ p.name }} | {{ p.price }} |\n"
            "{% endfor %}",
            "a | b\nRoses | 3\nLilies | 4\n",
        ),
        ("{% raw %}{{ braces }}{% endraw %} &#123;{ too }}", "{{ braces }} {{ too }}\n"),
    ],
)
def test_html_becomes_readable_text(body: str, shown: str) -> None:
    assert text(body) == shown


def test_what_is_left_out_leaves_no_holes() -> None:
    body = "Hi{% if offer %} dear{% endif %} you\n\n{% if offer %}\nCode\n{% endif %}\n\nBye"
    assert text(body, some=False) == "Hi you\n\nBye\n"


def test_the_preheader_and_what_is_ours_are_not_in_the_text() -> None:
    assert text("Hi", head="subject: S\npreview: Preheader\nlayout: none") == "Hi\n"


def test_a_long_address_is_never_broken() -> None:
    address = "https://shop.example/" + "a" * 300
    assert f"({address})" in text(f"[x]({address})")
