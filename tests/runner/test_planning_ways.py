"""Which way a message is to go is settled when it is planned; while an address is warmed up, keen people come first."""

from __future__ import annotations

from pathlib import Path

from nurture.clock import DAY, HOUR
from nurture.delivery.outcome import MessageKey
from nurture.runner.advance import KEEN_FOR
from nurture.runner.in_force import InForce
from nurture.runner.tick import decide
from nurture.store.claims import Room, claim, waiting_groups
from nurture.store.engine import Store
from support.corner import START, Corner, files, opened

ASKED = "topic: offers\nenter: {on: asked}\nsequence:\n  - send: one\n"
URGENT = "topic: service\nenter: {on: asked}\nsequence:\n  - send: two\n    urgent: true\n"
HIGH = "topic: news\npriority: 9\nenter: {on: asked}\nsequence:\n  - send: three\n"


def ask(corner: Corner, *who: str) -> dict[str, int]:
    """Have a message planned for each; their contacts."""
    found = {}
    for one in who:
        found[one] = corner.contact(f"{one}@example.test", "offers", "news", "service")
        corner.event(f"{one}@example.test", "asked", corner.now)
    return found


def acted(corner: Corner, contact: int, kind: str, at: int) -> None:
    with corner.store.write() as tx:
        tx.exec_driver_sql(
            "INSERT INTO signs (enrollment_id, step_no, kind, contact_id, at)"
            f" VALUES ({contact}, 1, '{kind}', {contact}, {at})"
        )


def claimed(corner: Corner) -> list[tuple[int, MessageKey]]:
    with corner.store.write() as tx:
        rows = claim(tx, 1, corner.now, waiting_groups(tx), Room(total=100))
    return [(it.contact_id, it.key) for it in rows]


def test_a_message_is_planned_into_the_lane_of_its_address(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"asked": ASKED})) as corner:
        corner.world = InForce(
            store, corner.app.settings, lambda address: f"lane of {address.partition('@')[0]}"
        )
        ask(corner, "ann", "bob")
        decide(store, corner.world(), corner.now)
        assert sorted(corner.rows("SELECT lane FROM outbox")) == [("lane of ann",), ("lane of bob",)]


def test_a_new_version_keeps_the_lanes(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"asked": ASKED})) as corner:
        corner.world = InForce(store, corner.app.settings, lambda address: "google")
        corner.apply(files({"asked": ASKED + "  - wait: 1 day\n  - send: two\n"}))
        assert corner.world.look()
        ask(corner, "ann")
        decide(store, corner.world(), corner.now)
        assert corner.rows("SELECT lane FROM outbox") == [("google",)]


def test_while_an_address_is_warmed_up_those_who_opened_or_clicked_come_first(
    store: Store, tmp_path: Path
) -> None:
    warm_up = {"since": "2017-01-01"}
    with opened(store, tmp_path, files({"asked": ASKED}), warm_up=warm_up) as corner:
        corner.clock.move_to(START + 2 * KEEN_FOR)
        them = ask(corner, "ann", "bob", "cid", "dee", "eve")
        acted(corner, them["cid"], "open", corner.now - KEEN_FOR + HOUR)
        acted(corner, them["eve"], "click", corner.now - DAY)
        acted(corner, them["ann"], "click", corner.now - KEEN_FOR - HOUR)
        acted(corner, them["bob"], "received", corner.now - DAY)
        decide(store, corner.world(), corner.now)
        order = [contact for contact, _ in claimed(corner)]
    assert set(order[:2]) == {them["cid"], them["eve"]}
    assert set(order[2:]) == {them["ann"], them["bob"], them["dee"]}


def test_what_is_urgent_goes_before_the_keen_and_priorities_hold_among_the_others(
    store: Store, tmp_path: Path
) -> None:
    given = files({"asked": ASKED, "urgent": URGENT, "high": HIGH})
    with opened(store, tmp_path, given, warm_up={"since": "2017-01-01"}) as corner:
        them = ask(corner, "ann", "bob")
        acted(corner, them["bob"], "open", corner.now)
        decide(store, corner.world(), corner.now)
        found = corner.rows("SELECT contact_id, priority FROM outbox ORDER BY priority, contact_id")
    keen, cold = them["bob"], them["ann"]
    assert [tuple(it) for it in found] == [(cold, 0), (keen, 0), (keen, 1), (keen, 5), (cold, 11), (cold, 15)]


def test_without_warming_up_nobody_comes_first(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"asked": ASKED})) as corner:
        them = ask(corner, "ann", "bob")
        acted(corner, them["bob"], "open", corner.now)
        decide(store, corner.world(), corner.now)
        assert corner.rows("SELECT DISTINCT priority FROM outbox") == [(5,)]
