"""Mail that comes in, from the bytes to what becomes of the contact, on both engines."""

from __future__ import annotations

import asyncio
import random
import smtplib
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from nurture.clock import MINUTE
from nurture.delivery.outcome import MessageKey
from nurture.errors import ServiceError
from nurture.messages.mime import message_id, seal_of
from nurture.messages.return_path import reply_address, return_path, unsubscribe_address
from nurture.runner.mail_in import MailIn, Post
from nurture.runner.troubles import Troubles
from nurture.settings.mail_in import MailIn as MailInSettings
from nurture.store import suppressions
from nurture.store.engine import Store, open_store
from support.corner import START, Corner, files, opened
from support.dovecot import PASSWORD, USER, Dovecot, running
from support.mails import failed, feedback, letter, report
from support.on_loop import on_loop

CAMPAIGN = """\
topic: offers
stage: prospect
enter: {existing: yes}
sequence:
  - send: one
  - wait: 2 days
  - send: two
"""
ANN = "ann@example.test"
DOMAIN = "bounces.shop.example"


class Desk:
    """Ann got a message; this is mail about it."""

    def __init__(self, corner: Corner) -> None:
        self.corner = corner
        corner.contact(ANN)
        corner.until(corner.now + MINUTE)
        [(entry, step)] = corner.rows("SELECT enrollment_id, step_no FROM messages WHERE template = 'one'")
        self.key = MessageKey(entry, step)
        self.signer = corner.app.signer
        self.post: Post = corner.app.post(corner.world)

    @property
    def returned(self) -> str:
        """The head of the message, as it comes back."""
        id_ = message_id(self.key, self.corner.app.settings.sender.from_, seal_of(self.key, self.signer))
        return f"From: hello@shop.example\nTo: {ANN}\nMessage-ID: {id_}\n"

    @property
    def verp(self) -> str:
        return return_path(self.key, DOMAIN, self.signer)

    def take(self, mail: str, *to: str) -> list[str]:
        """The effect of a mail that was handed over."""
        return [
            it.effect for it in self.post.take(mail.replace("\n", "\r\n").encode(), to or (f"fbl@{DOMAIN}",))
        ]

    def suppressed(self, address: str = ANN) -> str:
        with self.corner.store.read() as tx:
            return suppressions.suppressed(tx, self.corner.app.address_key, [address]).get(address, "")

    def kept(self) -> list[tuple[str, str]]:
        return [tuple(it) for it in self.corner.rows("SELECT source, kind FROM arrivals ORDER BY id")]


@contextmanager
def shop(store: Store, folder: Path, **mail_in: object) -> Iterator[Desk]:
    with opened(
        store, folder, files({"first": CAMPAIGN}), bounces={"domain": DOMAIN},
        mail_in={"listen": "127.0.0.1:0", "addresses": ["help@shop.example"], **mail_in},
    ) as corner:  # fmt: skip
        yield Desk(corner)


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Iterator[Desk]:
    with shop(store, tmp_path) as it:
        yield it


@pytest.fixture
def lite(sqlite_url: str, tmp_path: Path) -> Iterator[Desk]:
    """On SQLite alone: for what is the same on both."""
    with (
        closing(open_store(sqlite_url, now=START, durable=False)) as opened_store,
        shop(opened_store, tmp_path) as it,
    ):
        yield it


def test_a_hard_bounce_to_the_return_path_suppresses_once(desk: Desk) -> None:
    mail = report(failed())
    assert desk.take(mail, desk.verp) == ["suppressed"]
    assert desk.take(mail, desk.verp) == ["known"]
    assert desk.suppressed() == "bounced: 5.1.1"
    assert desk.kept() == [("smtp", "bounced")]


def test_a_bounce_without_a_proof_changes_nothing_and_is_kept(lite: Desk) -> None:
    forged = lite.verp.replace("b+a", "b+b")
    for mail, to in ((report(failed()), "x@" + DOMAIN), (report(failed()), forged)):
        assert lite.take(mail, to)[0] in ("unproven", "known")
    assert lite.suppressed() == ""
    assert lite.kept() == [("smtp", "bounced")]


def test_the_message_that_comes_back_is_a_proof_only_about_whom_it_went_to(lite: Desk) -> None:
    assert lite.take(report(failed("bob@example.test"), returned=lite.returned)) == ["unproven"]
    assert lite.take(report(failed(), returned=lite.returned)) == ["suppressed"]


def test_a_full_mailbox_counts_and_policy_does_not(lite: Desk) -> None:
    full = report(failed(status="5.2.2", answer="552 5.2.2 Mailbox full"))
    spam = report(failed(status="5.7.1", answer="550 5.7.1 Spam"))
    assert lite.take(full, lite.verp) == ["counted"]
    assert lite.take(spam, lite.verp) == ["kept"]
    assert lite.suppressed() == ""


def test_a_complaint_suppresses_and_a_failed_signature_does_not(lite: Desk) -> None:
    assert lite.take(feedback("auth-failure", returned=lite.returned)) == ["kept"]
    assert lite.suppressed() == ""
    assert lite.take(feedback("abuse", returned=lite.returned)) == ["suppressed"]
    assert lite.suppressed() == "complained"


def test_a_mail_to_the_address_that_unsubscribes_takes_consent_back(desk: Desk) -> None:
    to = unsubscribe_address(desk.key, DOMAIN, desk.signer)
    assert desk.take(letter("", subject="unsubscribe"), to) == ["withdrawn"]
    agreed = desk.corner.rows("SELECT agreed FROM consent_states WHERE topic = 'offers'")
    assert [bool(it) for (it,) in agreed] == [False]


