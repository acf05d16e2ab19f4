"""A database that goes wrong while mail is sent: sending waits, says so once, and goes on; nothing lost or doubled."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from nurture.clock import SystemClock
from nurture.delivery.outcome import MessageKey
from nurture.providers.inbox import InboxProvider
from nurture.providers.smtp import SmtpProvider
from nurture.runner.send import Handling, Pace, Sending
from nurture.settings import Relay
from nurture.store.engine import Store, open_store
from nurture.store.outbox import counts
from support.crashing import recording, sending, until
from support.letters import letter, outcomes, plan_messages, prepare
from support.postgres import PostgresServer
from support.scripted_relay import ScriptedRelay

MESSAGES = 400
PATIENCE = 0.2
CONNECTIONS = 3
HANDLING = Handling(prepare=prepare, hash_address=str.lower)
QUICK = Pace(look_every=0.05, beat_every=0.1, grace=5.0)

Logs = list[MutableMapping[str, Any]]
Spoil = Callable[[], Callable[[], None]]
"""Makes the database unusable, and returns what puts it right."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the database is."""
    made = tmp_path / "store"
    made.mkdir(exist_ok=True)
    return made


def send_through(store: Store, spoil: Spoil, *, seconds: float = 0.4) -> tuple[list[str], Logs, list[int]]:
    """Send; spoil the database in the middle, put it right `seconds` after that was said, and wait for the rest.

    Returns who got mail, the log, and how many mails the relay had taken: as it began, in the middle, and at its end.
    """
    taken: list[int] = []
    cures: list[Callable[[], None]] = []

    async def run(logs: Logs) -> list[str]:
        def answer(said: str, before: int) -> None:
            if said == "body" and before == MESSAGES // 10:
                taken.append(before)
                cures.append(spoil())

        async with ScriptedRelay(answer=answer) as relay:
            provider = SmtpProvider(Relay(host="127.0.0.1", port=relay.port, connections=CONNECTIONS))
            loop = Sending(store, provider, SystemClock(), HANDLING, pace=QUICK)
            stop = asyncio.Event()
            work = asyncio.create_task(loop.run(stop))
            try:
                await _until(lambda: bool(_said(logs)), work)
                for _ in range(2):
                    await asyncio.sleep(seconds / 2)
                    taken.append(len(relay.taken))
            finally:
                for cure in cures:
                    cure()
            await _until(lambda: _nothing_waits(store), work)
            stop.set()
            await work
            return [it.recipient for it in relay.taken]

    with capture_logs() as logs:
        recipients = asyncio.run(run(logs))
    return recipients, logs, taken


async def _until(holds: Callable[[], bool], work: asyncio.Task[None]) -> None:
    async with asyncio.timeout(90):
        while not holds() and not work.done():
            await asyncio.sleep(0.01)
    if work.done():
        work.result()


def _nothing_waits(store: Store) -> bool:
    with store.read() as tx:
        return not any(counts(tx).values())


def _said(logs: Logs) -> Logs:
    return [it for it in logs if it.get("trouble") == "database" and it["log_level"] == "warning"]


def assert_nothing_lost_or_doubled(store: Store, keys: list[MessageKey], recipients: list[str]) -> None:
    assert set(Counter(recipients).values()) == {1}
    assert set(recipients) == {letter(key).recipient for key in keys}
    assert {outcome for outcome, _ in outcomes(store).values()} == {"sent"}


def assert_said_once_and_over_once(logs: Logs, what: str) -> None:
    (said,) = _said(logs)
    assert what in said["event"]
    assert said["doing"] == "waiting for it"
    assert said["remedy"] and said["where"]
    over = [it for it in logs if it["log_level"] == "info"]
    assert [(it["event"], it["trouble"]) for it in over] == [("it works again", "database")]


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url, now=SystemClock().now(), patience=PATIENCE)
    yield opened
    opened.close()


def locked(store: Store) -> Callable[[], None]:
    """Have another program hold the database; returns what ends that."""
    other = sqlite3.connect(store.where, isolation_level=None, timeout=10)
    other.execute("BEGIN IMMEDIATE")
    return other.close


@pytest.mark.parametrize("patience", [PATIENCE, pytest.param(30.0, marks=pytest.mark.nightly)])
def test_a_database_that_another_process_locks_is_waited_for(sqlite_url: str, patience: float) -> None:
    store = open_store(sqlite_url, now=SystemClock().now(), patience=patience)
    keys = plan_messages(store, MESSAGES, SystemClock().now())
    recipients, logs, (begin, middle, end) = send_through(store, lambda: locked(store))
    assert middle == end <= begin + 2 * CONNECTIONS, "nothing leaves while nothing can be marked"
    assert_said_once_and_over_once(logs, "locked by another process")
    assert_nothing_lost_or_doubled(store, keys, recipients)
    store.close()


