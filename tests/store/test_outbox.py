"""Messages on their way: planned, claimed, handed over, ended; on both engines."""

from __future__ import annotations

from nurture.clock import DAY, NEVER, SECOND, Moment
from nurture.delivery.outcome import MessageKey
from nurture.store import senders
from nurture.store.claims import next_due
from nurture.store.engine import Store
from nurture.store.handover import (
    SENDER_DIED,
    Back,
    Done,
    Recovered,
    commit_group,
    recover,
    settle_accepted,
)
from nurture.store.journeys import by_ids
from nurture.store.outbox import Planned, counts, plan, skip_contact, skip_enrollments
from nurture.store.suppressions import hash_address, suppressed
from support.letters import claim_due, hold_code, outcomes, plan_messages

NOW: Moment = 1_500_000_000_000_000
ME = 7


def a_plan(store: Store, **changes: object) -> Planned:
    key = MessageKey(store.ids.take(1, NOW)[0], 1)
    values: dict[str, object] = {
        "key": key,
        "contact_id": 1,
        "campaign_id": 1,
        "template": "hello",
        "planned_at": NOW,
        "due_at": NOW,
    }
    return Planned(**{**values, **changes})  # type: ignore[arg-type]  # the values fit


def claimed_keys(store: Store, *, now: Moment = NOW, limit: int = 100, sender: int = ME) -> list[MessageKey]:
    with store.write() as tx:
        return [it.key for it in claim_due(tx, sender, now, limit)]


def marked(store: Store, *keys: MessageKey, sender: int = ME, now: Moment = NOW) -> set[MessageKey]:
    with store.write() as tx:
        return commit_group(tx, sender, [], keys, now)


def test_a_message_is_planned_once_however_often_it_is_asked_for(store: Store) -> None:
    it = a_plan(store)
    with store.write() as tx:
        assert plan(tx, [it]) == {it.key}
    with store.write() as tx:
        assert plan(tx, [it]) == set()
        assert counts(tx) == {"planned": 1, "claimed": 0, "handed": 0, "deferred": 0, "accepted": 0}


def test_what_is_due_is_claimed_by_priority_then_by_age(store: Store) -> None:
    late = a_plan(store, contact_id=1, due_at=NOW - 1)
    later = a_plan(store, contact_id=2, due_at=NOW)
    urgent = a_plan(store, contact_id=3, priority=9)
    future = a_plan(store, contact_id=4, priority=9, due_at=NOW + 1)
    with store.write() as tx:
        plan(tx, [later, late, urgent, future])
    assert claimed_keys(store, limit=2) == [urgent.key, late.key]
    assert claimed_keys(store) == [later.key]
    assert claimed_keys(store) == []
    with store.read() as tx:
        assert next_due(tx) == NOW + 1


def test_a_contact_has_one_message_in_hand_at_a_time(store: Store) -> None:
    first, second = a_plan(store), a_plan(store, due_at=NOW - 5)
    with store.write() as tx:
        plan(tx, [first, second])
    assert claimed_keys(store) == [second.key]
    assert claimed_keys(store, sender=8) == []
    marked(store, second.key)
    assert claimed_keys(store, sender=8) == []
    with store.write() as tx:
        commit_group(tx, ME, [Done(key=second.key, outcome="sent", at=NOW, reason="250")], [], NOW)
    assert claimed_keys(store, sender=8) == [], "not before it is in the books, where the cap sees it"
    with store.write() as tx:
        assert settle_accepted(tx, [ME], {}) == 1
    assert claimed_keys(store, sender=8) == [first.key]


def test_a_mark_is_given_only_to_the_sender_that_holds_the_message(store: Store) -> None:
    first, second = plan_messages(store, 2, NOW)
    claimed_keys(store)
    assert marked(store, first, second, sender=8) == set()
    assert marked(store, first) == {first}
    assert marked(store, first) == set()


def test_a_sent_message_wakes_its_enrollment_and_counts_as_received(store: Store) -> None:
    (key,) = plan_messages(store, 1, NOW, offer="welcome")
    with store.write() as tx:
        hold_code(tx, NOW)
    claimed_keys(store)
    marked(store, key, now=NOW + 1)
    with store.write() as tx:
        done = Done(key=key, outcome="sent", at=NOW + 1, reason="250 ok")
        commit_group(tx, ME, [done], [], NOW + SECOND)
        settle_accepted(tx, [ME], {"welcome": DAY})
    assert outcomes(store) == {key: ("sent", "250 ok")}
    with store.read() as tx:
        woken = by_ids(tx, [key.enrollment_id])[key.enrollment_id]
        assert (woken.since, woken.due_at) == (NOW + 1, NOW + 1)
        assert tx.exec_driver_sql("SELECT kind, contact_id, at FROM signs").all() == [
            ("received", 1, NOW + 1)
        ]
        code = tx.exec_driver_sql("SELECT handed_at, expires_at FROM codes").one()
        assert code == (NOW + 1, NOW + 1 + DAY)


