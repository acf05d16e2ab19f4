"""What waits, counted and one by one, on both engines."""

from __future__ import annotations

from nurture.clock import DAY, HOUR, NEVER, Moment
from nurture.delivery.outcome import MessageKey
from nurture.delivery.retry import GIVE_UP_AFTER
from nurture.store import people, queue, senders
from nurture.store.engine import Store
from nurture.store.handover import Back, commit_group
from nurture.store.outbox import Planned, plan
from nurture.store.people import ContactGiven
from nurture.store.queue import OTHERS, UNPLACED, Deferral, Picked, Sender
from support.letters import claim_due

NOW: Moment = 1_500_000_000_000_000
ME = 7


def wait(store: Store, lane: str, *, contact: int = 1, due_at: Moment = NOW, campaign: int = 1) -> MessageKey:
    key = MessageKey(store.ids.take(1, NOW)[0], 1)
    it = Planned(
        key=key,
        contact_id=contact,
        campaign_id=campaign,
        template="hello",
        planned_at=NOW,
        due_at=due_at,
        stale_at=NOW + 7 * DAY,
        lane=lane,
    )
    with store.write() as tx:
        plan(tx, [it])
    return key


def put_off(
    store: Store, lane: str, reply: str, contact: int, *, attempts: int = 1, campaign: int = 1
) -> None:
    """Claimed, handed over, and deferred."""
    key = wait(store, lane, contact=contact, due_at=NOW - DAY, campaign=campaign)
    back = Back(
        key=key,
        state="deferred",
        due_at=NOW + contact * HOUR,
        attempts=attempts,
        first_tried_at=NOW,
        reply=reply,
    )
    with store.write() as tx:
        assert [it.key for it in claim_due(tx, ME, NOW - HOUR, 1)] == [key]
        commit_group(tx, ME, [], [key], NOW)
        commit_group(tx, ME, [back], [], NOW)


def counted(store: Store, picked: Picked | None = None) -> dict[tuple[str, str, str, bool], int]:
    with store.read() as tx:
        found = queue.tallies(tx, NOW, picked or Picked())
    return {(it.destination, it.state, it.word, it.due): it.count for it in found}


def test_lanes_are_counted_by_their_destination(store: Store) -> None:
    for contact, lane in enumerate(
        ("google", "google/mx.google.test", "", "/mx.a.example", "/mx.b.example", "?c.example"), start=1
    ):
        wait(store, lane, contact=contact)
    assert counted(store) == {
        ("google", "planned", "", True): 2,
        (OTHERS, "planned", "", True): 3,
        (UNPLACED, "planned", "", True): 1,
    }
    own = Picked(own=["/mx.b.example"])
    assert counted(store, own)["/mx.b.example", "planned", "", True] == 1
    assert counted(store, own)[OTHERS, "planned", "", True] == 2


def test_a_part_of_it_can_be_picked(store: Store) -> None:
    lanes = ("google", "google/mx.google.test", "", "/mx.a.example", "/mx.b.example", "?c.example")
    for contact, lane in enumerate(lanes, start=1):
        wait(store, lane, contact=contact, campaign=contact)

    def lanes_of(picked: Picked) -> list[str]:
        with store.read() as tx:
            found = [it.lane for it in queue.queued(tx, picked, limit=None)]
            assert sum(it.count for it in queue.tallies(tx, NOW, picked)) == len(found)
        return found

    assert lanes_of(Picked(destination="google")) == ["google", "google/mx.google.test"]
    assert lanes_of(Picked(destination="google/mx.google.test")) == ["google/mx.google.test"]
    assert lanes_of(Picked(destination=OTHERS, own=["/mx.b.example"])) == ["", "/mx.a.example"]
    assert lanes_of(Picked(destination="/mx.b.example", own=["/mx.b.example"])) == ["/mx.b.example"]
    assert lanes_of(Picked(destination=UNPLACED)) == ["?c.example"]
    assert lanes_of(Picked(campaign_id=2)) == ["google/mx.google.test"]
    assert lanes_of(Picked(destination="google", campaign_id=3)) == []
    assert lanes_of(Picked()) == list(lanes)


