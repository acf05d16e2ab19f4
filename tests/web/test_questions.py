"""Questions in messages: from the click to the page, the event, the attribute and the person who is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from nurture.clock import HOUR, MINUTE
from nurture.delivery.outcome import MessageKey
from nurture.messages.tokens import Signer
from nurture.settings.webhooks import Subscriber
from nurture.store import people
from nurture.store.answers import MOST
from nurture.store.engine import Store, open_store
from nurture.store.erase import erase
from nurture.web.questions import comment_of
from support.corner import START, files
from support.signing_up import House, house
from support.site import HERE

ANN, BOB, EVA = "ann@example.test", "bob@example.test", "eva@example.test"
QUESTIONS = """\
how-was-it:
  asks: How did we do?
  answers:
    good: {says: "Good, I would come again", score: 3}
    fair: {says: All right, score: 2}
    poor: {says: Not <b>good</b>, score: 1}
  comment: Anything you would like to add?
  sets: contact.satisfaction
  thanks: Every answer is read.
  in:
    de: {asks: Wie war es?, answers: {good: Gut}, thanks: Wir lesen alles.}
recommend-us: {asks: Would you recommend us?, scale: 0-10, low: Not at all, high: Very,
  sets: {contact.fan: score}}
"""
ASK = """\
name: Ask
topic: news
stage: prospect
enter: {existing: yes}
sequence:
  - send: ask
  - wait for: did("answered", question="how-was-it", answer="fair")
    up to: 30 days
  - send: one
"""
CARE = """\
name: Care
topic: service
enter: {on: answered}
reentry: always
when: event.question == "how-was-it" and last("answered").score <= 1
sequence:
  - notify: owner@shop.example
    note: They were not happy.
"""
LETTER = """\
subject: One question
preview: It takes a second

{% set it = question("how-was-it") %}
## {{ it.asks }}

{% for answer in it.answers %}
[{{ answer.says }}]({{ answer.url }})
{% endfor %}

{{ question("recommend-us").low }}
{% for answer in question("recommend-us").answers %}<a href="{{ answer.url }}">{{ answer.score }}</a>{% endfor %}
"""
FILES = {"questions": QUESTIONS, "ask": ASK, "care": CARE}


@contextmanager
def asked(store: Store, workspace: Path) -> Iterator[House]:
    """A shop whose letter asks two questions."""
    with house(store, workspace, FILES, {"ask": LETTER}) as it:
        yield it


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """The same, where nothing depends on the database."""
    store = open_store(sqlite_url, now=START, durable=False)
    with asked(store, tmp_path) as it:
        yield it
    store.close()


def urls(it: House, email: str = ANN, **more: Any) -> Callable[[str, str], str]:
    """Where each answer of somebody's letter is taken, by question and answer; it has come when this ends."""
    contact = it.corner.contact(email, "news", "service", **more)
    it.corner.until(it.corner.now + MINUTE)
    query = f"SELECT enrollment_id, step_no FROM messages WHERE contact_id = {contact} AND template = 'ask'"
    [key] = it.corner.rows(query)
    made = it.corner.app.urls.of(MessageKey(*key))
    return lambda question, answer: made.answer(question, answer).removeprefix(HERE)


def letter(it: House) -> str:
    """The HTML of the last letter."""
    text = it.corner.contents()[-1].decode().replace("=\r\n", "").replace("=3D", "=")
    return unescape(text[text.index("<html") :])


def events(it: House) -> list[dict[str, Any]]:
    """What was answered, in order."""
    rows = it.corner.rows("SELECT properties FROM events WHERE name = 'answered' ORDER BY at, id")
    return [json.loads(told) for (told,) in rows]


def attributes(it: House, email: str = ANN) -> dict[str, Any]:
    with it.corner.store.read() as tx:
        contact = people.by_email(tx, email)
    assert contact is not None
    return dict(contact.attributes)


