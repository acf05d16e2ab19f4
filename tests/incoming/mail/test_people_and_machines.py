"""Automatic answers (RFC 3834), unsubscribing by mail (RFC 2369), and what people write."""

from __future__ import annotations

import pytest

from nurture.incoming.mail.own_words import own_words
from nurture.incoming.mail.read import reply_token_of
from nurture.messages.return_path import reply_address, unsubscribe_address
from support.mails import ANN, DOMAIN, KEY, SIGNER, bounce_address, id_of, letter, read


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner-email=ann@example.test",
        "Auto-Submitted: Auto-Notified",
        "X-Auto-Response-Suppress: All",
        "X-MS-Exchange-Inbox-Rules-Loop: ann@example.test",
        "X-Autoreply: yes",
        "X-Autorespond: Re: News",
        "Precedence: auto_reply",
        "Precedence: bulk",
        "X-Mailer: vacation 1.2",
        "Return-Path: <>",
        "List-Id: <list.example.test>",
    ],
)
def test_a_header_that_only_machines_write_makes_it_an_automatic_answer(header: str) -> None:
    [it] = read(
        letter("I am away until Monday.", headers=f"In-Reply-To: {id_of()}\n{header}\n"), bounce_address()
    )
    assert (it.kind, it.recipient, it.key, it.proof) == ("auto-reply", ANN, KEY, "verp")
    assert it.reason.startswith(header.partition(":")[0].lower())


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: News", "Out of Office: News", "Auto: News", "Abwesenheitsnotiz: News",
        "Automatische Antwort: News", "Réponse automatique : News", "Respuesta automática: News",
        "Risposta automatica: News", "Automatisch antwoord: News", "Automatiskt svar: News",
        "Autosvar: News", "Odpowiedź automatyczna: News", "Автоответ: News", "自動応答: News", "自动答复: News",
        "=?utf-8?q?Abwesend_bis_Montag?=",
    ],
)  # fmt: skip
def test_a_subject_says_so_in_many_languages(subject: str) -> None:
    [it] = read(letter("I am away.", subject=subject), "help@shop.example")
    assert (it.kind, it.reason.partition(":")[0]) == ("auto-reply", "subject")


@pytest.mark.parametrize(
    "header", ["", "Auto-Submitted: no\n", "Auto-Submitted: No (a person)\n", "Precedence: first-class\n"]
)
def test_what_a_person_wrote_is_a_reply(header: str) -> None:
    mail = letter("Do you ship to Norway?\n", headers=f"References: <a@b.example> {id_of()}\n{header}")
    [it] = read(mail, "help@shop.example")
    assert (it.kind, it.recipient, it.key, it.proof) == ("replied", ANN, KEY, "original")
    assert (it.reason, it.said) == ("Re: News", "Do you ship to Norway?")


def test_what_came_to_the_return_path_from_a_person_is_a_reply_all_the_same() -> None:
    [it] = read(letter("Hello?"), bounce_address())
    assert (it.kind, it.key, it.proof) == ("replied", KEY, "verp")


def test_a_mail_about_nothing_of_ours_is_a_reply_to_nothing() -> None:
    [it] = read(letter("Hello", headers="In-Reply-To: <77-3.0123456789abcdef@shop.example>\n"))
    assert (it.kind, it.key, it.proof) == ("replied", None, "")


def test_whoever_writes_to_the_address_that_unsubscribes_is_unsubscribed() -> None:
    address = unsubscribe_address(KEY, DOMAIN, SIGNER)
    for mail in (letter("", subject="unsubscribe"), letter("x", headers="Auto-Submitted: auto-generated\n")):
        [it] = read(mail, address)
        assert (it.kind, it.key, it.proof, it.reason) == ("unsubscribed", KEY, "verp", "by mail")
    [it] = read(letter("x"), address.replace("u+", "b+"))
    assert (it.kind, it.key) == ("replied", None)


def test_a_copy_of_the_answer_to_a_reply_is_known_by_its_address() -> None:
    address = reply_address(4711, DOMAIN, SIGNER)
    assert reply_token_of(["somebody@example.test", address.upper()], SIGNER) == 4711
    [it] = read(letter("Yes, we do.", sender="staff@shop.example"), address)
    assert (it.kind, it.reason) == ("ignored", "answer")
    [it] = read(letter("Away", headers="Auto-Submitted: auto-replied\n"), address)
    assert (it.kind, it.reason) == ("ignored", "auto-submitted: auto-replied")


@pytest.mark.parametrize(
    "text",
    [
        "Yes please.\n\nOn Mon, 2 Jan 2017 at 10:00, Corner Shop <hello@shop.example> wrote:\n> Shall we?\n",
        "Yes please.\n\nOn Mon, 2 Jan 2017 at 10:00, Corner Shop <hello@shop.example>\nwrote:\n\n> Shall we?\n",
        "Yes please.\n\nAm 02.01.17 um 10:00 schrieb Corner Shop:\n> Shall we?\n",
        "Yes please.\n\nLe lun. 2 janv. 2017 à 10:00, Corner Shop a écrit :\n> Shall we?\n",
        "Yes please.\n\n-----Original Message-----\nFrom: Corner Shop\nShall we?\n",
        "Yes please.\n\n________________________________\nVon: Corner Shop\nShall we?\n",
        "Yes please.\n\nFrom: Corner Shop <hello@shop.example>\nSent: Monday, 2 January 2017\nShall we?\n",
        "> Shall we?\n\nYes please.\n",
        "Yes please.\n-- \nAnn Example\n1 Main Street\n",
        "On Mon, 2 Jan 2017 at 10:00, Corner Shop wrote:\n> Shall we?\n\nYes please.\n",
    ],
)
def test_of_a_reply_only_its_own_words_are_kept(text: str) -> None:
    assert own_words(text) == "Yes please."


@pytest.mark.parametrize(
    "text",
    [
        "From: what you said: nothing came.\nAnd now?",
        "On Monday I wrote a mail.\nNobody answered.",
        "> quoted",
    ],
)
def test_what_only_looks_quoted_is_kept(text: str) -> None:
    assert own_words(text) == text


def test_a_reply_in_html_is_read_as_a_person_sees_it() -> None:
    html = "<html><style>p{}</style><p>Do you ship<br>to <b>Norway</b>&nbsp;?</p><script>alert(1)</script></html>"
    mail = letter(html, headers="Content-Type: text/html; charset=utf-8\n")
    [it] = read(mail, "help@shop.example")
    assert it.said == "Do you ship\nto Norway\xa0?"


def test_the_same_mail_has_the_same_id_however_often_it_comes_and_another_has_another() -> None:
    mail = letter("Hello")
    [first] = read(mail, "help@shop.example")
    [again] = read(f"Received: from a by b\nDelivered-To: x@example.test\n{mail}", "help@shop.example")
    [other] = read(letter("Hello!"), "help@shop.example")
    assert first.id == again.id != other.id
    assert len(first.id) <= 40
