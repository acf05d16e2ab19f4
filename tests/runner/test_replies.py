"""What people write to us: passed on at once, answered or not, and marketing waits meanwhile; on both engines."""

from __future__ import annotations

import email
import zlib
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from nurture.clock import DAY, HOUR, MINUTE
from nurture.delivery.outcome import MessageKey
from nurture.incoming.heard import Heard
from nurture.messages.return_path import read_reply_address
from nurture.runner.hearing import Office, hear, note_answer
from nurture.runner.notices import by_hand
from nurture.runner.replies import answered, open_ones
from nurture.store import replies
from nurture.store.engine import Store
from support.corner import Corner, files, opened

CAMPAIGN = """\
topic: offers
stage: prospect
enter: {existing: yes}
sequence:
  - send: one
  - wait: 1 day
  - if: replied()
    then:
      - send: three
    else:
      - send: two
"""
SERVICE = """\
topic: service
enter: {on: asked}
sequence:
  - send: two
"""
ANN, OWNER, US = "ann@example.test", "bob@shop.example", "hello@shop.example"
RAW = b"From: ann@example.test\r\nSubject: Re: one\r\n\r\nIs it still there?\r\n" + b"x" * 2_000 + b"\r\n"


class Desk:
    """Ann got a message and answers it."""

    def __init__(self, corner: Corner) -> None:
        self.corner = corner
        corner.contact(ANN, first_name="Ann", attributes={"owner": OWNER})
        corner.until(corner.now + MINUTE)
        [(entry, step)] = corner.rows("SELECT enrollment_id, step_no FROM messages WHERE template = 'one'")
        self.key = MessageKey(entry, step)

    def writes(self, address: str = ANN, **more: object) -> int:
        given = {
            "kind": "replied",
            "recipient": address,
            "reason": "Re: one",
            "said": "Is it still there?\nAnn",
            **more,
        }
        app = self.corner.app
        office = Office(settings=app.settings, address_key=app.address_key)
        with self.corner.store.write() as tx:
            hear(tx, self.corner.store.ids, "smtp", [(Heard(**given), RAW)], office, self.corner.now)  # type: ignore[arg-type]
        [(newest,)] = self.corner.rows("SELECT max(id) FROM replies")
        return int(newest)

    def passed_on(self, reply: int) -> EmailMessage:
        app = self.corner.app
        with by_hand(app.notifying(self.corner.world, app.provider(), app.hooks())) as work:
            work()
        query = f"SELECT content FROM inbox WHERE enrollment_id = {reply} AND step_no = 0"
        [(content,)] = self.corner.rows(query)
        mail = email.message_from_bytes(zlib.decompress(content), policy=default)
        assert isinstance(mail, EmailMessage)
        return mail

    def quiet(self) -> list[tuple[str, int]]:
        return [(why, until) for why, until in self.corner.rows("SELECT why, until FROM quiet")]


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Iterator[Desk]:
    given = files({"first": CAMPAIGN, "asked": SERVICE})
    with opened(store, tmp_path, given, bounces={"domain": "b.shop.example"}) as corner:
        yield Desk(corner)


def test_it_is_passed_on_to_their_owner_with_all_that_is_known(desk: Desk) -> None:
    reply = desk.writes(key=tuple(desk.key))
    mail = desk.passed_on(reply)
    assert (mail["To"], mail["Subject"], mail["Auto-Submitted"]) == (OWNER, "Re: one", "auto-generated")
    assert mail["Reply-To"].startswith(ANN)
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")  # type: ignore[union-attr]
    assert text.startswith("Is it still there?\nAnn\n")
    assert "They expect it by " in text
    assert "1 received" in text
    [attached] = mail.iter_attachments()
    assert attached.get_payload(decode=True) == RAW


def test_without_an_owner_it_goes_where_answers_go_also_from_somebody_unknown(desk: Desk) -> None:
    assert desk.passed_on(desk.writes("stranger@example.test"))["To"] == US
    desk.corner.contact("carl@example.test")
    assert desk.passed_on(desk.writes("carl@example.test"))["To"] == US


