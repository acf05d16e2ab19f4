"""What the brand and the language decide is decided when a message is compiled."""

from __future__ import annotations

import pytest

from nurture.errors import TemplateError
from nurture.messages.branding import say_brand
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.fingerprint import fingerprint
from nurture.messages.library import Library
from nurture.messages.segments import join, split
from nurture.messages.settling import settle
from nurture.settings.brand import Brand

BRAND = Brand(name='Roses & "Co"', color="#A1B2C3", font='"Segoe UI", Arial', button_radius=4)
WORDS = BRAND.words("", "1 Main Street", {"logo.png": "https://mail.example/images/logo.1.png"})


def settled(source: str, language: str = "en") -> str:
    return join(settle(split(source), [say_brand(WORDS, language)]))


def compiled(body: str, locale: str = "", **more: str) -> Compiled:
    sources = {"m.html": f"subject: From {{{{ brand.name }}}}\npreview: {{{{ language }}}}\n\n{body}", **more}
    return compile_template(Library(sources, brand=WORDS), "m", locale)


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{{ brand.color }}", "#a1b2c3"),
        ('{{ brand["color"] }}', "#a1b2c3"),
        ("{{ brand . color | upper }}", "#A1B2C3"),
        ("<p>{{ brand.name }}</p>", "<p>Roses &amp; &#34;Co&#34;</p>"),
        ("<style>a { font: {{ brand.font }} }</style>", "<style>a { font: 'Segoe UI', Arial }</style>"),
        ('<a style="border-radius: {{ brand.button_radius * 2 + 1 }}px">', '<a style="border-radius: 9px">'),
        ("{% if brand.logo %}a{% else %}b{% endif %}", "b"),
        (
            "{% if not brand.logo %}a{% if x %}c{% else %}d{% endif %}{% endif %}",
            "a{% if x %}c{% else %}d{% endif %}",
        ),
        (
            "{% if x %}1{% elif brand.logo %}2{% elif y %}3{% else %}4{% endif %}",
            "{% if x %}1{% elif y %}3{% else %}4{% endif %}",
        ),
        ("{% if x %}1{% elif brand.color %}2{% else %}4{% endif %}", "{% if x %}1{% else %}2{% endif %}"),
        ("{% if brand.logo %}1{% elif x %}2{% endif %}", "{% if x %}2{% endif %}"),
        (
            "{% for a in b %}{% if brand.color %}1{% endif %}{% else %}2{% endfor %}",
            "{% for a in b %}1{% else %}2{% endfor %}",
        ),
        ("{% if brand.logo and x %}1{% endif %}", ""),
        ("{% if brand.color and x %}1{% endif %}", '{% if "#a1b2c3" and x %}1{% endif %}'),
        (
            "{{ language }}{{ contact.language }}{{ f(language=1) }}",
            "en{{ contact.language }}{{ f(language=1) }}",
        ),
        ("{{ x|default(brand.color) }}", '{{ x|default("#a1b2c3") }}'),
        ("{% raw %}{{ brand.color }}{% endraw %}", '{{ "{" }}{ brand.color }}'),
        ("brand.color {{ x.brand }}", "brand.color {{ x.brand }}"),
    ],
)
def test_what_is_known_is_written_out(source: str, written: str) -> None:
    assert settled(source) == written


def test_a_number_that_is_too_long_to_be_printed_is_left_as_it_is() -> None:
    source = "{{ brand.button_radius * " + " * ".join(["9" * 1_000] * 5) + " }}"
    assert settled(source).startswith("{{ 4 * 999")


def test_a_condition_on_the_language_leaves_one_branch() -> None:
    source = '{% if language == "de" %}Abmelden{% elif language in ("fr", "it") %}x{% else %}Unsubscribe{% endif %}'
    assert (settled(source, "de"), settled(source, "fr"), settled(source)) == ("Abmelden", "x", "Unsubscribe")