def test_reasons_of_ours_are_told_apart_and_answers_are_not(store: Store) -> None:
    put_off(store, "google", "451 busy 1", 1)
    put_off(store, "google", "451 busy 2", 2)
    wait(store, "google", contact=3, due_at=NOW + HOUR)
    for contact, word in ((4, "cap"), (5, "window"), (6, "cap"), (7, "its template was stopped")):
        key = wait(store, "google", contact=contact, due_at=NOW + DAY)
        with store.write() as tx:
            tx.exec_driver_sql(
                f"UPDATE outbox SET last_reply = '{word}' WHERE enrollment_id = {key.enrollment_id}"
            )
    assert counted(store) == {
        ("google", "deferred", "", False): 2,
        ("google", "planned", "", False): 1,
        ("google", "planned", "cap", False): 2,
        ("google", "planned", "window", False): 1,
        ("google", "planned", "its template was stopped", False): 1,
    }
    with store.read() as tx:
        [deferred] = [it for it in queue.tallies(tx, NOW, Picked()) if it.state == "deferred"]
    assert deferred.reply == "451 busy 2"
    assert deferred.first_at == NOW + HOUR


def test_messages_come_by_themselves_those_first_that_are_tried_first(store: Store) -> None:
    with store.write() as tx:
        ann = people.upsert(tx, store.ids, [ContactGiven(email="ann@x.example")], NOW).ids["ann@x.example"]
    wait(store, "yahoo", contact=ann, due_at=NOW + DAY)
    put_off(store, "google", "451 busy", 2, attempts=3)
    with store.read() as tx:
        first, second = queue.queued(tx, Picked(), limit=20)
        assert queue.queued(tx, Picked(), limit=1) == [first]
        assert queue.queued(tx, Picked(), limit=None, deferred=True) == [first]
    assert (first.email, first.state, first.attempts, first.reply) == ("", "deferred", 3, "451 busy")
    assert first.gives_up_at == NOW + GIVE_UP_AFTER
    assert (second.email, second.due_at, second.gives_up_at) == ("ann@x.example", NOW + DAY, NOW + 7 * DAY)


def test_deferrals_are_summed_by_answer(store: Store) -> None:
    put_off(store, "google/mx.google.test", "421 4.7.28", 1)
    put_off(store, "google", "421 4.7.28", 2, attempts=4)
    put_off(store, "google", "451", 3)
    with store.read() as tx:
        found = {it.reply: it for it in queue.deferrals(tx, Picked())}
    assert found["421 4.7.28"] == Deferral(
        destination="google",
        campaign_id=1,
        reply="421 4.7.28",
        count=2,
        least_attempts=1,
        most_attempts=4,
        first_at=NOW + HOUR,
        gives_up_at=NOW + GIVE_UP_AFTER,
    )
    assert found["451"].count == 1


def test_senders_are_named_with_what_they_hold_and_dead_ones_only_while_they_hold(store: Store) -> None:
    key = wait(store, "google")
    wait(store, "google", contact=2)
    with store.write() as tx:
        for sender, host in ((ME, "one"), (8, "two"), (9, "gone")):
            senders.register(tx, sender, host=host, pid=sender, now=NOW - DAY)
        senders.beat(tx, 8, NOW)
        claim_due(tx, ME, NOW, 2)
        commit_group(tx, ME, [], [key], NOW)
    with store.read() as tx:
        assert queue.senders(tx, NOW) == {
            ME: Sender(host="one", pid=ME, claimed=1, handed=1),
            8: Sender(host="two", pid=8),
        }


def test_what_is_held_by_a_pause_is_never_due(store: Store) -> None:
    wait(store, "google", due_at=NEVER)
    assert counted(store) == {("google", "planned", "", False): 1}
