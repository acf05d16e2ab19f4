"""Soft bounces on their way into the books: mailboxes that bounce day after day, and those where mail arrives."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from nurture.clock import DAY, Moment
from nurture.delivery.outcome import MessageKey
from nurture.store.engine import Store
from nurture.store.handover import Done, commit_group, settle_accepted
from nurture.store.outbox import Planned, plan
from nurture.store.statements import table
from nurture.store.suppressions import hash_address, suppressed
from nurture.store.tables import SoftBounceRow
from support.letters import claim_due, outcomes

NOW: Moment = 1_500_000_000_000_000
ME = 7
KEY = b"key"
REPLY = "552 5.2.2 mailbox full"


def address(contact: int) -> str:
    return f"c{contact}@example.test"


def handed(store: Store, contacts: Sequence[int], at: Moment, sender: int = ME) -> list[MessageKey]:
    """A message for each, handed over at `at`."""
    keys = [MessageKey(id_, 1) for id_ in store.ids.take(len(contacts), at)]
    rows = [
        Planned(key=key, contact_id=it, campaign_id=1, template="hello", planned_at=at, due_at=at)
        for key, it in zip(keys, contacts, strict=True)
    ]
    with store.write() as tx:
        plan(tx, rows)
        claim_due(tx, sender, at, len(rows))
        assert commit_group(tx, sender, [], keys, at) == set(keys)
    return keys


def bounce(store: Store, contacts: Sequence[int], at: Moment, *, soft: bool = True) -> list[MessageKey]:
    keys = handed(store, contacts, at)
    done = [
        Done(
            key=key,
            outcome="bounced",
            at=at,
            reason=REPLY,
            soft=hash_address(KEY, address(it)) if soft else "",
        )
        for key, it in zip(keys, contacts, strict=True)
    ]
    with store.write() as tx:
        commit_group(tx, ME, done, [], at)
    return keys


def accept(store: Store, contact: int, at: Moment, *, delivered: bool, sender: int = ME) -> None:
    (key,) = handed(store, [contact], at, sender)
    with store.write() as tx:
        commit_group(tx, sender, [Done(key=key, outcome="sent", at=at, reason="250 ok")], [], at)
        assert settle_accepted(tx, [sender], {}, delivered=delivered) == 1
    assert outcomes(store)[key] == ("sent", "250 ok")


def suppressed_now(store: Store, *contacts: int) -> dict[str, str]:
    with store.read() as tx:
        return suppressed(tx, KEY, [address(it) for it in contacts])


def scores(store: Store) -> dict[int, float]:
    soft = table(SoftBounceRow)
    with store.read() as tx:
        return {row.contact_id: row.score for row in tx.execute(select(soft.c.contact_id, soft.c.score))}


def test_a_mailbox_that_is_full_for_five_days_is_suppressed_with_what_else_waits_for_it(store: Store) -> None:
    for day in range(4):
        bounce(store, [1, 2], NOW + day * DAY)
    assert suppressed_now(store, 1, 2) == {}
    later = Planned(
        key=MessageKey(store.ids.take(1, NOW)[0], 1),
        contact_id=1,
        campaign_id=2,
        template="hello",
        planned_at=NOW,
        due_at=NOW + 99 * DAY,
    )
    with store.write() as tx:
        plan(tx, [later])
    (last,) = bounce(store, [1], NOW + 4 * DAY)
    assert suppressed_now(store, 1, 2) == {address(1): f"bounced: too often: {REPLY}"}
    found = outcomes(store)
    assert found[last] == ("bounced", REPLY)
    assert found[later.key] == ("skipped", "suppressed")


def test_several_bounces_of_one_day_count_once(store: Store) -> None:
    for hour in range(8):
        bounce(store, [1], NOW + hour)
    assert scores(store) == {1: 0.5}
    assert suppressed_now(store, 1) == {}


def test_a_bounce_that_is_not_soft_counts_nothing(store: Store) -> None:
    bounce(store, [1], NOW, soft=False)
    assert scores(store) == {}


def test_what_arrives_in_a_mailbox_wipes_out_what_bounced_before(store: Store) -> None:
    for day in range(4):
        bounce(store, [1, 2], NOW + day * DAY)
    accept(store, 1, NOW + 4 * DAY, delivered=True)
    bounce(store, [1, 2], NOW + 5 * DAY)
    assert set(suppressed_now(store, 1, 2)) == {address(2)}
    assert scores(store)[1] == 0.5


def test_what_a_relay_took_says_nothing_about_the_mailbox(store: Store) -> None:
    for day in range(4):
        bounce(store, [1], NOW + day * DAY)
    accept(store, 1, NOW + 4 * DAY, delivered=False)
    assert scores(store) == {1: 2.0}
    bounce(store, [1], NOW + 5 * DAY)
    assert set(suppressed_now(store, 1)) == {address(1)}


def test_a_bounce_of_what_another_sender_holds_counts_nothing(store: Store) -> None:
    (key,) = handed(store, [1], NOW, sender=8)
    hashed = hash_address(KEY, address(1))
    with store.write() as tx:
        commit_group(tx, ME, [Done(key=key, outcome="bounced", at=NOW, reason=REPLY, soft=hashed)], [], NOW)
    assert scores(store) == {}
    assert outcomes(store)[key][0] == ""


def test_only_what_these_senders_had_accepted_goes_into_the_books(store: Store) -> None:
    mine, open_ = handed(store, [1, 2], NOW)
    (other,) = handed(store, [3], NOW, sender=8)
    with store.write() as tx:
        for sender, key in ((ME, mine), (8, other)):
            commit_group(tx, sender, [Done(key=key, outcome="sent", at=NOW, reason="250")], [], NOW)
        assert settle_accepted(tx, [ME, 99], {}) == 1
        assert settle_accepted(tx, [ME, 99], {}) == 0
        assert settle_accepted(tx, [], {}) == 0
    assert outcomes(store) == {mine: ("sent", "250"), open_: ("", "2"), other: ("", "4")}
