"""The tables, and how they come to be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Float, String, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from nurture import __version__
from nurture.errors import WorkspaceError
from nurture.store import consents, engine, marks, schema
from nurture.store.consents import Word
from nurture.store.engine import Store, Tx, open_store
from nurture.store.nodes import MARK as NODES_MARK
from nurture.store.nodes import NOBODY
from nurture.store.partitions import ensure
from support.databases import START


def test_the_migrations_make_exactly_the_tables_on_the_page(store: Store) -> None:
    with store.read() as tx:
        context = MigrationContext.configure(
            tx,
            opts={
                "compare_server_default": False,
                "compare_type": _other_type,
                "include_object": lambda it, name, kind, _reflected, _other: name != "alembic_version",
            },
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_no_column_can_be_null(store: Store) -> None:
    with store.read() as tx:
        looked_at = inspect(tx)
        loose = [
            f"{name}.{column['name']}"
            for name in SQLModel.metadata.tables
            for column in looked_at.get_columns(name)
            if column["nullable"]
        ]
    assert loose == []


def test_all_text_is_compared_byte_by_byte_on_postgres(postgres_url: str) -> None:
    store = open_store(postgres_url, now=START)
    with store.read() as tx:
        other: list[Any] = list(
            tx.execute(
                text(
                    "SELECT table_name, column_name FROM information_schema.columns"
                    " WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
                    " AND data_type IN ('text', 'character varying')"
                    " AND collation_name IS DISTINCT FROM 'C'"
                )
            )
        )
    store.close()
    assert other == []


def test_the_revisions_are_those_of_the_files() -> None:
    folder = Path(schema.__file__).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))
    found = [it.revision for it in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(found)) == schema.REVISIONS


def test_a_database_says_which_version_made_it_and_when(store: Store) -> None:
    with store.read() as tx:
        assert marks.get(tx, "version") == __version__
        assert marks.get(tx, "made_at") == "2017-01-01T00:00:00Z"


def test_a_database_of_a_newer_version_is_refused_by_name(database_url: str) -> None:
    store = open_store(database_url, now=START)
    with store.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        marks.put(tx, "version", "77.1")
    store.close()
    for create in (False, True):
        with pytest.raises(WorkspaceError, match=r"nurture 77\.1 .*this is nurture"):
            open_store(database_url, now=START, create=create)


def test_making_what_is_there_already_changes_nothing(database_url: str) -> None:
    store = open_store(database_url, now=START + 1_000_000, create=True)
    with store.read() as tx:
        assert marks.get(tx, "made_at") == "2017-01-01T00:00:00Z"
    store.close()


def test_many_may_make_the_tables_at_once(empty_postgres_url: str, tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/new.db", empty_postgres_url):
        with ThreadPoolExecutor(4) as pool:
            stores = list(pool.map(lambda url: open_store(url, now=START, create=True), [url] * 4))
        for store in stores:
            store.close()


def test_tables_that_cannot_be_made_leave_nothing_behind(empty_postgres_url: str, tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/half.db", empty_postgres_url):
        made = engine._store(url, create=True, durable=False, patience=1.0)._engine
        with made.begin() as tx:
            tx.exec_driver_sql("CREATE TABLE mine (id INTEGER)")
            tx.exec_driver_sql("CREATE INDEX hits_by_message ON mine (id)")
        with pytest.raises(DBAPIError, match="hits_by_message"):
            open_store(url, now=START, create=True)
        with made.begin() as tx:
            assert inspect(tx).get_table_names() == ["mine"]
            tx.exec_driver_sql("DROP TABLE mine")
        made.dispose()
        open_store(url, now=START, create=True).close()


OLD_ROWS = (
    "INSERT INTO marks (name, value) VALUES ('version', '0.1'), ('made_at', '2016-01-01T00:00:00Z'),"
    f" ('{NODES_MARK}', '{NOBODY}')",
    "INSERT INTO contacts (id, email, first_name, created_at) VALUES (7, 'ann@example.test', 'Ann', 5)",
    "INSERT INTO consents (id, contact_id, topic, agreed, at, basis) VALUES (8, 7, 'news', true, 5, 'a card')",
    "INSERT INTO consent_states (contact_id, topic, agreed, at) VALUES (7, 'news', true, 5)",
    "INSERT INTO suppressions (address_hash, reason, at) VALUES ('5f', 'complained', 6)",
    "INSERT INTO hits (at, id, enrollment_id, step_no, contact_id, kind, link_no, agent, verdict)"
    f" VALUES ({START}, 9, 3, 1, 7, 'click', 2, 'Firefox', 'human')",
    "INSERT INTO codes (offer, contact_id, issued_at, code, own, handed_at, expires_at, redeemed_at) VALUES"
    f" ('first', 7, {START}, 'FIRST-7KX9M-2MPQA', true, {START + 1}, {START + 2}, 0),"
    f" ('first', 8, {START}, 'FIRST-AAAAA-22222', true, 0, 0, {START + 3}),"
    " ('spring', 8, 5, 'Spring!', false, 5, 0, 0)",
)
NEW_ROWS = {
    "SELECT email, first_name, created_at, last_engaged_at FROM contacts": [
        ("ann@example.test", "Ann", 5, 0)
    ],
    "SELECT topic, agreed, at, basis, wording, source, ip FROM consents": [
        ("news", True, 5, "a card", "", "", "")
    ],
    "SELECT contact_id, topic, agreed, at FROM consent_states": [(7, "news", True, 5)],
    "SELECT address_hash, reason, at FROM suppressions": [("5f", "complained", 6)],
    "SELECT kind, link_no, agent, verdict, extra, score, rules FROM hits": [
        ("click", 2, "Firefox", "human", "{}", 0.0, 0)
    ],
    "SELECT offer, contact_id, issued_at, code, canonical, own, made_at, handed_at, expires_at, redeemed_at, known_at,"
    " stands_for FROM codes ORDER BY id": [
        ("spring", 8, 5, "Spring!", "SPRING", False, 5, 5, 0, 0, 0, ""),
        (
            "first",
            7,
            START,
            "FIRST-7KX9M-2MPQA",
            "FIRST7KX9M2MPQA",
            True,
            START,
            START + 1,
            START + 2,
            0,
            0,
            "",
        ),
        ("first", 8, START, "FIRST-AAAAA-22222", "FIRSTAAAAA22222", True, START, 0, 0, START + 3, 0, ""),
    ],
    "SELECT count(DISTINCT id) FROM codes": [(3,)],
    "SELECT value FROM marks WHERE name = 'version'": [(__version__,)],
    "SELECT value FROM marks WHERE name = 'made_at'": [("2016-01-01T00:00:00Z",)],
    "SELECT key FROM campaigns": [("(direct)",)],
}


def test_the_first_tables_are_brought_up_to_date_with_all_that_is_in_them(
    empty_postgres_url: str, tmp_path: Path
) -> None:
    for url in (f"sqlite:///{tmp_path}/old.db", empty_postgres_url):
        made = engine._store(url, create=True, durable=False, patience=1.0)._engine
        with made.begin() as tx:
            _first_tables(tx)
        with made.begin() as tx:
            ensure(tx, "hits", [START])
            for statement in OLD_ROWS:
                tx.exec_driver_sql(statement)
        made.dispose()
        store = open_store(url, now=START)
        with store.write() as tx:
            assert {query: [tuple(it) for it in tx.exec_driver_sql(query)] for query in NEW_ROWS} == NEW_ROWS
            consents.record(tx, store.ids, [Word(7, "news", False, START, "page", ip="192.0.2.7")])
            assert consents.topics_of(tx, 7) == {"news": False}
        store.close()


def _first_tables(tx: Tx) -> None:
    """As the first version of nurture made them."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    config.attributes["connection"] = tx
    command.upgrade(config, "0001")


def _other_type(
    _context: object, _column: object, _named: object, there: object, wanted: object
) -> bool | None:
    """Text is text, however long it was said to be."""
    wanted = getattr(wanted, "impl", wanted)
    same = any(isinstance(there, kind) and isinstance(wanted, kind) for kind in (String, Float))
    return False if same else None
