"""The sample messages: each reads well for everybody, in each of its languages, and can be left."""

from __future__ import annotations

import re

import pytest
from lxml import html as markup

from nurture.messages.render import Rendered
from support.sample_letters import LETTERS, LIBRARY, PEOPLE, SETTINGS, URLS, compiled, rendered

GMAIL_CLIPS_AT = 102 * 1024

NO_MARKETING = {
    name for name in LIBRARY.names() if LIBRARY.head(LIBRARY.source(name)).layout == "layouts/asking.html"
}
"""Those that ask for a confirmation, or tell of one: there is nothing to unsubscribe from."""

every_message = pytest.mark.parametrize(("name", "locale"), LETTERS)


def all_of(name: str, locale: str) -> list[tuple[str, Rendered]]:
    """The message for everybody of PEOPLE, and who that is."""
    return [(person, rendered(name, locale, person)) for person in PEOPLE]


@every_message
class TestEveryMessage:
    def test_its_subject_fits_into_an_inbox(self, name: str, locale: str) -> None:
        for person, it in all_of(name, locale):
            assert 0 < len(it.subject) < 60, person
            assert "!" not in it.subject, person

    def test_it_has_a_preview_that_says_something_else(self, name: str, locale: str) -> None:
        for person, it in all_of(name, locale):
            assert 0 < len(it.preview) <= 90, person
            assert it.preview != it.subject, person

    def test_its_text_part_holds_no_html_and_no_jinja(self, name: str, locale: str) -> None:
        for person, it in all_of(name, locale):
            text = re.sub(r"<b>[NW]+", "", it.text)
            assert re.search(r"</?[a-z]+|&[a-z]+;|&#\d+;|\{[{%]|[%}]\}|undefined|None", text) is None, person

    def test_its_sentences_hold_without_what_is_not_known(self, name: str, locale: str) -> None:
        for person, it in all_of(name, locale):
            assert re.search(r" [,.]|,,|\*\*|\n, |Hello,|\(\)", it.text) is None, person

    def test_it_is_not_clipped_by_gmail(self, name: str, locale: str) -> None:
        for person, it in all_of(name, locale):
            assert len(it.html.encode()) < GMAIL_CLIPS_AT, person

    def test_every_image_has_an_alternative_and_a_width(self, name: str, locale: str) -> None:
        for person, it in all_of(name, locale):
            for image in markup.fromstring(it.html).iter("img"):
                assert "alt" in image.attrib, person
                assert image.get("width"), person

    def test_it_says_where_it_is_from_and_how_to_stop_it(self, name: str, locale: str) -> None:
        for person, it in all_of(name, locale):
            links = {link.get("href") for link in markup.fromstring(it.html).iter("a")}
            assert SETTINGS.sender.address in it.html, person
            assert SETTINGS.sender.address in it.text, person
            if name in NO_MARKETING:
                assert URLS.unsubscribe not in links, person
            else:
                assert {URLS.unsubscribe, URLS.preferences, URLS.view} <= links, person
                assert URLS.unsubscribe in it.text, person

    def test_a_name_brings_no_html_of_its_own(self, name: str, locale: str) -> None:
        for person, it in all_of(name, locale):
            assert "<b>" not in it.html, person

    def test_it_asks_for_one_thing(self, name: str, locale: str) -> None:
        for person, it in all_of(name, locale):
            classes = [link.get("class") for link in markup.fromstring(it.html).iter("a")]
            answers = classes.count("choice") + classes.count("number")
            assert (classes.count("button"), answers > 1) in {(1, False), (0, True)}, person


@every_message
def test_it_is_inlined_once_and_not_for_each_recipient(name: str, locale: str) -> None:
    assert compiled(name, locale).inline_each == ""


@every_message
def test_it_is_in_the_language_that_it_says(name: str, locale: str) -> None:
    for person in PEOPLE:
        it = rendered(name, locale, person)
        page = markup.fromstring(it.html)
        assert page.get("lang") == (locale or "en")
        words = " ".join(page.itertext())
        assert ("Unsubscribe" in words, "Abmelden" in words) == (
            locale == "" and name not in NO_MARKETING,
            locale == "de" and name not in NO_MARKETING,
        )
        assert ("Everyone at" in words or "everyone at" in words, "Ihr Team" in words) == (
            locale == "",
            locale == "de",
        )


def test_a_shop_that_writes_names_in_capitals_is_not_quoted_so() -> None:
    text = rendered(
        "picked-for-you", "", "a household of the grocer, with products that have only names"
    ).text
    assert "Fluid milk white only" in text
    assert "FLUID" not in text
