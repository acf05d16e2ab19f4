"""Contacts, taken in and found again."""

from __future__ import annotations

from sqlalchemy import select

from nurture.audience.contact import Contact
from nurture.clock import DAY
from nurture.store import people
from nurture.store.engine import Store, Tx
from nurture.store.people import ContactGiven
from nurture.store.statements import table
from nurture.store.tables import AgendaRow
from support.databases import START

_agenda = table(AgendaRow)


def _due(tx: Tx) -> dict[tuple[int, int], int]:
    rows = tx.execute(select(_agenda.c.contact_id, _agenda.c.line_id, _agenda.c.due_at))
    return {(contact, line): at for contact, line, at in rows}


def _forget_agenda(store: Store) -> None:
    with store.write() as tx:
        tx.execute(_agenda.delete())


def test_a_contact_comes_back_as_it_was_given(store: Store) -> None:
    given = ContactGiven(
        email="zoë@shop.example",
        external_id="7",
        first_name="Zoë",
        last_name="O'\"Hara; --",
        locale="de",
        timezone="Europe/Berlin",
        country="DE",
        tags=("vip", "große Liebe"),
        attributes={"age": 41, "share": 0.5, "owns": True, "zip": "01067"},
        created_at=START - DAY,
    )
    with store.write() as tx:
        taken = people.upsert(tx, store.ids, [given], START)
    with store.read() as tx:
        found = people.by_email(tx, "  Zoë@Shop.Example ")
        assert found == Contact(
            id=taken.ids[given.email],
            email=given.email,
            external_id="7",
            first_name="Zoë",
            last_name="O'\"Hara; --",
            locale="de",
            timezone="Europe/Berlin",
            country="DE",
            tags=("vip", "große Liebe"),
            attributes={"age": 41, "share": 0.5, "owns": True, "zip": "01067"},
            created_at=START - DAY,
        )
        assert people.by_ids(tx, [found.id, 12]) == {found.id: found}
        assert people.ids_by_external_id(tx, ["7", "", "8"]) == {"7": found.id}
        assert people.ids_by_email(tx, ["zoë@shop.example", "x@y.example"]) == {found.email: found.id}
        assert people.by_email(tx, "nobody@shop.example") is None


def test_the_same_again_changes_nothing_and_asks_for_no_review(store: Store) -> None:
    given = [ContactGiven(email=f"{n}@shop.example", tags=("a", "b"), attributes={"n": n}) for n in range(50)]
    with store.write() as tx:
        assert len(people.upsert(tx, store.ids, given, START).new) == 50
        assert len(_due(tx)) == 50
    _forget_agenda(store)
    with store.write() as tx:
        again = people.upsert(tx, store.ids, given, START + DAY)
        assert not again.new
        assert not again.changed
        assert _due(tx) == {}


def test_what_a_source_leaves_empty_stays_and_what_it_says_is_added(store: Store) -> None:
    with store.write() as tx:
        first = ContactGiven(
            email="a@x.example", first_name="Ann", tags=("old",), attributes={"age": 30, "kids": 2}
        )
        people.upsert(tx, store.ids, [first], START)
    _forget_agenda(store)
    with store.write() as tx:
        second = ContactGiven(email="a@x.example", last_name="Lee", tags=("new",), attributes={"age": 31})
        taken = people.upsert(tx, store.ids, [second], START + DAY)
        assert _due(tx) == {(taken.ids["a@x.example"], 0): START + DAY}
        found = people.by_email(tx, "a@x.example")
    assert found is not None
    assert (found.first_name, found.last_name, found.tags) == ("Ann", "Lee", ("old", "new"))
    assert found.attributes == {"age": 31, "kids": 2}
    assert found.created_at == START


def test_an_external_id_finds_the_contact_whose_address_changed(store: Store) -> None:
    with store.write() as tx:
        first = people.upsert(tx, store.ids, [ContactGiven(email="old@x.example", external_id="9")], START)
        second = people.upsert(tx, store.ids, [ContactGiven(email="new@x.example", external_id="9")], START)
        assert first.ids["old@x.example"] == second.ids["new@x.example"]
        assert people.by_email(tx, "old@x.example") is None


def test_two_contacts_can_swap_their_addresses(store: Store) -> None:
    pair = [
        ContactGiven(email="a@x.example", external_id="1"),
        ContactGiven(email="b@x.example", external_id="2"),
    ]
    with store.write() as tx:
        before = people.upsert(tx, store.ids, pair, START)
        moved = [
            ContactGiven(email="c@x.example", external_id="1"),
            ContactGiven(email="a@x.example", external_id="2"),
        ]
        people.upsert(tx, store.ids, moved, START)
        assert people.ids_by_email(tx, ["c@x.example", "a@x.example"]) == {
            "c@x.example": before.ids["a@x.example"],
            "a@x.example": before.ids["b@x.example"],
        }


def test_one_batch_may_name_a_contact_twice(store: Store) -> None:
    with store.write() as tx:
        rows = [
            ContactGiven(email="a@x.example", first_name="A"),
            ContactGiven(email="a@x.example", last_name="B"),
        ]
        assert len(people.upsert(tx, store.ids, rows, START).new) == 1
        found = people.by_email(tx, "a@x.example")
    assert found is not None
    assert (found.first_name, found.last_name) == ("A", "B")


def test_who_is_met_first_is_taken_in_and_nobody_is_younger_than_their_first_order(store: Store) -> None:
    with store.write() as tx:
        known = people.upsert(tx, store.ids, [ContactGiven(email="a@x.example")], START)
        met = people.meet(tx, store.ids, {"a@x.example": START - DAY, "b@x.example": START - 2 * DAY}, START)
        assert met["a@x.example"] == known.ids["a@x.example"]
        assert {it.created_at for it in people.by_ids(tx, met.values()).values()} == {
            START - DAY,
            START - 2 * DAY,
        }
        assert _due(tx)[met["b@x.example"], 0] == START - 2 * DAY


def test_nobody_at_all_is_no_trouble(store: Store) -> None:
    with store.write() as tx:
        assert people.upsert(tx, store.ids, [], START).ids == {}
        assert people.meet(tx, store.ids, {}, START) == {}
        assert people.by_ids(tx, []) == {}
