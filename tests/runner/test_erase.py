"""Erasing a person, wherever they stand."""

from __future__ import annotations

from pathlib import Path

from nurture.clock import DAY
from nurture.delivery.outcome import MessageKey
from nurture.runner.erase import erase
from nurture.store import handover, outbox, people, suppressions
from nurture.store.engine import Store, open_store
from nurture.store.handover import Done
from nurture.store.outbox import CLAIMED, HANDED, Planned
from nurture.store.people import ContactGiven
from support.databases import START
from support.one_person import ANN, BOB, EVERYWHERE, counts, fill, found, mention

KEY = b"k" * 32
NOW = START + DAY
NUMBERS = {"agenda", "due_again", "order_facts", "order_lines", "soft_bounces"}
"""Tables that hold nothing of a person but numbers."""


def test_nothing_of_them_is_left_in_any_table_and_nothing_of_others_is_gone(store: Store) -> None:
    fill(store, START)
    mention(store, START)
    before = counts(store)
    assert {it.partition(".")[0] for it in found(store, ANN, "Ann Lee")} >= EVERYWHERE - NUMBERS
    receipt = erase(store, f" {ANN.upper()} ", NOW, address_key=KEY)
    assert found(store, ANN, "Ann Lee", "ann.lee") == []
    after = counts(store)
    assert {name for name in EVERYWHERE if after[name] < before[name]} == EVERYWHERE
    assert all(after[name] >= 1 for name in EVERYWHERE)
    assert {it.partition(".")[0] for it in found(store, BOB)} >= EVERYWHERE - NUMBERS
    assert (after["seen"], after["idempotent"]) == (0, 0)
    gone = {name: before[name] - after[name] for name in before if before[name] > after[name]}
    assert all(receipt.erased[name] >= count for name, count in gone.items())
    assert set(receipt.erased) - set(gone) == {"destinations", "subscribers", "suppressions"}
    with store.read() as tx:
        assert suppressions.suppressed(tx, KEY, [ANN]) == {ANN: "erased"}


def test_the_receipt_tells_what_went_and_names_nobody(store: Store) -> None:
    fill(store, START)
    receipt = erase(store, ANN, NOW, address_key=KEY)
    document = receipt.as_dict()
    assert document["at"] == "2017-01-02T00:00:00Z"
    assert document["address_hash"] == suppressions.hash_address(KEY, ANN)
    assert "ann" not in str(document)
    assert receipt.erased["contacts"] == 1
    again = erase(store, ANN, NOW + DAY, address_key=KEY)
    assert (again.known, again.on_the_wire) == (False, 0)
    assert again.id != receipt.id


def test_nobody_of_that_address_is_suppressed_all_the_same(store: Store) -> None:
    assert not erase(store, "never@x.example", NOW, address_key=KEY).known
    with store.read() as tx:
        assert suppressions.suppressed(tx, KEY, ["never@x.example"]) == {"never@x.example": "erased"}


def test_the_bytes_are_gone_from_the_files_of_sqlite(sqlite_url: str) -> None:
    opened = open_store(sqlite_url, now=START)
    files = [Path(sqlite_url.removeprefix("sqlite:///") + end) for end in ("", "-wal")]
    try:
        fill(opened, START)
        with opened.write() as tx:
            # Larger than a page, so that it lies in pages of its own.
            tx.exec_driver_sql("UPDATE contacts SET attributes = attributes || ?", (f"{'x' * 9_000} {ANN}",))
            tx.exec_driver_sql("UPDATE contacts SET attributes = '{}'")
        assert any(ANN.encode() in it.read_bytes() for it in files)
        assert erase(opened, ANN, NOW, address_key=KEY).files_are_clean
        assert not any(word in it.read_bytes() for it in files for word in (ANN.encode(), b"Ann Lee"))
        assert any(BOB.encode() in it.read_bytes() for it in files)
    finally:
        opened.close()


def _in_hand(store: Store, state: int) -> tuple[int, MessageKey]:
    """A message that a sender holds, and the sender."""
    with store.write() as tx:
        contact = people.upsert(tx, store.ids, [ContactGiven(email=ANN)], START).ids[ANN]
        sender, entry = store.ids.take(2, START)
        key = MessageKey(entry, 1)
        it = Planned(
            key=key, contact_id=contact, campaign_id=1, template="one", planned_at=START, due_at=START
        )
        outbox.plan(tx, [it])
        tx.exec_driver_sql(f"UPDATE outbox SET state = {state}, sender = {sender}")
    return sender, key


def test_a_message_that_was_claimed_is_not_handed_over_any_more(store: Store) -> None:
    sender, key = _in_hand(store, CLAIMED)
    assert erase(store, ANN, NOW, address_key=KEY).on_the_wire == 0
    with store.write() as tx:
        assert handover.commit_group(tx, sender, [], [key], NOW) == set()


def test_of_one_on_the_wire_the_receipt_tells_and_its_answer_leaves_no_trace(store: Store) -> None:
    sender, key = _in_hand(store, HANDED)
    assert erase(store, ANN, NOW, address_key=KEY).on_the_wire == 1
    hashed = suppressions.hash_address(KEY, ANN)
    with store.write() as tx:
        answer = Done(key=key, outcome="bounced", at=NOW, reason=f"550 <{ANN}>", suppress=hashed)
        handover.commit_group(tx, sender, [answer], [], NOW)
    assert found(store, ANN) == []
    with store.read() as tx:
        assert suppressions.suppressed(tx, KEY, [ANN]) == {ANN: "erased"}
