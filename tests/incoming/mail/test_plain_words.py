"""Bounces that are no reports: what servers write in words, also in other languages."""

from __future__ import annotations

import pytest

from support.mails import ANN, KEY, bounce_address, id_of, original, read

HEAD = "From: MAILER-DAEMON@mx.example.test\nSubject: {}\nContent-Type: text/plain; charset=utf-8\n\n"
QMAIL = f"""\
{HEAD.format("failure notice")}Hi. This is the qmail-send program at mx.example.test.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{ANN}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

{original()}
Your mailbox is full of our news!
"""
EXIM = f"""\
X-Failed-Recipients: {ANN}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example.test>
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {ANN}
    retry time not reached for any host after a long failure period

------ This is a copy of the message, including all the headers. ------

{original()}"""
EXCHANGE = """\
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.test>
Subject: {}
Content-Type: text/html; charset=utf-8

<html><head><style>p {{ color: red }}</style></head><body><p><b>{}</b></p>
<p><a href="mailto:ann@example.test">Ann Example (ann@example.test)</a><br>{}</p>
<p>{}</p></body></html>
"""


def only(content: str, *envelope_to: str) -> tuple[str, str, str, str]:
    [it] = read(content, *envelope_to)
    return it.kind, it.recipient, it.severity, it.reason


def test_qmail_s_old_form_is_understood_with_the_message_it_brings_back() -> None:
    [it] = read(QMAIL)
    assert (it.kind, it.recipient, it.severity, it.reason) == ("bounced", ANN, "hard", "5.1.1")
    assert (it.key, it.proof) == (KEY, "original")
    assert "no mailbox here" in it.said and "our news" not in it.said


def test_exim_s_old_form_is_understood() -> None:
    assert only(EXIM) == ("bounced", ANN, "soft", "4.4.7")


@pytest.mark.parametrize(
    ("subject", "intro", "why", "severity"),
    [
        ("Undeliverable: News", "Delivery has failed to these recipients or groups:",
         "The email address you entered couldn't be found. Recipient not found.", "hard"),
        ("Unzustellbar: News", "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:",
         "Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.", "hard"),
        ("Non remis : News", "Échec de la remise aux destinataires ou groupes suivants :",
         "La boîte aux lettres du destinataire est pleine.", "soft"),
        ("No se puede entregar: News", "No se pudo entregar el mensaje a estos destinatarios o grupos:",
         "No se encontró la dirección de correo electrónico.", "hard"),
        ("Non recapitabile: News", "Impossibile recapitare il messaggio ai seguenti destinatari o gruppi:",
         "La casella di posta del destinatario è piena.", "soft"),
        ("Onbestelbaar: News", "Bezorging aan de volgende ontvangers of groepen is mislukt:",
         "Het adres bestaat niet.", "hard"),
        ("Не доставлено: News", "Ошибка доставки следующим получателям или группам:",
         "Адрес электронной почты не найден.", "hard"),
        ("配信不能: News", "次の受信者またはグループへの配信に失敗しました:",
         "受信者のメールアドレスが見つかりませんでした。アドレスは存在しません。", "hard"),
    ],
)  # fmt: skip
def test_exchange_is_understood_in_its_users_languages(
    subject: str, intro: str, why: str, severity: str
) -> None:
    mail = EXCHANGE.format(subject, intro, why, "Diagnostic information for administrators:")
    assert only(mail, bounce_address())[:3] == ("bounced", ANN, severity)


def test_what_the_returned_message_says_is_not_taken_for_the_reason() -> None:
    mail = QMAIL.replace("Sorry, no mailbox here by that name. (#5.1.1)", "Sorry.")
    assert only(mail) == ("bounced", ANN, "other", "failure notice")


@pytest.mark.parametrize(
    "text",
    [
        "Warning: message 1abc delayed 24 hours\n\nYour message has not yet been delivered to:\n\n"
        "  ann@example.test\n\nNo action is required on your part. Delivery attempts will continue for some time.",
        "Delivery Status Notification (Delay)\n\nDelivery to the following recipients has been delayed.\n\n"
        "       ann@example.test\n",
    ],
)
def test_a_delay_is_no_bounce(text: str) -> None:
    subject, _, words = text.partition("\n\n")
    kind, recipient, severity, _ = only(HEAD.format(subject) + words, bounce_address())
    assert (kind, recipient, severity) == ("deferred", ANN, "")


def test_a_bounce_that_names_nobody_is_about_the_message_whose_return_path_it_came_to() -> None:
    [it] = read(HEAD.format("Delivery failure") + "Mailbox full.", bounce_address())
    assert (it.kind, it.recipient, it.severity, it.key, it.proof) == ("bounced", "", "soft", KEY, "verp")


def test_a_name_server_that_does_not_answer_is_nobody_s_fault() -> None:
    words = f"Could not be delivered to:\n\n<{ANN}>: Name service error for example.test: Host not found, try again"
    assert only(HEAD.format("Undelivered Mail Returned to Sender") + words)[2:] == ("soft", "4.4.3")


@pytest.mark.parametrize(
    "text",
    [
        "I was unable to deliver the plants to ann@example.test, the address does not exist any more!",
        "Delivery to the following recipients failed last year:\nann@example.test\nWhy?",
    ],
)
def test_a_person_who_writes_of_failures_is_a_person(text: str) -> None:
    mail = f"From: Bob <bob@example.test>\nSubject: Re: Delivery problems? We help\nIn-Reply-To: {id_of()}\n\n{text}"
    [it] = read(mail, "help@shop.example")
    assert (it.kind, it.recipient, it.key) == ("replied", "bob@example.test", KEY)