def test_a_reminder_does_not_make_a_code_run_anew(store: Store) -> None:
    (key,) = plan_messages(store, 1, NOW, offer="welcome")
    with store.write() as tx:
        hold_code(tx, 5, handed_at=6, expires_at=7)
    claimed_keys(store)
    marked(store, key)
    with store.write() as tx:
        commit_group(tx, ME, [Done(key=key, outcome="sent", at=NOW, reason="")], [], NOW)
        settle_accepted(tx, [ME], {"welcome": DAY})
        assert tx.exec_driver_sql("SELECT handed_at, expires_at FROM codes").one() == (6, 7)


def test_an_unsubscribe_between_claim_and_mark_stops_the_message(store: Store) -> None:
    first, second = plan_messages(store, 2, NOW)
    claimed_keys(store)
    with store.write() as tx:
        assert skip_contact(tx, 1, "not-agreed", NOW) == [first]
    assert marked(store, first, second) == {second}
    assert outcomes(store)[first] == ("skipped", "not-agreed")


def test_what_is_handed_over_is_not_skipped_any_more(store: Store) -> None:
    (key,) = plan_messages(store, 1, NOW)
    claimed_keys(store)
    marked(store, key)
    with store.write() as tx:
        assert skip_contact(tx, 1, "not-agreed", NOW) == []
        assert skip_enrollments(tx, [key.enrollment_id], "goal", NOW) == []


def test_skipping_can_be_for_some_campaigns_or_some_enrollments_only(store: Store) -> None:
    kept, gone = a_plan(store, campaign_id=1), a_plan(store, campaign_id=2)
    other = a_plan(store, contact_id=2)
    with store.write() as tx:
        plan(tx, [kept, gone, other])
        assert skip_contact(tx, 1, "not-agreed", NOW, campaigns=[2]) == [gone.key]
        assert skip_enrollments(tx, [other.key.enrollment_id], "goal", NOW) == [other.key]
    assert outcomes(store)[kept.key] == ("", "0")


def test_a_skipped_message_lets_its_enrollment_go_on(store: Store) -> None:
    (key,) = plan_messages(store, 1, NOW)
    with store.write() as tx:
        skip_contact(tx, 1, "not-agreed", NOW + 5)
        assert by_ids(tx, [key.enrollment_id])[key.enrollment_id].due_at == NOW + 5


def test_a_message_that_is_dropped_with_its_campaign_closes_the_enrollment(store: Store) -> None:
    (key,) = plan_messages(store, 1, NOW)
    claimed_keys(store)
    with store.write() as tx:
        done = Done(key=key, outcome="skipped", at=NOW, reason="stage", leaves=True)
        commit_group(tx, ME, [done], [], NOW)
        enrollment = by_ids(tx, [key.enrollment_id])[key.enrollment_id]
        assert enrollment.closed_at == NOW
        assert enrollment.due_at == NEVER


def test_a_deferred_message_waits_for_its_time_and_keeps_its_attempts(store: Store) -> None:
    (key,) = plan_messages(store, 1, NOW)
    claimed_keys(store)
    with store.write() as tx:
        back = Back(
            key=key, state="deferred", due_at=NOW + DAY, attempts=1, first_tried_at=NOW, reply="450 later"
        )
        commit_group(tx, ME, [back], [], NOW)
        assert counts(tx)["deferred"] == 1
        assert next_due(tx) == NOW + DAY
    assert claimed_keys(store) == []
    with store.write() as tx:
        (again,) = claim_due(tx, ME, NOW + DAY, 10)
        assert (again.attempts, again.first_tried_at) == (1, NOW)


def test_a_hard_bounce_suppresses_the_address_and_what_else_was_planned_for_it(store: Store) -> None:
    first, second = a_plan(store), a_plan(store, due_at=NOW + DAY)
    with store.write() as tx:
        plan(tx, [first, second])
    claimed_keys(store)
    with store.write() as tx:
        hashed = hash_address(b"key", "ann@example.test")
        done = Done(key=first.key, outcome="bounced", at=NOW, reason="550 5.1.1", suppress=hashed)
        commit_group(tx, ME, [done], [], NOW)
        assert suppressed(tx, b"key", ["ann@example.test", "bob@example.test"]) == {
            "ann@example.test": "bounced: 550 5.1.1"
        }
    assert outcomes(store) == {first.key: ("bounced", "550 5.1.1"), second.key: ("skipped", "suppressed")}


