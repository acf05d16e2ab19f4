"""Notices in the database: planned once, handed over before they leave, and what a crash makes of them."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.dialects import sqlite

from nurture.clock import HOUR, MINUTE, NEVER
from nurture.delivery.outcome import MessageKey
from nurture.store import notices
from nurture.store.engine import Store, open_store
from nurture.store.notices import HOOK_LEASE, LOST, MAIL_LEASE, Again, Ended, Notice, Planned

NOW = 1_500_000_000_000_000
MAIL, HOOK = "owner@shop.example", "https://hooks.example.test/x"


def planned(
    number: int, target: str = MAIL, *, due_at: int = NOW, contact: int = 1, note: str = ""
) -> Planned:
    return Planned(
        key=MessageKey(number, 2),
        contact_id=contact,
        campaign_id=5,
        target=target,
        note=note,
        planned_at=NOW - MINUTE,
        due_at=due_at,
    )


def plan(store: Store, *rows: Planned) -> None:
    with store.write() as tx:
        notices.plan(tx, rows)


def take(store: Store, now: int = NOW, limit: int = 10) -> list[Notice]:
    with store.write() as tx:
        return notices.take(tx, now, limit)


def finish(store: Store, *results: Ended | Again) -> None:
    with store.write() as tx:
        notices.finish(tx, results)


def states(store: Store, contact: int = 1) -> list[str]:
    with store.read() as tx:
        return [it.state for it in notices.of_contacts(tx, [contact]).get(contact, ())]


def next_due(store: Store) -> int:
    with store.read() as tx:
        return notices.next_due(tx)


def sent(it: Notice, reply: str = "250 ok", at: int = NOW) -> Ended:
    return Ended(key=it.key, attempt=it.attempt, outcome="sent", at=at, reply=reply)


def test_a_notice_is_planned_once_and_taken_when_it_is_due(store: Store) -> None:
    assert next_due(store) == NEVER
    plan(store, planned(1, note="first"), planned(2, due_at=NOW + HOUR))
    plan(store, planned(1, note="again"))
    assert next_due(store) == NOW
    (it,) = take(store)
    assert (it.key, it.target, it.note, it.attempt, it.first_tried_at) == ((1, 2), MAIL, "first", 1, NOW)
    assert take(store) == []
    assert states(store) == ["handed", "planned"]
    assert next_due(store) == NOW + MAIL_LEASE


def test_the_oldest_go_first_and_no_more_than_there_is_room_for(store: Store) -> None:
    plan(store, *(planned(number, due_at=NOW - number) for number in range(1, 6)))
    assert [it.key.enrollment_id for it in take(store, limit=2)] == [5, 4]
    assert [it.key.enrollment_id for it in take(store, limit=2)] == [3, 2]


def test_the_end_is_kept_with_the_answer(store: Store) -> None:
    plan(store, planned(1))
    (it,) = take(store)
    finish(store, sent(it, at=NOW + MINUTE))
    with store.read() as tx:
        (story,) = notices.of_contacts(tx, [1, 2])[1]
        assert notices.next_due(tx) == NEVER
    assert (story.state, story.reply, story.done_at, story.attempts) == ("sent", "250 ok", NOW + MINUTE, 1)
    assert (story.due_at, story.campaign, story.step) == (None, "", "2")
    finish(store, Ended(key=it.key, attempt=1, outcome="refused", at=NOW, reply="late"))
    assert states(store) == ["sent"], "an end is the end"


def test_what_is_to_be_tried_again_waits_until_then(store: Store) -> None:
    plan(store, planned(1, HOOK))
    (it,) = take(store)
    finish(store, Again(key=it.key, attempt=1, due_at=NOW + HOUR, reply="503"))
    with store.read() as tx:
        (story,) = notices.of_contacts(tx, [1])[1]
    assert (story.state, story.due_at, story.reply) == ("deferred", NOW + HOUR, "503")
    assert take(store) == []
    (again,) = take(store, NOW + HOUR)
    assert (again.attempt, again.first_tried_at) == (2, NOW)


def test_after_a_crash_a_mail_is_unknown_and_never_taken_again(store: Store) -> None:
    plan(store, planned(1))
    (it,) = take(store)
    assert take(store, NOW + MAIL_LEASE - 1) == []
    assert take(store, NOW + MAIL_LEASE) == []
    with store.read() as tx:
        (story,) = notices.of_contacts(tx, [1])[1]
        assert notices.next_due(tx) == NEVER
    assert (story.state, story.reply) == ("unknown", LOST)
    finish(store, sent(it))
    assert states(store) == ["sent"], "an answer that comes late settles it"


def test_after_a_crash_a_webhook_is_taken_again(store: Store) -> None:
    plan(store, planned(1, HOOK))
    (before,) = take(store)
    (after,) = take(store, NOW + HOOK_LEASE)
    assert (after.key, after.attempt, after.first_tried_at) == (before.key, 2, NOW)
    finish(store, Again(key=before.key, attempt=1, due_at=NOW, reply="a process that was frozen"))
    finish(store, sent(before))
    assert states(store) == ["handed"], "the answer to an earlier try means nothing any more"
    finish(store, sent(after))
    assert states(store) == ["sent"]


@pytest.mark.parametrize("hostile", ["\0", "\ud800", "x" * 1_000_000, "'); DROP TABLE notices; --"])
def test_a_hostile_target_or_note_can_be_kept(store: Store, hostile: str) -> None:
    plan(store, planned(1, hostile, note=hostile))
    (it,) = take(store)
    assert 0 < len(it.target) <= 10_000
    finish(store, Ended(key=it.key, attempt=1, outcome="refused", at=NOW, reply="no\0"))
    assert states(store) == ["refused"]


def test_many_may_take_at_once_and_each_notice_is_had_by_one(store: Store) -> None:
    plan(store, *(planned(number) for number in range(1, 61)))
    had: list[MessageKey] = []

    def work() -> None:
        while taken := take(store, limit=7):
            had.extend(it.key for it in taken)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(had) == [MessageKey(number, 2) for number in range(1, 61)]


def test_looking_for_what_is_due_walks_over_nothing_that_is_done(sqlite_url: str) -> None:
    store = open_store(sqlite_url, now=NOW)
    with store.read() as tx:
        look = str(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {notices._NEXT}").all())
        plans = tx.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {notices._DUE.compile(dialect=sqlite.dialect())}", (0, 10, 0)
        )
        taking = str(plans.all())
    store.close()
    assert "notices_due" in look and "notices_due" in taking
