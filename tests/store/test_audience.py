"""Contacts found by what they are, a piece at a time."""

from __future__ import annotations

import pytest
from sqlalchemy import false, select, true

from nurture.clock import DAY
from nurture.store import agenda, audience, people
from nurture.store.engine import Store, Tx
from nurture.store.people import ContactGiven
from nurture.store.statements import table
from nurture.store.tables import AgendaRow, ContactRow, OrderFactsRow
from support.databases import START

_agenda = table(AgendaRow)
_contacts = table(ContactRow)
_facts = table(OrderFactsRow)

IN_GERMANY = _contacts.c.country == "DE"


def _made(store: Store, *places: tuple[str, str]) -> list[int]:
    """A contact in each of these places (time zone and country), on nobody's agenda."""
    rows = [
        ContactGiven(email=f"{no}@shop.example", timezone=zone, country=country, created_at=START)
        for no, (zone, country) in enumerate(places)
    ]
    with store.write() as tx:
        made = people.upsert(tx, store.ids, rows, START)
        tx.execute(_agenda.delete())
    return [made.ids[row.email] for row in rows]


def _due(tx: Tx) -> dict[tuple[int, int], int]:
    rows = tx.execute(select(_agenda.c.contact_id, _agenda.c.line_id, _agenda.c.due_at))
    return {(contact, line): at for contact, line, at in rows}


def test_places_are_the_pairs_that_contacts_have(store: Store) -> None:
    with store.read() as tx:
        assert audience.places(tx) == []
    places = [("", ""), ("", "DE"), ("Europe/Berlin", "DE"), ("Europe/Berlin", ""), ("Asia/Tokyo", "JP")]
    _made(store, *places, *places)
    with store.read() as tx:
        assert sorted(audience.places(tx)) == sorted(places)


def test_an_index_tells_the_places(store: Store) -> None:
    """Each look would else read as many rows as there are contacts."""
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL chooses by how many rows there are")
    with store.read() as tx:
        plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {audience._PLACES}").all()
    looks = [row.detail for row in plan if "contacts" in row.detail]
    assert looks
    assert all("COVERING INDEX contacts_by_zone" in it and it.startswith("SEARCH") for it in looks)


def test_contacts_are_found_in_order_and_from_where_the_last_look_ended(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "_PIECE", 3)
    ids = _made(store, *[("Europe/Berlin", "DE"), ("", "US")] * 4)
    looks = []
    after: int | None = 0
    with store.read() as tx:
        while after is not None:
            found = audience.next_ids(tx, IN_GERMANY, None, after=after, limit=10)
            looks.append(list(found.ids))
            after = found.reached
    assert looks == [[ids[0], ids[2]], [ids[4]], [ids[6]]]


def test_a_look_that_is_full_goes_on_behind_the_last_it_found(store: Store) -> None:
    ids = _made(store, *[("", "DE")] * 3)
    with store.read() as tx:
        assert audience.next_ids(tx, true(), None, after=0, limit=2) == audience.Found(
            ids=ids[:2], reached=ids[1]
        )
        assert audience.next_ids(tx, true(), None, after=ids[1], limit=2) == audience.Found(
            ids=ids[2:], reached=None
        )


def test_only_those_who_live_in_the_places_are_found(store: Store) -> None:
    ids = _made(store, ("", "DE"), ("Europe/Berlin", "DE"), ("", "US"))
    with store.read() as tx:
        found = audience.next_ids(tx, true(), [("", "DE"), ("", "US")], after=0, limit=9)
        assert found.ids == [ids[0], ids[2]]
        assert audience.next_ids(tx, true(), [], after=0, limit=9) == audience.Found(ids=(), reached=None)


def test_whoever_meets_one_of_the_conditions_is_looked_at(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "_PIECE", 2)
    monkeypatch.setattr(audience, "_TOGETHER", 1)
    ids = _made(store, ("", "DE"), ("", "US"), ("Europe/Berlin", ""), ("", "FR"), ("", "DE"))
    told: list[tuple[int, int]] = []
    with store.write() as tx:
        fits = [IN_GERMANY, false(), _contacts.c.timezone == "Europe/Berlin"]
        audience.look_at(tx, fits, START, lambda *it: told.append(it))
        assert _due(tx) == {(ids[0], 0): START, (ids[2], 0): START, (ids[4], 0): START}
        assert agenda.people_due(tx, START) == 3
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_whoever_is_due_earlier_already_stays_so(store: Store) -> None:
    early, late = _made(store, ("", "DE"), ("", "DE"))
    with store.write() as tx:
        agenda.put_on_agenda(tx, [(early, 0, START - DAY), (late, 0, START + DAY)])
        audience.look_at(tx, [true()], START)
        assert _due(tx) == {(early, 0): START - DAY, (late, 0): START}


def test_everybody_is_looked_at_on_each_line_they_bought_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "_PIECE", 1)
    one, other = _made(store, ("", ""), ("", ""))
    with store.write() as tx:
        tx.execute(
            _facts.insert(),
            [{"contact_id": other, "line_id": line, "usual_gap_days": 30.0} | _NOTHING for line in (0, 4, 9)],
        )
        audience.look_at_everybody(tx, START)
        assert _due(tx) == dict.fromkeys([(one, 0), (other, 0), (other, 4), (other, 9)], START)


def test_nobody_is_looked_through_where_nothing_is_asked(store: Store) -> None:
    _made(store, ("", ""))
    with store.write() as tx:
        audience.look_at(tx, [], START, lambda done, total: pytest.fail("it looked"))
        assert _due(tx) == {}


_NOTHING = {"count": 0, "total": 0, "first_at": 0, "last_at": 0}