def test_the_dead_leave_claimed_messages_planned_and_handed_ones_unknown(store: Store) -> None:
    claimed, handed, others = plan_messages(store, 3, NOW)
    with store.write() as tx:
        claim_due(tx, ME, NOW, 2)
        claim_due(tx, 8, NOW, 1)
        commit_group(tx, ME, [], [handed], NOW + 3)
        assert recover(tx, [ME], NOW + DAY, {}) == Recovered(planned=1, unknown=1)
        woken = by_ids(tx, [handed.enrollment_id])[handed.enrollment_id]
        assert woken.since == NOW + 3, "unknown counts from the handover"
    found = outcomes(store)
    assert found == {claimed: ("", "0"), handed: ("unknown", SENDER_DIED), others: ("", "1")}


def test_a_late_answer_settles_what_was_given_up_as_unknown(store: Store) -> None:
    first, second = plan_messages(store, 2, NOW)
    claimed_keys(store)
    marked(store, first, second)
    with store.write() as tx:
        recover(tx, [ME], NOW, {})
        commit_group(tx, ME, [Done(key=first, outcome="sent", at=NOW, reason="250 late")], [], NOW)
    assert outcomes(store) == {first: ("sent", "250 late"), second: ("unknown", SENDER_DIED)}


def test_what_was_accepted_before_the_sender_died_is_sent(store: Store) -> None:
    accepted, handed = plan_messages(store, 2, NOW)
    claimed_keys(store)
    marked(store, accepted, now=NOW + 1)
    with store.write() as tx:
        done = Done(key=accepted, outcome="sent", at=NOW + 1, reason="250 ok")
        assert commit_group(tx, ME, [done], [handed], NOW + 2) == {handed}
        assert skip_contact(tx, 1, "not-agreed", NOW + 3) == [], "it is gone"
    with store.write() as tx:
        assert recover(tx, [ME], NOW + DAY, {}) == Recovered(planned=0, unknown=1)
    assert outcomes(store) == {accepted: ("sent", "250 ok"), handed: ("unknown", SENDER_DIED)}


def test_a_sender_whose_lease_is_over_changes_nothing(store: Store) -> None:
    (key,) = plan_messages(store, 1, NOW)
    claimed_keys(store)
    with store.write() as tx:
        recover(tx, [ME], NOW, {})
        assert claim_due(tx, 8, NOW, 10)[0].key == key
        refused = Done(key=key, outcome="refused", at=NOW, reason="554")
        back = Back(key=key, state="planned", due_at=0, attempts=9, first_tried_at=0)
        assert commit_group(tx, ME, [refused, back], [key], NOW) == set()
    assert outcomes(store) == {key: ("", "1")}


def test_a_sender_that_was_taken_for_dead_claims_nothing_more(store: Store) -> None:
    plan_messages(store, 1, NOW)
    with store.write() as tx:
        senders.register(tx, ME, host="a", pid=1, now=NOW)
        senders.bury(tx, NOW + DAY)
    assert claimed_keys(store) == []
    assert len(claimed_keys(store, sender=8)) == 1


def test_a_sender_lives_while_it_beats(store: Store) -> None:
    with store.write() as tx:
        senders.register(tx, 1, host="a", pid=1, now=NOW)
        senders.register(tx, 2, host="b", pid=2, now=NOW)
        assert senders.beat(tx, 1, NOW + 25 * SECOND)
        assert senders.bury(tx, NOW + 31 * SECOND) == [2]
        assert not senders.beat(tx, 2, NOW + 32 * SECOND)
        assert senders.beat(tx, 1, NOW + 32 * SECOND)
        senders.end(tx, 1, NOW + 33 * SECOND)
        assert senders.bury(tx, NOW + DAY) == []


def test_who_has_the_lock_knows_that_all_others_are_dead(store: Store) -> None:
    plan_messages(store, 1, NOW)
    claimed_keys(store, sender=99)
    with store.write() as tx:
        senders.register(tx, 1, host="a", pid=1, now=NOW)
        senders.register(tx, 2, host="a", pid=2, now=NOW)
        assert senders.bury(tx, NOW, only=2) == [1, 99]


def test_a_reply_full_of_odd_signs_is_kept(store: Store) -> None:
    (key,) = plan_messages(store, 1, NOW)
    claimed_keys(store)
    odd = "554 \x00 \u2028 ' \" \\ {0} %s :name \U0001f600"
    with store.write() as tx:
        commit_group(tx, ME, [Done(key=key, outcome="refused", at=NOW, reason=odd)], [], NOW)
    assert outcomes(store)[key] == ("refused", odd.replace("\x00", "\ufffd"))
