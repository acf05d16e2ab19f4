"""Sending a second time what nobody knows to have arrived, with the real runner on both engines."""

from __future__ import annotations

import email
from pathlib import Path

from nurture.clock import DAY, HOUR, MINUTE, Moment
from nurture.delivery.outcome import MessageKey
from nurture.runner.pausing import pause, resume
from nurture.runner.resend import Resent, resend
from nurture.runner.tick import decide
from nurture.store.engine import Store
from nurture.store.resend import unknown
from nurture.store.unsubscribe import PAGE, unsubscribe
from support.corner import START, Corner, files, opened

SEQUENCE = """\
topic: offers
stage: prospect
enter: {existing: yes}
sequence:
  - send: one
    stale after: 1 day
  - wait: 2 days
  - send: two
  - wait: 2 days
  - send: three
"""

OTHER = """\
topic: offers
stage: prospect
enter: {existing: yes}
sequence:
  - send: three
"""


def lose(corner: Corner, template: str) -> Moment:
    """The relay's answer to this message never came, and the message itself was lost."""
    with corner.store.write() as tx:
        tx.exec_driver_sql(
            "DELETE FROM inbox WHERE EXISTS (SELECT 1 FROM messages m WHERE m.enrollment_id = inbox.enrollment_id"
            f" AND m.step_no = inbox.step_no AND m.template = '{template}')"
        )
        tx.exec_driver_sql(f"UPDATE messages SET outcome = 'unknown' WHERE template = '{template}'")
        handed = tx.exec_driver_sql(f"SELECT done_at FROM messages WHERE template = '{template}'").scalar()
        assert handed is not None
        return int(handed)


def again(corner: Corner) -> Resent:
    with corner.store.read() as tx:
        lost = unknown(tx)
    return resend(corner.store, corner.world(), lost, corner.now)


def outcomes(corner: Corner) -> dict[str, str]:
    return dict(corner.rows("SELECT template, outcome FROM messages"))


def where(corner: Corner) -> tuple[int, bool, int, int, int]:
    [row] = corner.rows("SELECT step_no, behind, since, due_at, closed_at FROM enrollments")
    return (row[0], bool(row[1]), row[2], row[3], row[4])


def test_it_goes_out_again_under_the_same_message_id_and_moves_nobody(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"drip": SEQUENCE})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + HOUR)
        [first] = corner.contents()
        lose(corner, "one")
        stands = where(corner)
        assert len(again(corner).planned) == 1
        corner.until(START + 2 * HOUR)
        [second] = corner.contents()
        assert email.message_from_bytes(second)["Message-ID"] == email.message_from_bytes(first)["Message-ID"]
        assert where(corner) == stands
        corner.until(START + 5 * DAY)
        assert corner.inbox() == [
            ("ann@x.example", "one", 1.0),
            ("ann@x.example", "two", 48.0),
            ("ann@x.example", "three", 96.0),
        ]


def test_it_wakes_nobody_who_waits_for_the_next_message(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"drip": SEQUENCE})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + HOUR)
        lose(corner, "one")
        # The second message is planned, and nobody sends it yet.
        corner.clock.move_to(START + 2 * DAY)
        decide(corner.store, corner.world(), corner.now)
        with corner.store.write() as tx:
            tx.exec_driver_sql(f"UPDATE outbox SET due_at = {START + 3 * DAY}")
        stands = where(corner)
        again(corner)
        corner.send()
        assert outcomes(corner) == {"one": "sent", "two": ""}
        assert where(corner) == stands
        corner.until(START + 6 * DAY)
        assert [(subject, at) for _, subject, at in corner.inbox()] == [
            ("one", 48),
            ("two", 72),
            ("three", 120),
        ]


def test_a_pause_meanwhile_leaves_nobody_standing(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"drip": SEQUENCE})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + HOUR)
        lose(corner, "one")
        pause(store, "drip", corner.now)
        again(corner)
        corner.until(START + 3 * HOUR)
        assert outcomes(corner) == {"one": ""}
        resume(store, "drip", corner.now, "catch-up")
        corner.until(START + 5 * DAY)
        assert [(subject, at) for _, subject, at in corner.inbox()] == [
            ("one", 3),
            ("two", 48),
            ("three", 96),
        ]


def test_who_unsubscribed_meanwhile_is_skipped(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"drip": SEQUENCE, "other": OTHER})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + HOUR)
        lose(corner, "one")
        key = MessageKey(
            *corner.rows("SELECT enrollment_id, step_no FROM messages WHERE template = 'three'")[0]
        )
        with store.write() as tx:
            unsubscribe(tx, key, ["offers"], store.ids, corner.now, basis=PAGE)
        again(corner)
        corner.until(START + 2 * HOUR)
        assert corner.skipped()["one"] == "not-agreed"
        assert [subject for _, subject, _ in corner.inbox()] == ["three"]


def test_only_what_is_unknown_is_sent_again(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"drip": SEQUENCE})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + HOUR)
        handed_at = lose(corner, "one")
        with store.read() as tx:
            lost = unknown(tx)
            assert [(it.email, it.handed_at) for it in lost] == [("ann@x.example", handed_at)]
            assert unknown(tx, since=handed_at + 1) == unknown(tx, campaign_id=-1) == []
        # A sign of life: it arrived.
        with store.write() as tx:
            unsubscribe(tx, lost[0].key, [], store.ids, corner.now, basis=PAGE)
        assert outcomes(corner) == {"one": "sent"}
        done = resend(store, corner.world(), lost, corner.now)
        assert (done.planned, done.meanwhile(1)) == (frozenset(), 1)
        assert corner.rows("SELECT count(*) FROM outbox") == [(0,)]


def test_it_is_stale_by_its_own_step_counted_from_now(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"drip": SEQUENCE})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + 20 * DAY)
        lose(corner, "one")
        lose(corner, "two")
        again(corner)
        found = corner.rows(
            "SELECT stale_at - wanted_at, attempts, first_tried_at FROM outbox ORDER BY step_no"
        )
        assert found == [(DAY, 0, 0), (7 * DAY, 0, 0)]
        corner.until(START + 20 * DAY + MINUTE)
        assert outcomes(corner) == {"one": "sent", "two": "sent", "three": "sent"}


def test_what_belongs_to_no_campaign_in_force_stays_unknown(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"drip": SEQUENCE})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + HOUR)
        lose(corner, "one")
        corner.apply(files({"other": SEQUENCE}))
        corner.world.look()
        assert again(corner) == Resent(planned=frozenset(), left=1)
        assert outcomes(corner) == {"one": "unknown"}