def test_marketing_waits_for_the_answer_and_then_goes_on_knowing_of_it(desk: Desk) -> None:
    reply = desk.writes()
    desk.corner.event(ANN, "asked", desk.corner.now)
    desk.corner.until(desk.corner.now + 2 * DAY)
    assert [subject for who, subject, _ in desk.corner.inbox() if who == ANN] == ["one", "two"], (
        "only their own mail"
    )
    assert answered(desk.corner.store, [reply], "by phone", desk.corner.now) == {reply}
    desk.corner.until(desk.corner.now + MINUTE)
    assert [subject for who, subject, _ in desk.corner.inbox() if who == ANN] == ["one", "two", "three"]


def test_it_waits_no_longer_than_four_working_days(desk: Desk) -> None:
    desk.writes()
    # A Sunday: the four working days end on Thursday at midnight.
    assert desk.quiet() == [("reply", desk.corner.now - desk.corner.now % DAY + 5 * DAY)]
    desk.corner.until(desk.corner.now + 5 * DAY)
    assert [subject for who, subject, _ in desk.corner.inbox() if who == ANN] == ["one", "three"]


def test_it_waits_until_the_last_of_several_is_answered(desk: Desk) -> None:
    first, second = desk.writes(), desk.writes()
    with desk.corner.store.write() as tx:
        assert note_answer(tx, first, OWNER, desk.corner.now)
        assert not note_answer(tx, first, OWNER, desk.corner.now)
    assert len(desk.quiet()) == 1
    answered(desk.corner.store, [second], OWNER, desk.corner.now)
    assert desk.quiet() == []


def test_what_nobody_answers_in_four_working_hours_is_late(desk: Desk) -> None:
    desk.corner.clock.move_to(desk.corner.now + DAY + 8 * HOUR)  # Monday
    reply = desk.writes()
    [it] = open_ones(desk.corner.store, desk.corner.app.settings, desk.corner.now)
    assert (it.reply.id, it.reply.email, it.reply.said) == (reply, ANN, "Is it still there?\nAnn")
    assert not it.is_late(desk.corner.now + 4 * HOUR)
    assert it.is_late(desk.corner.now + 5 * HOUR)
    answered(desk.corner.store, [reply], "", desk.corner.now)
    assert open_ones(desk.corner.store, desk.corner.app.settings, desk.corner.now) == []
    with desk.corner.store.read() as tx:
        assert [it.id for it in replies.lately(tx, 0)] == [reply]


def test_hostile_replies_are_passed_on_as_plain_text(desk: Desk) -> None:
    said = "<script>alert(1)</script>\r\nBcc: x@example.test\x00\ud800"
    mail = desk.passed_on(desk.writes(said=said, reason="Hi\r\nBcc: x@example.test =?utf-8?q?=0aBcc:_y?="))
    assert mail["Bcc"] is None
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<script>" not in html
    assert read_reply_address("r+x@b.shop.example", desk.corner.app.signer) is None


def test_nobody_is_passed_what_they_wrote_themselves_so_that_two_machines_never_go_on(desk: Desk) -> None:
    """A machine that answers in its owner's name, and does not say that it is one, would be answered for ever."""
    desk.corner.contact(OWNER, attributes={"owner": f"Bob <{OWNER.upper()}>"})
    reply = desk.writes(OWNER)
    assert desk.corner.rows(f"SELECT target FROM notices WHERE enrollment_id = {reply}") == []
    assert [
        it.reply.id for it in open_ones(desk.corner.store, desk.corner.app.settings, desk.corner.now)
    ] == [reply]


def test_a_stranger_who_answers_a_message_that_was_passed_on_gets_no_answer_about_them(desk: Desk) -> None:
    reply = desk.writes("eve@evil.example", key=tuple(desk.key), proof="original")
    assert "eve@" not in desk.passed_on(reply)["Reply-To"]
