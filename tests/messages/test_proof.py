"""Inlining once, then rendering, must give what rendering and then inlining gives: construct by construct."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.inlining import inline
from nurture.messages.joining import join_sources
from nurture.messages.library import Library
from nurture.messages.masking import Masker
from nurture.messages.proof import difference
from nurture.messages.render import Renderer
from nurture.messages.tracking import track

STYLE = """<style>
p { margin: 0 0 8px; color: #333 } .red { color: red } .blue { color: blue } #one { color: green }
td { padding: 4px; background-color: #eee } a { color: navy !important } .card p { font-weight: bold }
tr.odd td { background-color: #fff } h2 + p { font-size: 18px } ul > li { margin-left: 4px }
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
            "first_name": "Ann <b>" if some else "",
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


def compiled(body: str) -> tuple[Compiled, str]:
    library = Library({**PARTS, "m.html": f"subject: S\npreview: P {{{{ stage.name }}}}\n\n{body}"})
    return compile_template(library, "m"), body


def rendered_first(body: str, values: dict[str, Any]) -> str:
    """The other way round: no masking before the parsers, everything rendered, then inlined."""
    library = Library({**PARTS, "m.html": f"subject: S\npreview: P {{{{ stage.name }}}}\n\n{body}"})
    from_source = compile_template(library, "m")
    head = library.head(library.source("m"))
    joined = join_sources(head.body, head.layout, library.parts)
    masker = Masker(joined + head.preview)
    plain = masker.unmask(track(masker.mask(joined), masker, head.preview).html)
    raw = Compiled(name="m", hash="plain", subject="S", html=plain, text="", links=from_source.links)
    return inline(Renderer().render(raw, values).html)


@pytest.mark.parametrize("construct", ONCE)
def test_a_construct_is_inlined_once_and_renders_as_if_inlined_after(construct: str) -> None:
    message, body = compiled(ONCE[construct])
    assert message.inline_each == ""
    for no in range(3):
        once = Renderer().render(message, facts(no)).html
        assert difference(once, rendered_first(body, facts(no))) == ""


@pytest.mark.parametrize("construct", EACH)
def test_a_construct_that_cannot_be_inlined_once_is_named_and_inlined_each_time(construct: str) -> None:
    body, named = EACH[construct]
    message, _ = compiled(body)
    assert named in message.inline_each
    for no in range(3):
        each = Renderer().render(message, facts(no)).html
        assert difference(each, rendered_first(body, facts(no))) == ""
