"""A fingerprint is the same as long as a message is, and no longer."""

from __future__ import annotations

import pytest

from nurture.messages.compile import compile_template
from nurture.messages.fingerprint import files_of, fingerprint
from nurture.messages.library import Library

SOURCES = {
    "m.md": 'subject: Hello\n\n{% include "parts/a.html" %} and more',
    "m.de.md": "subject: Hallo\n\nText",
    "other.md": "subject: Other\n\nText",
    "layouts/base.html": "<html><body>{% block content %}{% endblock %}</body></html>",
    "layouts/odd.html": "<html><body><b>{% block content %}{% endblock %}</b></body></html>",
    "parts/a.html": '<p>{% include "parts/b.html" %}</p>',
    "parts/b.html": "<i>b</i>",
    "parts/unused.html": "<i>c</i>",
}


def test_it_knows_every_file_that_goes_in_and_no_other() -> None:
    assert set(files_of(Library(SOURCES), "m")) == {
        "m.md",
        "layouts/base.html",
        "parts/a.html",
        "parts/b.html",
    }
    assert set(files_of(Library(SOURCES), "m", "de")) == {"m.de.md", "layouts/base.html"}


@pytest.mark.parametrize("path", sorted(SOURCES))
def test_it_changes_when_what_is_compiled_changes(path: str) -> None:
    changed = {**SOURCES, path: SOURCES[path].replace("</", " x</").replace("Text", "x") + " x"}
    before, after = Library(SOURCES), Library(changed)
    for locale in ("", "de"):
        same = compile_template(before, "m", locale) == compile_template(after, "m", locale)
        assert (fingerprint(before, "m", locale) == fingerprint(after, "m", locale)) == same


def test_it_changes_with_the_words_that_a_step_says() -> None:
    library = Library(SOURCES)
    told = {
        fingerprint(library, "m"),
        fingerprint(library, "m", subject="Good day"),
        fingerprint(library, "m", preview="Good day"),
        fingerprint(library, "m", "de"),
    }
    assert len(told) == 4
    assert compile_template(library, "m", subject="Good day").subject == "Good day"


def test_it_changes_when_a_file_that_is_named_goes() -> None:
    less = {path: text for path, text in SOURCES.items() if path != "parts/b.html"}
    assert fingerprint(Library(less), "m") != fingerprint(Library(SOURCES), "m")


def test_a_path_spelled_with_a_backslash_makes_every_file_count() -> None:
    odd = {**SOURCES, "m.md": 'subject: Hello\n\n{% include "parts\\x2fb.html" %}'}
    assert "parts/b.html" in files_of(Library(odd), "m")
