"""Events, each taken in once."""

from __future__ import annotations

import json

from sqlalchemy import select

from nurture.clock import DAY
from nurture.store import happenings, people
from nurture.store.engine import Store
from nurture.store.happenings import EventGiven
from nurture.store.statements import table
from nurture.store.tables import AgendaRow, EventRow
from support.databases import START

_events, _agenda = table(EventRow), table(AgendaRow)
SIGNED = EventGiven(
    key="1",
    email="a@x.example",
    name="signed_up",
    at=START - DAY,
    properties={"from": "page", "n": 3, "ok": True},
)


def test_an_event_is_kept_with_its_properties_and_marks_its_contact(store: Store) -> None:
    with store.write() as tx:
        assert happenings.record(tx, store.ids, "import", [SIGNED], START) == 1
        row = tx.execute(select(_events)).one()
        contact = people.by_email(tx, "a@x.example")
        assert contact is not None
        assert (row.contact_id, row.name, row.at) == (contact.id, "signed_up", START - DAY)
        assert json.loads(row.properties) == {"from": "page", "n": 3, "ok": True}
        assert tx.execute(select(_agenda.c.line_id, _agenda.c.due_at)).one() == (0, START - DAY)


def test_the_same_event_again_is_taken_in_once_for_each_source(store: Store) -> None:
    with store.write() as tx:
        assert happenings.record(tx, store.ids, "import", [SIGNED, SIGNED], START) == 1
        assert happenings.record(tx, store.ids, "import", [SIGNED], START) == 0
        assert happenings.record(tx, store.ids, "shop", [SIGNED], START) == 1


def test_keys_are_forgotten_after_their_time_and_no_sooner(store: Store) -> None:
    with store.write() as tx:
        happenings.record(tx, store.ids, "import", [SIGNED], START)
        assert happenings.forget_seen(tx, START) == 0
        assert happenings.forget_seen(tx, START + 1) == 1


def test_events_of_many_years_find_their_place(store: Store) -> None:
    many = [
        EventGiven(key=str(n), email="a@x.example", name="seen", at=START - n * 20 * DAY) for n in range(60)
    ]
    with store.write() as tx:
        assert happenings.record(tx, store.ids, "import", many, START) == 60
        assert len(tx.execute(select(_events.c.id)).all()) == 60
