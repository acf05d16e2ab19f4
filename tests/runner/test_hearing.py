"""What others tell us, taken in on both engines, in a shop where a message was sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.clock import DAY, HOUR, MINUTE
from nurture.delivery.outcome import MessageKey
from nurture.incoming.heard import Heard
from nurture.runner.erase import erase
from nurture.runner.hearing import Effect, Office, hear
from nurture.store import arrivals, suppressions
from nurture.store.engine import Store
from support.corner import Corner, files, opened

CAMPAIGN = """\
topic: offers
stage: prospect
enter: {existing: yes}
sequence:
  - send: one
  - wait: 2 days
  - send: two
"""
SERVICE = CAMPAIGN.replace("topic: offers", "topic: service").replace("one", "three")
ANN, BOB = "ann@example.test", "bob@example.test"


class Desk:
    """Ann got a message; this tells what others say of it."""

    def __init__(self, corner: Corner) -> None:
        self.corner = corner
        corner.contact(ANN)
        corner.until(corner.now + MINUTE)
        [(entry, step)] = corner.rows("SELECT enrollment_id, step_no FROM messages WHERE template = 'one'")
        self.key = MessageKey(entry, step)

    def hear(self, *heard: Heard, source: str = "a test") -> list[Effect]:
        app = self.corner.app
        office = Office(settings=app.settings, address_key=app.address_key, topics={"first": "offers"})
        with self.corner.store.write() as tx:
            given = [(it, f"raw {it.id}".encode()) for it in heard]
            taken = hear(tx, self.corner.store.ids, source, given, office, self.corner.now)
        return [it.effect for it in taken]

    def suppressed(self, address: str = ANN) -> str:
        with self.corner.store.read() as tx:
            return suppressions.suppressed(tx, self.corner.app.address_key, [address]).get(address, "")

    def outcome(self) -> tuple[str, str]:
        [(outcome, reason)] = self.corner.rows("SELECT outcome, reason FROM messages WHERE template = 'one'")
        return outcome, reason

    def agreed(self) -> dict[str, bool]:
        return {t: bool(a) for t, a in self.corner.rows("SELECT topic, agreed FROM consent_states")}


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> object:
    with opened(store, tmp_path, files({"first": CAMPAIGN, "second": SERVICE})) as corner:
        yield Desk(corner)


def bounce(desk: Desk, **more: object) -> Heard:
    given = {
        "kind": "bounced",
        "severity": "hard",
        "reason": "5.1.1",
        "key": tuple(desk.key),
        "proof": "verp",
    }
    return Heard(**{**given, **more})  # type: ignore[arg-type]  # a test's own shorthand


def test_a_hard_bounce_suppresses_at_once_and_the_message_was_not_received(desk: Desk) -> None:
    at = desk.corner.rows("SELECT done_at FROM messages WHERE template = 'one'")
    assert desk.hear(bounce(desk, said="no such user")) == ["suppressed"]
    assert desk.suppressed() == "bounced: 5.1.1"
    assert desk.outcome() == ("bounced", "5.1.1")
    assert desk.corner.rows("SELECT done_at FROM messages WHERE template = 'one'") == at
    assert desk.corner.rows("SELECT kind FROM signs WHERE enrollment_id = " + str(desk.key[0])) == []
    desk.corner.until(desk.corner.now + 3 * DAY)
    assert "two" not in [subject for _, subject, _ in desk.corner.inbox()]


def test_the_same_again_is_known(desk: Desk) -> None:
    it = Heard(kind="bounced", severity="soft", key=tuple(desk.key), proof="signed", recipient=ANN, id="e-1")
    assert desk.hear(it, it) == ["counted", "known"]
    assert desk.hear(it) == ["known"]
    assert desk.hear(it, source="another") == ["counted"]
    assert len(desk.corner.rows("SELECT 1 FROM arrivals")) == 2


@pytest.mark.parametrize("kind", ["bounced", "complained", "unsubscribed"])
def test_what_nobody_proved_changes_nothing_and_is_kept(desk: Desk, kind: str) -> None:
    before = desk.outcome(), desk.agreed()
    assert desk.hear(bounce(desk, kind=kind, proof="", recipient=ANN)) == ["unproven"]
    assert (desk.outcome(), desk.agreed(), desk.suppressed()) == (*before, "")
    [(id_, kept)] = desk.corner.rows("SELECT id, kind FROM arrivals")
    assert kept == kind
    with desk.corner.store.read() as tx:
        assert arrivals.contents(tx, [id_]) == {id_: b"raw "}


def test_our_message_id_proves_it_only_with_the_address_it_went_to(desk: Desk) -> None:
    assert desk.hear(bounce(desk, proof="original", recipient="bob@example.test")) == ["unproven"]
    assert desk.hear(bounce(desk, proof="original", recipient="")) == ["unproven"]
    assert desk.hear(bounce(desk, proof="original", recipient=ANN)) == ["suppressed"]


def test_who_forwards_their_mail_is_suppressed_by_their_own_address(desk: Desk) -> None:
    assert desk.hear(bounce(desk, recipient="elsewhere@example.test")) == ["suppressed"]
    assert desk.suppressed() == "bounced: 5.1.1"
    assert desk.suppressed("elsewhere@example.test") == ""


def test_a_provider_may_speak_of_an_address_alone(desk: Desk) -> None:
    assert desk.hear(bounce(desk, key=None, proof="signed", recipient=ANN)) == ["suppressed"]
    assert desk.hear(bounce(desk, key=None, proof="signed", recipient="x@example.test")) == ["suppressed"]
    assert desk.suppressed() == desk.suppressed("x@example.test") == "bounced: 5.1.1"


def test_soft_bounces_suppress_after_five_days_and_a_delivery_wipes_them_out(desk: Desk) -> None:
    for day in range(4):
        assert desk.hear(bounce(desk, severity="soft", reason="5.2.2", id=f"b{day}")) == ["counted"]
        desk.corner.clock.move_to(desk.corner.now + DAY)
    assert desk.hear(bounce(desk, kind="delivered", severity="")) == ["kept"]
    for day in range(4, 8):
        assert desk.hear(bounce(desk, severity="soft", reason="5.2.2", id=f"b{day}")) == ["counted"]
        desk.corner.clock.move_to(desk.corner.now + DAY)
    assert desk.hear(bounce(desk, severity="soft", reason="5.2.2", id="last")) == ["suppressed"]
    assert desk.suppressed() == "bounced: too often: 5.2.2"


def test_somebody_who_reads_wipes_soft_bounces_out_as_well(desk: Desk) -> None:
    assert desk.hear(bounce(desk, severity="soft", reason="5.2.2", id="b")) == ["counted"]
    with desk.corner.store.write() as tx:
        tx.exec_driver_sql("UPDATE messages SET outcome = 'sent' WHERE template = 'one'")
    at = desk.corner.now + HOUR
    desk.corner.clock.move_to(at)
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
    desk.hear(bounce(desk, kind="opened", severity="", at=at, agent=agent, ip="203.0.113.7", id="o"))
    assert desk.corner.rows("SELECT verdict FROM hits") == [("human",)]
    assert desk.corner.rows("SELECT 1 FROM soft_bounces") == []


def test_a_refusal_of_the_message_is_nobodys_fault(desk: Desk) -> None:
    assert desk.hear(bounce(desk, severity="other", reason="5.7.1")) == ["kept"]
    assert (desk.outcome(), desk.suppressed()) == (("refused", "5.7.1"), "")


def test_a_complaint_ends_everything_and_is_counted(desk: Desk) -> None:
    assert desk.hear(bounce(desk, kind="complained", severity="")) == ["suppressed"]
    assert desk.suppressed() == "complained"
    assert desk.agreed() == {"offers": False, "news": False}
    assert desk.corner.rows("SELECT kind FROM signs WHERE kind = 'complaint'") == [("complaint",)]


def test_a_complaint_without_a_name_counts_by_its_message(desk: Desk) -> None:
    assert desk.hear(bounce(desk, kind="complained", severity="", proof="", id="a")) == ["suppressed"]
    assert desk.suppressed() == "complained"
    assert desk.hear(Heard(kind="complained", key=(7, 1), id="b")) == ["unproven"]


def test_who_unsubscribes_by_mail_gets_no_marketing_and_still_their_own_mail(desk: Desk) -> None:
    assert desk.hear(bounce(desk, kind="unsubscribed", severity="")) == ["withdrawn"]
    assert desk.agreed() == {"offers": False, "news": False}
    assert desk.suppressed() == ""
    words = desk.corner.rows("SELECT DISTINCT basis FROM consents WHERE NOT agreed")
    assert words == [("unsubscribed by mail",)]


def test_a_lost_reply_of_the_server_is_settled_by_a_report_of_delivery(desk: Desk) -> None:
    with desk.corner.store.write() as tx:
        tx.exec_driver_sql("UPDATE messages SET outcome = 'unknown' WHERE template = 'one'")
    assert desk.hear(bounce(desk, kind="delivered", severity="")) == ["kept"]
    assert desk.outcome()[0] == "sent"


def test_clicks_that_a_provider_counted_are_judged_as_our_own(desk: Desk) -> None:
    at = desk.corner.now + HOUR
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
    desk.corner.clock.move_to(at)
    click = bounce(desk, kind="clicked", severity="", at=at, agent=agent, ip="203.0.113.7")
    assert desk.hear(click) == ["kept"]
    assert desk.corner.rows("SELECT kind, agent FROM hits") == [("click", agent)]


def test_hostile_text_is_kept_as_text(desk: Desk) -> None:
    nasty = "\x00\ud800<script>" * 1_000
    assert desk.hear(bounce(desk, proof="", recipient=nasty, reason=nasty, said=nasty, id="n")) == [
        "unproven"
    ]
    [(said,)] = desk.corner.rows("SELECT said FROM arrivals")
    assert "\x00" not in said
    assert len(said) == 2_000


@pytest.mark.parametrize("kind", ["bounced", "complained", "unsubscribed"])
def test_a_token_of_a_message_that_is_gone_says_nothing_of_anybody_else(desk: Desk, kind: str) -> None:
    desk.corner.contact(BOB, "offers")
    erase(desk.corner.store, ANN, desk.corner.now, address_key=desk.corner.app.address_key)
    assert desk.hear(bounce(desk, kind=kind, recipient=BOB)) == ["unproven"]
    assert desk.suppressed(BOB) == ""
    assert desk.agreed() == {"offers": True}
    assert desk.hear(bounce(desk, kind=kind, recipient=BOB, key=(7, 0))) == ["unproven"]
