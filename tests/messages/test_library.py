"""Names, languages and heads of messages."""

from __future__ import annotations

import pytest

from nurture.errors import TemplateError
from nurture.messages.library import Library

LIBRARY = Library(
    {
        "welcome.md": "subject: Welcome: you # 1\npreview: {{ offer.says }}\n\nHi",
        "welcome.de.md": 'subject: "Willkommen"\r\n\r\nHallo\r\n',
        "welcome.pt-br.md": "subject: Oi\n\nOi",
        "plain.html": "\ufeffsubject: It's 'us'\nlayout: none\n\n<p>x</p>",
        "only.de.md": "subject: Nur\n\nx",
        "layouts/base.html": "<html><body>{% block content %}{% endblock %}</body></html>",
        "layouts/wide.html": "<html><body>{% block content %}{% endblock %}</body></html>",
        "Not A Message.md": "subject: x\n\nx",
    }
)


def test_messages_are_what_has_a_plain_name_at_the_top() -> None:
    assert LIBRARY.names() == ("only", "plain", "welcome")
    assert LIBRARY.locales("welcome") == ("", "de", "pt-br")


@pytest.mark.parametrize(
    ("locale", "picked"),
    [
        ("", ""),
        ("de", "de"),
        ("de-AT", "de"),
        ("de_AT", "de"),
        ("pt-BR", "pt-br"),
        ("pt-PT", ""),
        ("fr", ""),
        ("\r\n", ""),
    ],
)
def test_a_contact_gets_the_language_closest_to_their_own(locale: str, picked: str) -> None:
    assert LIBRARY.pick("welcome", locale) == picked
    assert LIBRARY.source("welcome", locale).locale == picked


def test_the_head_is_plain_text_and_may_hold_what_yaml_may_not() -> None:
    head = LIBRARY.head(LIBRARY.source("welcome"))
    assert (head.subject, head.preview, head.layout) == (
        "Welcome: you # 1",
        "{{ offer.says }}",
        "layouts/base.html",
    )
    assert (head.body, head.body_line) == ("Hi", 4)
    german = LIBRARY.head(LIBRARY.source("welcome", "de"))
    assert (german.subject, german.body) == ("Willkommen", "Hallo\n")
    plain = LIBRARY.head(LIBRARY.source("plain"))
    assert (plain.subject, plain.layout) == ("It's 'us'", "")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("Hello\n\nx", 1, "subject:"),
        ("preview: x\n\nx", 1, "no subject"),
        ("subject:\n\nx", 1, "no subject"),
        ("", 1, "no subject"),
        ("subjet: x\n\nx", 1, 'did you mean "subject"?'),
        ("subject: a\nsubject: b\n\nx", 2, "stands here twice"),
        ("subject: a\nlayout: wdie\n\nx", 2, 'did you mean "wide"?'),
        ("subject: a\nHello\n\nx", 2, "then an empty line"),
    ],
)
def test_a_head_that_is_wrong_is_shown_with_its_line(text: str, line: int, said: str) -> None:
    library = Library({"m.md": text, "layouts/wide.html": ""})
    with pytest.raises(TemplateError) as caught:
        library.head(library.source("m"))
    assert caught.value.line == line
    assert f"m.md:{line}" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [("welcom", 'did you mean "welcome"?'), ("only", "no version for everybody"), ("../x", "no template")],
)
def test_a_message_that_is_not_there_is_named(name: str, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        LIBRARY.source(name)
    assert said in str(caught.value)


def test_two_files_for_one_message_are_refused() -> None:
    library = Library({"m.md": "subject: a\n\nx", "m.html": "subject: a\n\nx"})
    with pytest.raises(TemplateError, match=r"m\.html and m\.md are the same message"):
        library.source("m")
