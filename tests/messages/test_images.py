"""Pictures are named by their files and get the addresses under which they are served."""

from __future__ import annotations

import pytest

from nurture.errors import TemplateError
from nurture.messages.compile import compile_template
from nurture.messages.library import Library
from nurture.messages.render import Renderer

SERVED = {
    "logo.png": "https://m.example/images/logo.1.png",
    "a/b-c.jpg": "https://m.example/images/a/b-c.2.jpg",
}
MACRO = {
    "macros/k.html": '{% macro hero(image, alt) %}<img src="{{ image }}" alt="{{ alt }}">{% endmacro %}'
    "{% macro deep(n, image) %}<img src='{{ image }}'>{% if n %}{{ deep(n - 1, image) }}{% endif %}{% endmacro %}"
}


def html_of(body: str, ending: str = "html", images: dict[str, str] | None = SERVED) -> str:
    library = Library({f"m.{ending}": f"subject: x\n\n{body}", **MACRO}, images=images)
    it = compile_template(library, "m")
    return Renderer().render(it, {"offer": None}).html


@pytest.mark.parametrize(
    ("body", "ending", "shown"),
    [
        (
            "![Our *logo*](images/logo.png)",
            "md",
            '<img src="https://m.example/images/logo.1.png" alt="Our logo"',
        ),
        ('<img src="images/logo.png">', "html", 'src="https://m.example/images/logo.1.png"'),
        ("<td background=images/logo.png>x</td>", "html", "background=https://m.example/images/logo.1.png"),
        (
            "<p style=\"background: url('images/a/b-c.jpg')\">x</p>",
            "html",
            "url('https://m.example/images/a/b-c.2.jpg')",
        ),
        (
            '<p style="background: url(&#39;images/logo.png&#39;)">x</p>',
            "html",
            "url(&#39;https://m.example/images/logo.1.png&#39;)",
        ),
        (
            '<img srcset="images/logo.png 1x, images/a/b-c.jpg 2x">',
            "html",
            'srcset="https://m.example/images/logo.1.png 1x, https://m.example/images/a/b-c.2.jpg 2x"',
        ),
        ('{{ hero("images/logo.png", "x") }}', "html", 'src="https://m.example/images/logo.1.png"'),
        (
            '{{ hero("images/logo.png" if offer else "images/a/b-c.jpg", "x") }}',
            "html",
            'src="https://m.example/images/a/b-c.2.jpg"',
        ),
        ('{{ deep(1, "images/logo.png") }}', "html", "src='https://m.example/images/logo.1.png'"),
        ("<p>See images/nothing.png</p>", "html", "<p>See images/nothing.png</p>"),
        ('<img src="https://x.example/images/logo.png">', "html", 'src="https://x.example/images/logo.png"'),
    ],
)
def test_a_picture_gets_its_address_wherever_it_is_named(body: str, ending: str, shown: str) -> None:
    assert shown in html_of(body, ending)


@pytest.mark.parametrize(
    ("body", "message", "remedy"),
    [
        (
            '<p>\n<img src="images/lgo.png"></p>',
            'there is no picture "images/lgo.png"',
            'did you mean "images/logo.png"?',
        ),
        (
            '<p>\n{{ hero("images/zzz.png", "x") }}</p>',
            'there is no picture "images/zzz.png"',
            "Put it into templates/images/: png, jpg, gif or webp.",
        ),
        (
            '<p>\n<img src="images/{{ stage.name }}.png"></p>',
            'the name of the picture "images/…" must be written out',
            "Only then",
        ),
        (
            '<p>\n<img src="images/../../nurture.toml"></p>',
            'there is no picture "images/../../nurture.toml"',
            "Put it",
        ),
    ],
)
def test_a_picture_that_is_not_there_is_told_with_its_line(body: str, message: str, remedy: str) -> None:
    with pytest.raises(TemplateError) as caught:
        html_of(body)
    assert caught.value.message == message and caught.value.where == "m.html:4"
    assert caught.value.remedy.startswith(remedy)


def test_where_no_pictures_are_known_names_stay() -> None:
    assert 'src="images/logo.png"' in html_of('<img src="images/logo.png">', images=None)