def words(answer: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_every_link_leads_to_its_own_answer_and_looking_changes_nothing(shop: House) -> None:
    url = urls(shop)
    links = re.findall(r"/c/[\w-]{43}", letter(shop))
    found = [shop.client.get(link).headers["location"].removeprefix(HERE) for link in dict.fromkeys(links)]
    assert found == [
        *(url("how-was-it", it) for it in ("good", "fair", "poor")),
        *(url("recommend-us", str(it)) for it in range(11)),
    ]
    page = shop.client.get(url("how-was-it", "fair"))
    assert page.status_code == 200
    assert re.findall(r'value="(\w+)" required checked', page.text) == ["fair"]
    assert "Not &lt;b&gt;good&lt;/b&gt;" in page.text
    assert 'name="comment"' in page.text
    assert "<script" not in page.text
    scale = shop.client.get(url("recommend-us", "10")).text
    assert re.findall(r'value="(\w+)" required checked', scale) == ["10"]
    assert "Not at all" in scale
    assert 'name="comment"' not in scale
    assert shop.client.head(url("how-was-it", "fair")).status_code == 200
    assert events(shop) == []
    assert attributes(shop) == {}


def test_an_answer_is_an_event_an_attribute_and_news_once(store: Store, tmp_path: Path) -> None:
    with asked(store, tmp_path) as it:
        crm = Subscriber.model_validate({"name": "crm", "url": "https://x.example/", "events": "answered"})
        it.corner.store.subscribe([crm], it.corner.clock)
        url = urls(it)("how-was-it", "good")
        sent = it.client.post(url, data={"answer": "fair", "comment": " It was\r\nlate \x00\u2028"})
        assert sent.status_code == 200
        assert words(sent).endswith("Every answer is read. We have noted: All right Change my answer")
        [told] = events(it)
        entry = told.pop("entry")
        assert re.fullmatch(r"\d+\.\d+", entry)
        assert told == {
            "question": "how-was-it",
            "answer": "fair",
            "score": 2,
            "comment": "It was\nlate",
            "message": "ask/ask",
        }
        assert attributes(it) == {"satisfaction": "fair"}
        again = it.client.post(url, data={"answer": "fair", "comment": "It was\nlate"})
        assert again.status_code == 200
        assert len(events(it)) == 1
        it.client.post(url, data={"answer": "good"})
        it.client.post(url, data={"answer": "fair"})
        assert [one["answer"] for one in events(it)] == ["fair", "good", "fair"]
        assert attributes(it) == {"satisfaction": "fair"}
        kinds = it.corner.rows("SELECT kind, told FROM feed ORDER BY id")
        assert [(kind, json.loads(said)["answer"]) for kind, said in kinds] == [
            ("answered", "fair"),
            ("answered", "good"),
            ("answered", "fair"),
        ]
        assert it.mail(ANN) == ["One question", "one"]


def test_a_bad_answer_reaches_a_person_and_a_good_one_does_not(store: Store, tmp_path: Path) -> None:
    with asked(store, tmp_path) as it:
        it.client.post(urls(it, ANN)("how-was-it", "good"), data={"answer": "good"})
        it.client.post(urls(it, BOB)("how-was-it", "poor"), data={"answer": "poor", "comment": "Cold soup"})
        it.corner.until(it.corner.now + HOUR)
        told = it.corner.rows(
            "SELECT c.email, n.target, n.note FROM notices n JOIN contacts c ON c.id = n.contact_id"
        )
        assert [tuple(row) for row in told] == [(BOB, "owner@shop.example", "They were not happy.")]


def test_a_score_may_be_what_the_attribute_takes(shop: House) -> None:
    shop.client.post(urls(shop)("recommend-us", "9"), data={"answer": "9", "comment": "nobody asked for one"})
    assert attributes(shop) == {"fan": 9}
    assert "comment" not in events(shop)[0]


def test_a_page_is_in_the_language_of_the_contact(shop: House) -> None:
    url = urls(shop, locale="de-AT")("how-was-it", "good")
    page = shop.client.get(url)
    assert '<html lang="de">' in page.text
    assert "Wie war es?" in words(page)
    assert "Gut" in words(page)
    assert "All right" in words(page)
    assert words(page).endswith("Antwort abschicken")
    assert "Wir lesen alles. Wir haben notiert: Gut" in words(shop.client.post(url, data={"answer": "good"}))


def test_what_nobody_was_asked_leads_nowhere(shop: House) -> None:
    url = urls(shop)("how-was-it", "good")
    _, _, token, question, answer = url.split("/")
    other = Signer("another secret").sign("answer", (1, 1))
    unsubscribe = shop.corner.app.urls.unsubscribe((1, 1)).rpartition("/")[2]
    nobody = shop.corner.app.urls.answer((1, 1), question, answer).removeprefix(HERE)
    for wrong in (
        f"/q/{other}/{question}/{answer}",
        f"/q/{unsubscribe}/{question}/{answer}",
        f"/q/{token[:-1]}/{question}/{answer}",
        f"/q/{token}/no-such/{answer}",
        f"/q/{token}/{question}/none",
        f"/q/{token}/{question}/%00%ff",
        nobody,
    ):
        for got in (shop.client.get(wrong), shop.client.post(wrong, data={"answer": "good"})):
            assert (got.status_code, "leads nowhere" in got.text) == (404, True), wrong
            assert 'href="../../../static/nurture.css"' in got.text
    assert events(shop) == []


def test_a_form_without_an_answer_asks_for_one_and_a_made_up_one_is_not_kept(shop: House) -> None:
    url = urls(shop)("how-was-it", "good")
    bare = shop.client.post(url, data={"comment": "well"})
    assert (bare.status_code, "Choose an answer first." in bare.text) == (400, True)
    assert shop.client.post(url, data={"answer": "wonderful"}).status_code == 410
    assert shop.client.post(
        url, content=b"answer=good", headers={"content-type": "text/plain"}
    ).status_code in (
        400,
        415,
    )
    assert events(shop) == []


def test_a_question_that_is_over_says_so_and_keeps_nothing(shop: House) -> None:
    url = urls(shop)
    html = letter(shop)
    fewer = QUESTIONS.replace("    fair: {says: All right, score: 2}\n", "")
    fewer = fewer[: fewer.index("recommend-us")]
    given = files({"questions": fewer, "care": CARE}, {})
    shop.corner.apply(given)
    shop.corner.world.look()
    last = list(dict.fromkeys(re.findall(r"/c/[\w-]{43}", html)))[2]
    assert shop.client.get(last).headers["location"].endswith(url("how-was-it", "poor"))
    for gone in (url("how-was-it", "fair"), url("recommend-us", "10")):
        for got in (shop.client.get(gone), shop.client.post(gone, data={"answer": "fair"})):
            assert (got.status_code, "This question is over" in got.text) == (410, True)
    assert shop.client.post(url("how-was-it", "poor"), data={"answer": "fair"}).status_code == 410
    assert events(shop) == []
    assert shop.client.post(url("how-was-it", "poor"), data={"answer": "poor"}).status_code == 200
    assert len(events(shop)) == 1


def test_whoever_was_erased_is_asked_nothing(store: Store, tmp_path: Path) -> None:
    with asked(store, tmp_path) as it:
        url = urls(it)("how-was-it", "good")
        it.client.post(url, data={"answer": "good"})
        with store.write() as tx:
            erase(tx, ANN, it.corner.app.address_key, it.corner.now)
        assert it.client.get(url).status_code == 404
        assert it.client.post(url, data={"answer": "poor"}).status_code == 404
        assert events(it) == []
        assert it.count("agenda") == 0


def test_a_button_that_is_pressed_often_at_once_counts_once(store: Store, tmp_path: Path) -> None:
    with asked(store, tmp_path) as it:
        url = urls(it)("how-was-it", "good")
        with ThreadPoolExecutor(6) as many:
            answers = list(many.map(lambda _: it.client.post(url, data={"answer": "good"}), range(12)))
        assert {one.status_code for one in answers} == {200}
        assert len(events(it)) == 1


def test_whoever_changes_their_mind_without_end_is_told_that_it_is_enough(shop: House) -> None:
    url = urls(shop)("how-was-it", "good")
    sent = [shop.client.post(url, data={"answer": ("good", "poor")[n % 2]}) for n in range(MOST + 2)]
    assert [one.status_code for one in sent[-3:]] == [200, 429, 200]
    assert "You have changed it many times" in sent[-2].text
    assert len(events(shop)) == MOST


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  well  ", "well"),
        ("a\r\nb\rc\n\nd", "a\nb\nc\n\nd"),
        ("\x00\x1b[31m\ud800red\u2028\x9b", "[31mred"),
        ("x" * 5_000, "x" * 1_000),
        ("\u200bé漢🙂", "\u200bé漢🙂"),
    ],
)
def test_of_a_comment_only_what_every_database_takes_is_kept(written: str, kept: str) -> None:
    assert comment_of(written) == kept