def test_an_automatic_answer_is_kept_and_a_person_s_is_passed_on(desk: Desk) -> None:
    away = letter("Away", headers="Auto-Submitted: auto-replied\n")
    assert desk.take(away, desk.verp) == ["kept"]
    assert desk.take(letter("Do you ship to Norway?"), "help@shop.example") == ["passed on"]
    [(contact, answered)] = desk.corner.rows("SELECT contact_id, answered_at FROM replies")
    assert contact and not answered


def test_a_copy_of_the_answer_ends_the_waiting_and_an_automatic_one_does_not(desk: Desk) -> None:
    desk.take(letter("Do you ship to Norway?"), "help@shop.example")
    [(reply,)] = desk.corner.rows("SELECT id FROM replies")
    to = reply_address(reply, DOMAIN, desk.signer)
    desk.take(letter("Away", sender="staff@shop.example", headers="Auto-Submitted: auto-replied\n"), to)
    assert desk.corner.rows("SELECT answered_at FROM replies WHERE answered_at > 0") == []
    desk.take(letter("We do.", sender="staff@shop.example"), to)
    [(by,)] = desk.corner.rows("SELECT answered_by FROM replies WHERE answered_at > 0")
    assert by == "staff@shop.example"


def test_only_addresses_of_ours_are_accepted(lite: Desk) -> None:
    good = (
        lite.verp, lite.verp.upper(), unsubscribe_address(lite.key, DOMAIN, lite.signer),
        reply_address(1, DOMAIN, lite.signer), f"fbl@{DOMAIN}", "HELP@shop.example",
    )  # fmt: skip
    bad = (
        lite.verp.replace("b+a", "b+b"), f"b+x@{DOMAIN}", "hello@shop.example", "", "<>", f"x@sub.{DOMAIN}",
        "x\udcff@shop.example",
    )  # fmt: skip
    assert [it for it in good if not lite.post.accepts(it)] == []
    assert [it for it in bad if lite.post.accepts(it)] == []


def test_broken_mail_is_taken_in_and_suppresses_nobody(desk: Desk) -> None:
    chance = random.Random(5)
    whole = report(failed("bob@example.test"), returned=desk.returned).encode()
    desk.corner.contact("bob@example.test")
    for _ in range(40):
        mail = bytearray(whole)
        at = chance.randrange(len(mail))
        mail[at : at + chance.randint(0, 60)] = chance.choice(
            [b"\x00", b"\xed\xa0\x80", b"\xff", b"\r\n\r\n", b""]
        )
        desk.post.take(bytes(mail), ["help@shop.example"])
    assert (desk.suppressed(), desk.suppressed("bob@example.test")) == ("", "")


@on_loop
async def test_the_daemon_s_part_takes_mail_in_by_lmtp_until_it_is_stopped(lite: Desk) -> None:
    mail_in, stop = MailIn(lite.post), asyncio.Event()
    running_part = asyncio.create_task(mail_in.run(stop))
    assert mail_in.listener is not None
    while not mail_in.listener.port:
        await asyncio.sleep(0)

    def hand_over() -> None:
        with smtplib.LMTP("127.0.0.1", mail_in.listener.port, local_hostname="mx.example.test") as server:  # type: ignore[union-attr]
            server.sendmail("", [lite.verp], report(failed()))

    await asyncio.to_thread(hand_over)
    assert lite.suppressed() == "bounced: 5.1.1"
    stop.set()
    await running_part


@on_loop
async def test_a_port_that_is_taken_ends_the_daemon_with_a_word_about_it(lite: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        mail_in = MailInSettings(listen=f"127.0.0.1:{taken.getsockname()[1]}")
        settings = lite.post.settings.model_copy(update={"mail_in": mail_in})
        stop = asyncio.Event()
        with pytest.raises(ServiceError, match="in use"):
            await MailIn(replace(lite.post, settings=settings)).run(stop)
        assert stop.is_set()


@pytest.fixture
def polled(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Desk, Dovecot]]:
    """A mailbox on a real server, and who looks into it."""
    with ExitStack() as ends:
        dovecot = ends.enter_context(running())
        imap = {
            "host": "127.0.0.1",
            "port": dovecot.port,
            "security": "none",
            "user": USER,
            "every": "1 second",
        }
        store = ends.enter_context(closing(open_store(sqlite_url, now=START, durable=False)))
        yield (
            ends.enter_context(shop(store, tmp_path, imap={**imap, "password": PASSWORD}, listen="")),
            dovecot,
        )


@on_loop
async def test_the_daemon_s_part_looks_into_a_mailbox_and_outlives_its_server(
    polled: tuple[Desk, Dovecot],
) -> None:
    desk, dovecot = polled
    answer = letter("Yes!", headers=desk.returned.splitlines()[2].replace("Message-ID", "In-Reply-To") + "\n")
    private = letter("Lunch?", subject="Lunch", sender="friend@example.test")
    bounce = f"Delivered-To: {desk.verp}\n{report(failed())}"
    dovecot.put(*(it.replace("\n", "\r\n").encode() for it in (private, bounce, answer)))
    troubles, stop = Troubles(), asyncio.Event()
    part = asyncio.create_task(MailIn(desk.post, troubles).run(stop))
    while len(await asyncio.to_thread(dovecot.mails)) > 2:
        assert not part.done()
    assert desk.kept() == [("imap", "bounced"), ("imap", "replied")]
    assert dovecot.mails() == [("", "Lunch"), ("", "Re: News")]
    assert desk.suppressed() == "bounced: 5.1.1"
    assert troubles.lasting() == frozenset()
    dovecot.stop()
    while not troubles.lasting():
        assert not part.done()
        await asyncio.sleep(0.02)
    assert troubles.lasting() == {"mailbox"}
    stop.set()
    await part
