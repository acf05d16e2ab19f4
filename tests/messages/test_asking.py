"""question("…") in a message: its words, its answers and their links, kept with the compiled message."""

from __future__ import annotations

from typing import Any

import pytest

from nurture.campaigns.questions_file import questions_in
from nurture.errors import TemplateError
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.fingerprint import fingerprint
from nurture.messages.library import Library
from nurture.messages.render import Renderer
from nurture.messages.tokens import Signer
from nurture.messages.urls import Urls

FILE = """\
how-was-it:
  asks: How <b>was</b> it?
  answers: {good: Good, poor: {says: Not good, score: 1}}
  in:
    de: {asks: "Wie war es?", answers: {good: Gut}}
"""
ROW = (
    '{% set q = question("how-was-it") %}{{ q.asks }}{% for a in q.answers %}'
    '<a href="{{ a.url }}">{{ a.says }}{{ a.score or "-" }}</a>{% endfor %}{{ q.low or "no end" }}'
)
URLS = Urls("https://m.example", Signer("secret"))


def library(text: str = FILE, body: str = ROW, **more: str) -> Library:
    sources = {
        "m.html": f"subject: One\n\n<p>{body}</p>",
        "m.de.html": f"subject: Eins\n\n<p>{body}</p>",
        **more,
    }
    return Library(sources, questions_in({"campaigns/questions.yaml": text}))


def rendered(compiled: Compiled, key: tuple[int, int] = (7, 1)) -> str:
    urls = URLS.of(key)
    values: dict[str, Any] = {"_answer_url": urls.answer, "_locale": "", "_currency": "EUR"}
    return Renderer().render(compiled, values).html


def test_a_message_shows_its_words_and_a_link_of_its_own_for_each_answer() -> None:
    html = rendered(compile_template(library(), "m"))
    token = Signer("secret").sign("answer", (7, 1))
    assert "How &lt;b&gt;was&lt;/b&gt; it?" in html
    assert f'<a href="https://m.example/q/{token}/how-was-it/good">Good-</a>' in html
    assert f'<a href="https://m.example/q/{token}/how-was-it/poor">Not good1</a>' in html
    assert "no end" in html


def test_it_is_in_the_language_of_the_template() -> None:
    html = rendered(compile_template(library(), "m", "de"))
    assert "Wie war es?" in html
    assert ">Gut-<" in html
    assert ">Not good1<" in html


def test_a_message_keeps_the_question_as_it_was_and_is_another_one_where_that_changes() -> None:
    before = compile_template(library(), "m")
    after = compile_template(library(FILE.replace("Not good", "Bad")), "m")
    assert before.hash != after.hash
    assert fingerprint(library(), "m") != fingerprint(library(FILE.replace("Not good", "Bad")), "m")
    kept = Compiled.from_json(before.to_json())
    assert kept == before
    assert ">Not good1<" in rendered(kept)
    assert "question.how-was-it" in kept.needs


def test_one_that_asks_nothing_is_not_touched_by_questions() -> None:
    plain = library(body="Hello")
    assert (
        compile_template(plain, "m").hash
        == compile_template(library("x: {asks: X, scale: 1-2}", "Hello"), "m").hash
    )
    assert compile_template(plain, "m").questions == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{{ question(contact.first_name).asks }}", "must be written out"),
        ("{{ question }}", "must be written out"),
        ('{{ question("how-was-it").aks }}', 'has no "aks"'),
    ],
)
def test_what_cannot_be_asked_is_refused(body: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        compile_template(library(body=body), "m")


def test_a_question_that_is_not_there_shows_nothing() -> None:
    html = rendered(
        compile_template(library(body='{{ question("x").asks }}{% if question("x") %}y{% endif %}'), "m")
    )
    assert "<p></p>" in html