def test_a_lock_is_said_once_also_where_there_is_nothing_to_send(store: Store) -> None:
    """Reading goes on meanwhile, so that looking for work is no trouble."""

    async def run(logs: Logs) -> None:
        loop = Sending(store, InboxProvider(store, SystemClock()), SystemClock(), HANDLING, pace=QUICK)
        stop = asyncio.Event()
        work = asyncio.create_task(loop.run(stop))
        await asyncio.sleep(0.2)
        release = locked(store)
        await _until(lambda: bool(_said(logs)), work)
        await asyncio.sleep(0.6)
        release()
        await _until(lambda: any(it["log_level"] == "info" for it in logs), work)
        stop.set()
        await work

    with capture_logs() as logs:
        asyncio.run(run(logs))
    assert_said_once_and_over_once(logs, "locked by another process")


def test_a_server_that_ends_all_connections_and_takes_no_new_ones_is_waited_for(
    postgres: PostgresServer, postgres_url: str
) -> None:
    store = open_store(postgres_url, now=SystemClock().now())
    keys = plan_messages(store, MESSAGES, SystemClock().now())
    name = make_url(postgres_url).database

    def shut() -> Callable[[], None]:
        postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        return lambda: postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    recipients, logs, (begin, middle, end) = send_through(store, shut)
    assert middle == end <= begin + 2 * CONNECTIONS, "nothing leaves while nothing can be marked"
    assert_said_once_and_over_once(logs, "the database server")
    assert_nothing_lost_or_doubled(store, keys, recipients)
    store.close()


def test_a_database_file_that_is_moved_away_is_noticed_at_once_and_never_made_anew(store: Store) -> None:
    keys = plan_messages(store, MESSAGES, SystemClock().now())
    path = Path(store.where)
    away = path.with_name("away.db")

    def move() -> Callable[[], None]:
        path.rename(away)

        def back() -> None:
            assert not path.exists(), "a new, empty one was made"
            away.rename(path)

        return back

    recipients, logs, (begin, middle, end) = send_through(store, move)
    assert middle == end <= begin + 2 * CONNECTIONS, "only what was on the wire already"
    assert_said_once_and_over_once(logs, "removed or moved away")
    assert_nothing_lost_or_doubled(store, keys, recipients)


def test_another_file_in_the_databases_place_is_not_written_to(store: Store) -> None:
    """A backup does not know what was sent since: a person has to say that it is to be used."""
    keys = plan_messages(store, MESSAGES, SystemClock().now())
    path = Path(store.where)
    away, backup = path.with_name("away.db"), path.with_name("backup.db")
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(backup)) as new:
        old.backup(new)
    before = backup.read_bytes()

    def restore() -> Callable[[], None]:
        path.rename(away)
        backup.rename(path)

        def back() -> None:
            assert path.read_bytes() == before
            path.rename(backup)
            away.rename(path)

        return back

    recipients, logs, (begin, middle, end) = send_through(store, restore)
    assert middle == end <= begin + 2 * CONNECTIONS, "only what was on the wire already"
    assert_said_once_and_over_once(logs, "another file stands where the database was")
    assert_nothing_lost_or_doubled(store, keys, recipients)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of that size in `folder`, for as long as this lasts; skips where none may be mounted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_waited_for(made_file: Path, folder: Path) -> None:
    with small_disk(folder, "8m"):
        shutil.copyfile(made_file, folder / "nurture.db")
        store = open_store(f"sqlite:///{folder / 'nurture.db'}", now=SystemClock().now(), patience=PATIENCE)
        try:
            keys = plan_messages(store, MESSAGES, SystemClock().now())

            def fill() -> Callable[[], None]:
                heap = folder / "heap"
                with heap.open("wb", buffering=0) as out, suppress(OSError):
                    while True:
                        out.write(b"x" * 4096)
                return heap.unlink

            recipients, logs, (begin, middle, end) = send_through(store, fill)
            assert middle == end <= begin + 2 * CONNECTIONS, "nothing leaves while nothing can be marked"
            assert_said_once_and_over_once(logs, "the disk is full")
            assert_nothing_lost_or_doubled(store, keys, recipients)
        finally:
            store.close()


def test_a_disk_that_cannot_be_written_is_waited_for(store: Store, sqlite_url: str, tmp_path: Path) -> None:
    """In a process of its own, which the machine forbids to write far into a file, and then allows it again."""
    keys = plan_messages(store, MESSAGES, SystemClock().now())
    log, little = tmp_path / "log.txt", 50_000
    with ExitStack() as stack:
        relay = stack.enter_context(recording(tmp_path / "taken.txt", milliseconds=5))
        process = stack.enter_context(sending(sqlite_url, relay, log, connections=CONNECTIONS))
        until(lambda: relay.total() > MESSAGES // 10, "it does not send")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (little, resource.RLIM_INFINITY))
        until(lambda: "could not be read or written" in log.read_text(), "it does not say so")
        before = relay.total()
        time.sleep(0.5)
        assert relay.total() <= before + 2 * CONNECTIONS
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until(lambda: _nothing_waits(store), "it does not go on")
        process.stop()
        said = log.read_text()
    assert said.count("[warning") == said.count("it works again") == 1, said
    assert_nothing_lost_or_doubled(store, keys, [recipient_of(name) for name in relay.ids().elements()])


def recipient_of(name: str) -> str:
    """Of the mail with this Message-ID."""
    return f"c{name.partition('.')[0]}@example.test"
