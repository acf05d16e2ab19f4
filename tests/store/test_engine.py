"""Opening a database, and transactions on it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from nurture.errors import StoreError, WorkspaceError
from nurture.store import engine, marks
from nurture.store.engine import Store, open_store
from nurture.store.statements import table
from nurture.store.tables import ContactRow, MarkRow
from support.databases import START


def test_every_sqlite_connection_sets_its_pragmas(sqlite_url: str) -> None:
    wanted = {
        "journal_mode": "wal", "synchronous": 2, "temp_store": 2, "secure_delete": 1,
    }  # fmt: skip
    store = open_store(sqlite_url, now=START)
    with store.read() as first, store.read() as second, store.write() as third:
        # Who is to write asks again and again by itself.
        for tx, waits in ((first, 30_000), (second, 30_000), (third, 5)):
            found = {
                name: tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in (*wanted, "busy_timeout")
            }
            assert found == {**wanted, "busy_timeout": waits}
    store.close()


def test_a_store_that_need_not_last_does_not_wait_for_the_disk(sqlite_url: str) -> None:
    store = open_store(sqlite_url, now=START, durable=False)
    with store.read() as tx:
        assert tx.exec_driver_sql("PRAGMA synchronous").scalar() == 0
    store.close()


def test_every_postgres_connection_ends_idle_transactions(postgres_url: str) -> None:
    store = open_store(postgres_url, now=START)
    with store.read() as tx:
        assert tx.execute(text("SHOW idle_in_transaction_session_timeout")).scalar() == "10s"
        assert tx.execute(text("SHOW transaction_isolation")).scalar() == "repeatable read"
    with store.write() as tx:
        assert tx.execute(text("SHOW transaction_isolation")).scalar() == "read committed"
    store.close()


def test_a_read_is_a_snapshot(store: Store) -> None:
    with store.read() as tx:
        assert marks.get(tx, "here") == ""
        with store.write() as other:
            marks.put(other, "here", "1")
        assert marks.get(tx, "here") == ""
    with store.read() as tx:
        assert marks.get(tx, "here") == "1"


def test_a_read_cannot_write_and_the_next_write_can(store: Store) -> None:
    with pytest.raises((DBAPIError, StoreError)), store.read() as tx:
        tx.execute(insert(table(MarkRow)), {"name": "a", "value": "b"})
    with store.write() as tx:
        marks.put(tx, "a", "b")


def test_what_is_raised_in_a_write_rolls_it_back(store: Store) -> None:
    with pytest.raises(KeyError), store.write() as tx:
        marks.put(tx, "half", "done")
        raise KeyError("no")
    with store.read() as tx:
        assert marks.get(tx, "half") == ""


def test_threads_write_one_after_the_other_and_lose_nothing(store: Store) -> None:
    def add() -> None:
        for _ in range(20):
            with store.write() as tx:
                marks.put(tx, "count", str(int(marks.get_for_update(tx, "count", "0")) + 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert marks.get(tx, "count") == "80"


def test_processes_that_write_at_once_lose_nothing(database_url: str) -> None:
    program = (
        "import sys; from nurture.store.engine import open_store; from nurture.store import marks\n"
        "store = open_store(sys.argv[1], now=0, durable=False)\n"
        "for _ in range(30):\n"
        "    with store.write() as tx: marks.put(tx, 'n', str(int(marks.get_for_update(tx, 'n', '0')) + 1))\n"
        "store.close()\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, database_url]) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    store = open_store(database_url, now=START)
    with store.read() as tx:
        assert marks.get(tx, "n") == "90"
    store.close()


def test_text_sorts_by_its_bytes_on_both_engines(store: Store) -> None:
    contacts = table(ContactRow)
    with store.write() as tx:
        names = ["Zoë", "anna", "Émile", "_x", "Ben", "zoe"]
        rows = [{"id": number, "email": name} for number, name in enumerate(names)]
        tx.execute(insert(contacts), rows)
    with store.read() as tx:
        found = tx.execute(select(contacts.c.email).order_by(contacts.c.email)).scalars().all()
    assert found == sorted(names, key=lambda name: name.encode())


def test_what_an_insert_leaves_out_is_zero_or_empty(store: Store) -> None:
    with store.write() as tx:
        tx.execute(text("INSERT INTO contacts (id, email) VALUES (1, 'a@b.example')"))
        row = tx.execute(select(table(ContactRow))).one()
    assert (row.tags, row.attributes, row.created_at, row.first_name) == ("[]", "{}", 0, "")


def test_no_database_is_an_error_that_says_how_to_make_one(tmp_path: Path, empty_postgres_url: str) -> None:
    for url in (f"sqlite:///{tmp_path}/none.db", empty_postgres_url):
        with pytest.raises(WorkspaceError, match="nurture init"):
            open_store(url, now=START)
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir, " * 500)
    with pytest.raises(StoreError, match="not a nurture database"):
        open_store(f"sqlite:///{path}", now=START, create=True)
    assert path.read_text().startswith("Dear Sir")


def test_another_programs_tables_are_left_alone(empty_postgres_url: str, tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/theirs.db", empty_postgres_url):
        made = engine._store(url, create=True, durable=False, patience=1.0)._engine
        with made.begin() as tx:
            tx.exec_driver_sql("CREATE TABLE orders (id INTEGER)")
        made.dispose()
        with pytest.raises(StoreError, match="another program"):
            open_store(url, now=START, create=True)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x", "nurture.db", ""])
def test_a_url_that_names_no_database_we_know_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///FILE"):
        open_store(url, now=START, create=True)


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://shop:open-sesame@/shop?host={tmp_path}"
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        open_store(url, now=START, create=True)
    assert "open-sesame" not in str(caught.value)


def test_a_database_that_is_not_there_on_the_server_is_named(postgres_url: str) -> None:
    with pytest.raises(StoreError, match=r"\"none_\d+\" does not exist"):
        open_store(postgres_url.replace("/test_", "/none_"), now=START, create=True)


def test_a_server_that_goes_away_in_the_middle_is_an_error_to_read_and_later_work_goes_on(
    postgres_url: str,
) -> None:
    store = open_store(postgres_url, now=START)
    with pytest.raises(StoreError, match="ended our connection"), store.write() as tx:
        with store.write() as other:
            mine = tx.execute(text("SELECT pg_backend_pid()")).scalar()
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine})
        tx.execute(text("SELECT 1"))
    with store.write() as tx:
        marks.put(tx, "after", "all")
    store.close()


def test_a_full_disk_is_said_so_and_nothing_is_half_done(sqlite_url: str) -> None:
    store = open_store(sqlite_url, now=START, durable=False)
    with pytest.raises(StoreError, match="disk is full"), store.write() as tx:
        pages = tx.exec_driver_sql("PRAGMA page_count").scalar()
        tx.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        marks.put(tx, "large", "x" * 5_000_000)
    with store.read() as tx:
        assert marks.get(tx, "large") == ""
    store.close()


def test_a_database_that_stays_locked_is_an_error_to_read(sqlite_url: str) -> None:
    first, second = (open_store(sqlite_url, now=START, patience=0.1) for _ in range(2))
    second.ids.take(1, START)
    with first.write(), pytest.raises(StoreError, match="locked"), second.write():
        pass
    first.close()
    second.close()


def test_whoever_waits_behind_one_that_waits_for_another_process_is_told_of_that_process(
    sqlite_url: str,
) -> None:
    store = open_store(sqlite_url, now=START, patience=0.2)
    store.ids.take(1, START)
    said: list[str] = []

    def write() -> None:
        try:
            with store.write():
                pass
        except StoreError as error:
            said.append(error.message)

    other = sqlite3.connect(store.where, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert said == ["the database stayed locked by another process"] * 3
    store.close()


@pytest.mark.parametrize("begun", [False, True])
def test_a_file_that_was_removed_is_an_error_and_is_not_made_anew(sqlite_url: str, begun: bool) -> None:
    """Before a transaction begins, and before one that has begun is committed."""
    store = open_store(sqlite_url, now=START)
    path = Path(store.where)
    with store.write() as tx:
        marks.put(tx, "before", "1")
    with pytest.raises(StoreError, match="removed or moved away") as caught, ExitStack() as stack:
        if not begun:
            path.rename(path.with_name("away.db"))
        tx = stack.enter_context(store.write())
        marks.put(tx, "after", "1")
        path.rename(path.with_name("away.db"))
    assert (caught.value.where, "Move it back" in caught.value.remedy) == (str(path), True)
    with pytest.raises(StoreError, match="removed or moved away"), store.read():
        pass
    assert not path.exists()
    path.with_name("away.db").rename(path)
    with store.read() as tx:
        assert (marks.get(tx, "before"), marks.get(tx, "after")) == ("1", "")
    store.close()


def test_another_file_in_its_place_is_neither_read_nor_written(sqlite_url: str) -> None:
    store = open_store(sqlite_url, now=START)
    path = Path(store.where)
    path.rename(path.with_name("away.db"))
    path.write_bytes(b"")
    for transaction in (store.read, store.write):
        with pytest.raises(StoreError, match="another file stands where the database was"), transaction():
            pass
    store.close()
    assert path.read_bytes() == b""


def test_a_process_that_works_for_another_opens_the_same_file_or_none(sqlite_url: str) -> None:
    store = open_store(sqlite_url, now=START)
    path = Path(store.where)
    open_store(sqlite_url, now=START, file_id=store.file_id).close()
    path.rename(path.with_name("away.db"))
    with pytest.raises(StoreError, match="removed or moved away"):
        open_store(sqlite_url, now=START, file_id=store.file_id)
    shutil.copyfile(path.with_name("away.db"), path)
    with pytest.raises(StoreError, match="another file stands where the database was"):
        open_store(sqlite_url, now=START, file_id=store.file_id)
    store.close()


def test_a_path_with_signs_that_mean_something_in_urls_is_opened_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a 100% #1 shop;x.db"
    open_store(f"sqlite:///{path}", now=START, create=True).close()
    assert [it.name for it in tmp_path.iterdir()] == [path.name]
    open_store(f"sqlite:///{path}", now=START).close()


def test_closing_again_is_harmless(store: Store) -> None:
    store.ids.take(1, START)
    store.close()
    store.close()


def test_a_disk_that_is_read_only_is_said_so(sqlite_url: str) -> None:
    """In a process of its own: root may write everywhere, so as root it is `nobody` who tries."""
    program = (
        "import os, sys\n"
        "from nurture.errors import StoreError\n"
        "from nurture.store.engine import open_store\n"
        "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        open_store(f'sqlite:///{path}', now=0, create=True).close()\n"
        "    except StoreError as error: print(error)\n"
    )
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        paths = [folder / "there.db", folder / "new.db"]
        shutil.copyfile(sqlite_url.removeprefix("sqlite:///"), paths[0])
        paths[0].chmod(0o444)
        folder.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", program, *paths], capture_output=True, text=True, check=False
        )
        folder.chmod(0o755)
    assert done.stderr == ""
    assert f"{paths[0]}: the database cannot be written" in done.stdout
    assert f"{paths[1]}: the database cannot be opened" in done.stdout
