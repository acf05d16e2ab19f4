"""Senders of one workspace, that tell by locks which of them are dead."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from nurture.clock import SECOND, SystemClock
from nurture.runner.incarnation import Incarnation, incarnation
from nurture.runner.neighbours import SILENT, Neighbours
from nurture.runner.troubles import Troubles
from nurture.store import senders
from nurture.store.engine import Store, open_store
from nurture.store.handover import SENDER_DIED
from nurture.store.outbox import counts
from nurture.store.senders import Living
from support.crashing import Relay, Sender, recording, sending, until
from support.letters import outcomes, plan_messages

NOW = 1_500_000_000_000_000
HOST = socket.gethostname()
CONNECTIONS = 3
BEAT = 0.3


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    opened = open_store(postgres_url, now=SystemClock().now())
    yield opened
    opened.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "shop"
    path.mkdir()
    return path


def locks(workspace: Path) -> list[str]:
    return sorted(it.name for it in (workspace / ".nurture" / "senders").iterdir())


def dead(workspace: Path, sender: int, *, host: str = HOST, silent: int = 0) -> bool:
    living = Living(sender, host, NOW - silent)
    return Neighbours(workspace).dead([living], NOW) == [sender]


@contextlib.asynccontextmanager
async def living(
    store: Store, workspace: Path | None, *, dead_after: float = 30.0
) -> AsyncIterator[Incarnation]:
    life = incarnation(
        store,
        SystemClock(),
        expiries=dict,
        troubles=Troubles(),
        beat_every=5.0,
        grace=5.0,
        dead_after=dead_after,
        workspace=workspace,
    )
    async with life as it:
        yield it


def registered(store: Store) -> list[tuple[int, int, int]]:
    """Id, began, ended: in the order in which they began."""
    with store.read() as tx:
        rows = tx.exec_driver_sql("SELECT id, started_at, ended_at FROM senders ORDER BY id").all()
    return [(row.id, row.started_at, row.ended_at) for row in rows]


def running(store: Store) -> list[int]:
    with store.read() as tx:
        return senders.alive(tx)


def held_by(store: Store, sender: int) -> int:
    with store.read() as tx:
        statement = f"SELECT count(*) FROM outbox WHERE sender = {sender}"
        return int(tx.exec_driver_sql(statement).scalar_one())


def start(url: str, relay: Relay, workspace: Path, name: str, *, beat_every: float = BEAT) -> Sender:
    log = workspace.parent / f"{name}.txt"
    return sending(
        url, relay, log, connections=CONNECTIONS, room=30, beat_every=beat_every, workspace=workspace
    )


@pytest.mark.nightly
def test_what_killed_senders_held_is_taken_over_by_a_neighbour_and_by_the_next_to_begin(
    store: Store, postgres_url: str, tmp_path: Path, workspace: Path
) -> None:
    with ExitStack() as stack:
        relay = stack.enter_context(recording(tmp_path / "taken.txt", milliseconds=25))
        processes = []
        for name in ("first", "second"):
            processes.append(stack.enter_context(start(postgres_url, relay, workspace, name)))
            until(lambda: len(running(store)) == len(processes), "it does not begin")
        first, second = running(store)
        time.sleep(3 * BEAT)
        assert running(store) == [first, second], "a living neighbour is not buried"

        keys = plan_messages(store, 160, SystemClock().now())
        until(lambda: held_by(store, first) > 0 < held_by(store, second), "not both hold messages")
        processes[0].kill()
        killed = SystemClock().now()
        until(lambda: running(store) == [second], "the neighbour does not notice", seconds=10)
        assert {it[0]: it[2] for it in registered(store)}[first] - killed < 2 * SECOND
        assert held_by(store, first) == 0

        keys += plan_messages(store, 160, SystemClock().now())
        until(lambda: held_by(store, second) > 0, "it does not send")
        processes[1].kill()
        assert held_by(store, second) > 0
        unknown = _unknown(store) + _waiting(store)["handed"]
        third = stack.enter_context(start(postgres_url, relay, workspace, "third"))
        until(lambda: len(registered(store)) == 3, "it does not begin")
        _, (_, _, ended), (_, began, _) = registered(store)
        assert ended == began, "in the moment in which it begins"
        assert held_by(store, second) == 0
        assert _unknown(store) == unknown

        until(lambda: not any(_waiting(store).values()), "the rest is not sent")
        third.stop()
    found = outcomes(store)
    assert set(found) == set(keys)
    assert _unknown(store) == unknown <= 2 * CONNECTIONS
    assert sum(outcome == "sent" for outcome, _ in found.values()) == len(keys) - unknown
    assert set(relay.ids().values()) == {1}
    assert locks(workspace) == []


def _unknown(store: Store) -> int:
    return sum(it == ("unknown", SENDER_DIED) for it in outcomes(store).values())


def _waiting(store: Store) -> dict[str, int]:
    with store.read() as tx:
        return dict(counts(tx))


@pytest.mark.nightly
def test_one_that_is_frozen_keeps_its_lock_and_dies_by_its_lease(
    store: Store, postgres_url: str, tmp_path: Path, workspace: Path
) -> None:
    async def begin(dead_after: float) -> None:
        async with living(store, workspace, dead_after=dead_after):
            pass

    with (
        recording(tmp_path / "taken.txt") as relay,
        start(postgres_url, relay, workspace, "frozen", beat_every=0.1) as process,
    ):
        until(lambda: len(running(store)) == 1, "it does not begin")
        (frozen,) = running(store)
        process.freeze()
        time.sleep(0.5)
        asyncio.run(begin(dead_after=30.0))
        assert running(store) == [frozen]
        asyncio.run(begin(dead_after=0.4))
        assert running(store) == []
        assert locks(workspace) == [f"{frozen}.lock"], "it is its own to remove"
        process.wake()
        until(lambda: len(running(store)) == 1, "it does not begin anew")
        until(lambda: locks(workspace) == [f"{running(store)[0]}.lock"], "its old lock is left")
        process.stop()
    assert locks(workspace) == []


def test_a_clean_end_leaves_no_file_and_a_beginning_sweeps_away_those_of_the_dead(
    store: Store, workspace: Path
) -> None:
    killed = Neighbours(workspace)
    killed.hold(7)
    killed.let_go(ended=False)
    assert locks(workspace) == ["7.lock"]

    async def run() -> None:
        async with living(store, workspace) as one:
            assert locks(workspace) == [f"{one.id}.lock"]
            async with living(store, workspace) as other:
                assert locks(workspace) == [f"{one.id}.lock", f"{other.id}.lock"]
                assert running(store) == [one.id, other.id]
            assert locks(workspace) == [f"{one.id}.lock"]

    asyncio.run(run())
    assert locks(workspace) == []
    assert (workspace / ".nurture" / ".gitignore").read_text() == "*\n"


def test_without_a_workspace_or_in_one_that_cannot_be_written_the_lease_holds(
    store: Store, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "shop"
    in_the_way.mkdir()
    (in_the_way / ".nurture").write_text("no folder")

    async def run(workspace: Path | None) -> None:
        async with living(store, workspace) as one, living(store, workspace):
            assert one.id in running(store)
            await asyncio.sleep(0.1)
            async with living(store, workspace, dead_after=0.05):
                assert one.id not in running(store)

    for workspace in (None, in_the_way, tmp_path / "nowhere"):
        asyncio.run(run(workspace))


def test_the_files_of_sqlite_are_as_before(sqlite_url: str, workspace: Path) -> None:
    store = open_store(sqlite_url, now=NOW)

    async def run() -> None:
        async with living(store, workspace):
            assert not (workspace / ".nurture").exists()

    asyncio.run(run())
    store.close()


def test_who_holds_the_lock_lives_and_who_lost_it_is_dead(workspace: Path) -> None:
    it = Neighbours(workspace)
    it.hold(5)
    assert not dead(workspace, 5)
    assert not dead(workspace, 5, silent=10 * SILENT), "frozen, perhaps: its lease tells"
    it.let_go(ended=False)
    assert dead(workspace, 5)
    assert not dead(workspace, 6), "of another machine: there is no file"


def test_under_another_host_name_a_free_lock_is_believed_after_two_signs_that_did_not_come(
    workspace: Path,
) -> None:
    it = Neighbours(workspace)
    it.hold(5)
    it.let_go(ended=False)
    assert not dead(workspace, 5, host="elsewhere", silent=SILENT)
    assert dead(workspace, 5, host="elsewhere", silent=SILENT + 1)


def test_a_child_does_not_inherit_the_lock(workspace: Path) -> None:
    it = Neighbours(workspace)
    it.hold(5)
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        it.let_go(ended=False)
        is_free, runs = dead(workspace, 5), child.poll() is None
        child.kill()
    assert runs
    assert is_free


def test_a_copy_of_the_workspace_says_nothing_about_who_lives(workspace: Path) -> None:
    it = Neighbours(workspace)
    it.hold(5)
    copy = workspace.with_name("copy")
    shutil.copytree(workspace, copy)
    assert not dead(copy, 5)
    it.let_go(ended=True)