def test_colours_of_the_brand_are_inlined_once() -> None:
    it = compiled(
        "<html><head><style>p { color: {{ brand.color }} }</style></head>"
        '<body><p class="{{ language }}">x</p></body></html>'
    )
    assert '<p class="en" style="color:#a1b2c3">x</p>' in it.html
    assert not it.inline_each and "brand" not in it.html and not it.needs


def test_subject_and_preview_take_the_brand_as_it_is() -> None:
    it = compiled("x")
    assert it.subject == 'From {{ "Roses & \\"Co\\"" }}' and it.preview == '{{ "en" }}'
    assert it.written == ("From {{ brand.name }}", "{{ language }}")
    assert Compiled.from_json(it.to_json()) == it


@pytest.mark.parametrize(
    ("said", "message", "remedy"),
    [
        ("{{ brand.colour }}", '"brand" has no "colour"', 'did you mean "color"?'),
        ("{% set b = brand %}", "what of the brand must be written out", "As in brand.color."),
        (
            "{% set language = 1 %}",
            '"language" says the same to everybody and cannot be given another value',
            "Take another name.",
        ),
        (
            "{% for brand in orders.lines %}x{% endfor %}",
            '"brand" says the same to everybody',
            "Take another name.",
        ),
    ],
)
def test_a_mistake_about_the_brand_is_told_with_its_line(said: str, message: str, remedy: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(f"<p>\n{said}</p>")
    assert caught.value.message.startswith(message)
    assert (caught.value.remedy, caught.value.where) == (remedy, "m.html:5")


def test_another_brand_makes_another_message() -> None:
    sources = {"m.html": "subject: x\n\n<p>{{ brand.color }}</p>"}
    one, other = Library(sources), Library(sources, brand={**WORDS, "color": "#000000"})
    assert compile_template(one, "m").hash != compile_template(other, "m").hash
    assert fingerprint(one, "m") != fingerprint(other, "m")


LAYOUTS = {
    "layouts/base.html": '<html lang="en"><body>{% block content %}{% endblock %}'
    "<p>{% block out %}Out{% endblock %}</p></body></html>",
    "layouts/base.de.html": '{% extends "layouts/base.html" %}{% block out %}Raus{% endblock %}',
    "parts/a.html": "<i>a</i>",
    "parts/a.de.html": '<b>{% include "parts/a.html" %}</b>',
}


@pytest.mark.parametrize(
    ("locale", "lang", "shown"),
    [
        ("", "en", "<i>a</i>"),
        ("de", "de", "<b><i>a</i></b>"),
        ("de-at", "de-at", "<b><i>a</i></b>"),
        ("fr", "fr", "<i>a</i>"),
    ],
)
def test_layouts_and_parts_come_in_the_language_of_the_message(locale: str, lang: str, shown: str) -> None:
    name = f"m.{locale}.html" if locale else "m.html"
    sources = {name: 'subject: x\n\n{% include "parts/a.html" %}', **LAYOUTS}
    library = Library(sources, brand=WORDS)
    html = compile_template(library, "m", locale).html
    assert f'<html lang="{lang}">' in html and shown in html
    assert ("Raus" in html) == locale.startswith("de")
    changed = Library({**sources, "parts/a.de.html": "<u>z</u>"}, brand=WORDS)
    assert (fingerprint(library, "m", locale) != fingerprint(changed, "m", locale)) == locale.startswith("de")


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<html><body>x</body></html>", '<html lang="en">'),
        ("<html dir='ltr'><body>x</body></html>", """<html lang="en" dir="ltr">"""),
        ('<html lang="fr"><body>x</body></html>', '<html lang="fr">'),
        ('<html lang="{{ contact.locale }}"><body>x</body></html>', '<html lang="{{ contact.locale }}">'),
    ],
)
def test_a_page_says_its_language(html: str, said: str) -> None:
    assert said.replace('"', "'") in compiled(html).html.replace('"', "'")
