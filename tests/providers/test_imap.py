"""A mailbox on a real IMAP server, looked into: what is ours goes, the rest stays as it was."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter

import pytest

from nurture.clock import SystemClock
from nurture.errors import ServiceError, StoreError
from nurture.providers.imap import Account, Fate, Mailbox
from support.dovecot import PASSWORD, USER, Dovecot, running

NOW = SystemClock().now()


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with running() as dovecot:
        yield dovecot


@pytest.fixture
def dovecot(server: Dovecot) -> Dovecot:
    """With nothing in it."""
    server.empty()
    return server


@pytest.fixture
def account(dovecot: Dovecot) -> Account:
    return Account(host="127.0.0.1", port=dovecot.port, security="none", user=USER, password=PASSWORD)


class Reader:
    """Takes in what has "ours" in its subject; keeps for people what has "reply"."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def take(self, content: bytes) -> Fate:
        subject = content.partition(b"\r\n")[0].decode().removeprefix("Subject: ")
        self.read.append(subject)
        return "done" if "ours" in subject else "kept" if "reply" in subject else "not ours"


def mail(subject: str) -> bytes:
    return f"Subject: {subject}\r\n\r\nHello\r\n".encode()


def test_what_is_ours_is_moved_and_the_rest_is_left_unread_where_it_is(
    dovecot: Dovecot, account: Account
) -> None:
    dovecot.put(mail("private"), mail("ours 1"), mail("a reply"), mail("ours 2"))
    dovecot.put(mail("deleted"), flags="(\\Deleted)")
    reader, mailbox = Reader(), Mailbox(account)
    assert mailbox.look(reader.take, NOW) is False
    assert reader.read == ["private", "ours 1", "a reply", "ours 2"]
    assert dovecot.mails() == [("", "private"), ("", "a reply"), ("\\Deleted", "deleted")]
    assert dovecot.mails("nurture.done") == [("", "ours 1"), ("", "ours 2")]


def test_each_mail_is_looked_at_once(dovecot: Dovecot, account: Account) -> None:
    dovecot.put(mail("private"))
    reader, mailbox = Reader(), Mailbox(account)
    mailbox.look(reader.take, NOW)
    mailbox.look(reader.take, NOW)
    dovecot.put(mail("ours"))
    mailbox.look(reader.take, NOW)
    assert reader.read == ["private", "ours"]


def test_a_flag_will_do(dovecot: Dovecot, account: Account) -> None:
    dovecot.put(mail("private"), mail("ours"))
    dovecot.put(mail("ours, read before"), flags="(\\Seen)")
    reader = Reader()
    Mailbox(replace(account, done="seen")).look(reader.take, NOW)
    assert reader.read == ["private", "ours"]
    assert dovecot.mails() == [("", "private"), ("\\Seen", "ours"), ("\\Seen", "ours, read before")]


def test_what_was_taken_in_before_the_database_went_is_put_away(dovecot: Dovecot, account: Account) -> None:
    dovecot.put(mail("ours 1"), mail("ours 2"))
    reader, mailbox = Reader(), Mailbox(account)

    def breaks(content: bytes) -> Fate:
        if b"ours 2" in content:
            raise StoreError("it does not answer")
        return reader.take(content)

    with pytest.raises(StoreError):
        mailbox.look(breaks, NOW)
    assert dovecot.mails() == [("", "ours 2")]
    mailbox.look(reader.take, NOW)
    assert (dovecot.mails(), reader.read) == ([], ["ours 1", "ours 2"])


def test_a_folder_that_was_made_anew_is_read_anew(dovecot: Dovecot, account: Account) -> None:
    reader, mailbox = Reader(), Mailbox(replace(account, folder="other"))
    for subject in ("first", "second"):
        with dovecot.client() as client:
            client.create("other")
            client.append("other", "", "", mail(subject))
        mailbox.look(reader.take, NOW)
        with dovecot.client() as client:
            client.delete("other")
    assert reader.read == ["first", "second"]


@pytest.mark.parametrize(
    ("changes", "said", "remedy"),
    [
        ({"password": "wrong"}, "does not let us in", "NURTURE_MAIL_IN_IMAP_PASSWORD"),
        ({"password": "falsch-ß"}, "does not let us in", "NURTURE_MAIL_IN_IMAP_PASSWORD"),
        ({"folder": "no such"}, "cannot be looked into", "[mail_in.imap]"),
        ({"security": "tls"}, "cannot be looked into", "[mail_in.imap]"),
        ({"security": "starttls"}, "certificate verify failed", "[mail_in.imap]"),
        ({"port": 1}, "cannot be looked into", "[mail_in.imap]"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(
    account: Account, changes: dict[str, str], said: str, remedy: str
) -> None:
    given = replace(account, **changes)  # type: ignore[arg-type]  # strings for strings
    with pytest.raises(ServiceError) as error:
        Mailbox(given, seconds=5).look(Reader().take, NOW)
    assert said in error.value.message and remedy in error.value.remedy
    assert given.password not in str(error.value)
    assert str(given.port) in error.value.where


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_under_tls_the_server_is_who_its_certificate_says(
    dovecot: Dovecot, account: Account, security: str
) -> None:
    dovecot.put(mail("ours"))
    port = dovecot.tls_port if security == "tls" else dovecot.port
    under_tls = replace(account, port=port, security=security)  # type: ignore[arg-type]  # one of the two
    with pytest.raises(ServiceError, match="certificate verify failed"):
        Mailbox(under_tls, seconds=5).look(Reader().take, NOW)
    reader = Reader()
    Mailbox(replace(under_tls, ca_file=str(dovecot.certificate))).look(reader.take, NOW)
    assert reader.read == ["ours"]


def test_a_server_that_is_silent_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        account = Account(host="127.0.0.1", port=port, security="none", user="u", password="p")
        began = perf_counter()
        with pytest.raises(ServiceError, match="timed out"):
            Mailbox(account, seconds=0.1).look(Reader().take, NOW)
        assert perf_counter() - began < 5


def test_a_look_can_be_interrupted(dovecot: Dovecot, account: Account) -> None:
    dovecot.put(mail("ours"), mail("ours"))
    mailbox, entered = Mailbox(account), threading.Event()

    def take(content: bytes) -> Fate:
        entered.set()
        mailbox.interrupt()
        return "not ours"

    with pytest.raises(ServiceError):
        mailbox.look(take, NOW)
    assert entered.is_set()
    assert len(dovecot.mails()) == 2
