"""Partitions on PostgreSQL, and that SQLite does not need them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from nurture.clock import DAY, Moment
from nurture.store.engine import Store, Tx, open_store
from nurture.store.ids import first_id_at
from nurture.store.partitions import ensure
from nurture.store.statements import table
from nurture.store.tables import EventRow, MessageRow
from support.databases import START

_events = table(EventRow)
_messages = table(MessageRow)


def _add(tx: Tx, at: Moment) -> None:
    tx.execute(insert(_events), {"at": at, "id": at, "contact_id": 1, "name": "seen"})


def test_rows_of_any_month_can_be_written_once_it_is_ensured(store: Store) -> None:
    moments = [START - 1, START, START + 31 * DAY - 1, START + 31 * DAY, START + 700 * DAY]
    with store.write() as tx:
        ensure(tx, "events", moments)
        for at in moments:
            _add(tx, at)
    with store.read() as tx:
        assert list(tx.execute(select(_events.c.at).order_by(_events.c.at)).scalars()) == moments


def test_a_second_month_can_be_ensured_after_writing_in_the_same_transaction(store: Store) -> None:
    with store.write() as tx:
        for at in (START, START + 40 * DAY, START + 80 * DAY):
            ensure(tx, "events", [at])
            _add(tx, at)
    with store.read() as tx:
        assert len(tx.execute(select(_events.c.id)).all()) == 3


def test_what_was_rolled_back_can_be_written_again(store: Store) -> None:
    for attempt in range(2):
        try:
            with store.write() as tx:
                ensure(tx, "events", [START])
                _add(tx, START)
                if attempt == 0:
                    raise KeyError
        except KeyError:
            continue
    with store.read() as tx:
        assert len(tx.execute(select(_events.c.id)).all()) == 1


def test_messages_are_parted_by_the_month_of_their_enrollment_and_unique(store: Store) -> None:
    row = {"enrollment_id": first_id_at(START) + 5, "step_no": 1, "template": "a"}
    with store.write() as tx:
        ensure(tx, "messages", [row["enrollment_id"]])
        tx.execute(insert(_messages), row)
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.execute(insert(_messages), row)


def test_a_partition_has_its_tables_indexes_and_key(postgres_url: str) -> None:
    store = open_store(postgres_url, now=START)
    with store.write() as tx:
        ensure(tx, "hits", [START])
    with store.read() as tx:
        found = (
            tx.execute(text("SELECT indexdef FROM pg_indexes WHERE tablename = 'hits_2017_01'"))
            .scalars()
            .all()
        )
    store.close()
    assert len(found) == 2
    assert any("UNIQUE" in it for it in found)


def test_many_may_ensure_the_same_month_at_once(postgres_url: str) -> None:
    stores = [open_store(postgres_url, now=START) for _ in range(4)]

    def write(store: Store) -> None:
        with store.write() as tx:
            ensure(tx, "events", [START])
            _add(tx, START + stores.index(store))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, stores))
    with stores[0].read() as tx:
        assert len(tx.execute(select(_events.c.id)).all()) == 4
    for store in stores:
        store.close()
