"""The daemon as a process: it starts, works, outlives its relay, and ends when told to."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from nurture.errors import FilesError, WorkspaceError
from nurture.providers.inbox import InboxProvider
from nurture.runner.daemon import Daemon
from nurture.runner.in_force import InForce
from nurture.runner.send import Sending
from nurture.store.engine import Store
from support.cli import copy_of
from support.corner import Corner, files, settings
from support.nurture_command import COMMAND, environment
from support.ports import free_port

Open = Callable[..., Corner]
RELAY = Path(__file__).parents[1] / "support" / "recording_relay.py"
HELLO = "topic: offers\nstage: prospect\nsequence:\n  - send: one\n"
PEOPLE = 25


@pytest.fixture(scope="module")
def ready(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample workspace with its campaigns in force, and people who have signed up since."""
    nurture = copy_of(made, tmp_path_factory.mktemp("daemon") / "shop")
    nurture.ok("apply", "--yes")
    people = nurture.file("new.csv", "email\n" + "".join(f"c{no}@example.test\n" for no in range(PEOPLE)))
    nurture.ok("import", "contacts", people, "--consent", "a form")
    return nurture.workspace


@pytest.fixture
def workspace(ready: Path, tmp_path: Path) -> Path:
    """The same, for one test alone."""
    return shutil.copytree(ready, tmp_path / "shop")


@contextmanager
def running(workspace: Path, **more: str) -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    """`nurture run` in that workspace, with its port and its log; killed at the end where it still runs."""
    port, log = free_port(), workspace / "log.txt"
    # At any time of day: the machine's clock is the real one here.
    given = environment(NURTURE_WEB_LISTEN=f"127.0.0.1:{port}", NURTURE_LIMITS_WINDOW="any time", **more)
    with log.open("w") as out:
        process = subprocess.Popen(
            [*COMMAND, "run", "--workspace", str(workspace)], stderr=out, stdout=out, text=True, env=given
        )
    try:
        until(lambda: "ready: " in log.read_text() or process.poll() is not None)
        yield process, port, log
    finally:
        process.kill()
        process.wait(20)


def until(holds: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def end(process: subprocess.Popen[str], how: int = signal.SIGTERM) -> float:
    """Tell it to end; returns how many seconds that took."""
    asked = time.monotonic()
    process.send_signal(how)
    assert process.wait(30) == 0
    return time.monotonic() - asked


def outcomes(workspace: Path) -> Counter[str]:
    with closing(sqlite3.connect(workspace / "nurture.db", timeout=10)) as db:
        return Counter(dict(db.execute("SELECT outcome, count(*) FROM messages GROUP BY outcome").fetchall()))


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            code: int = answer.status
            return code
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_sends_serves_and_ends_within_seconds_when_told_to(workspace: Path, how: signal.Signals) -> None:
    with running(workspace) as (process, port, log):
        until(lambda: outcomes(workspace)["sent"] == PEOPLE)
        assert status(f"http://127.0.0.1:{port}/") == 200
        assert status(f"http://127.0.0.1:{port}/inbox") == 200
        assert end(process, how) < 10
    said = log.read_text()
    assert "Stopped." in said
    assert "Traceback" not in said and "error" not in said.lower()


@pytest.mark.nightly
def test_killed_and_started_again_it_sends_the_rest_and_nothing_twice(workspace: Path) -> None:
    with running(workspace) as (process, _, _):
        until(lambda: outcomes(workspace).total() > 0)
        process.kill()
        process.wait(20)
    with running(workspace) as (process, _, _):
        until(lambda: outcomes(workspace)["sent"] + outcomes(workspace)["unknown"] == PEOPLE)
        assert end(process) < 10
    with closing(sqlite3.connect(workspace / "nurture.db")) as db:
        assert db.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0
        kept = db.execute("SELECT count(*), count(DISTINCT recipient) FROM inbox").fetchone()
        assert kept[0] == kept[1] >= outcomes(workspace)["sent"]


def test_a_relay_that_is_down_is_waited_for_and_said_once(workspace: Path, tmp_path: Path) -> None:
    relay_port, taken = free_port(), tmp_path / "taken.txt"
    relay = {"NURTURE_PROVIDER": "smtp", "NURTURE_RELAY_PORT": str(relay_port)}
    with running(workspace, **relay) as (process, port, log):
        until(lambda: outcomes(workspace)[""] == PEOPLE)
        time.sleep(2.5)
        assert process.poll() is None
        assert status(f"http://127.0.0.1:{port}/") == 200
        assert outcomes(workspace) == {"": PEOPLE}
        assert log.read_text().count("trouble=relay") == 1

        command = [sys.executable, str(RELAY), str(taken), "pipelining", str(relay_port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            server.stdout.readline()
            until(lambda: outcomes(workspace)["sent"] == PEOPLE, 60)
            assert end(process) < 10
            server.kill()
        said = log.read_text()
    assert said.count("trouble=relay") == 2, "once when it went, once when it came back"
    assert said.count("it works again") == 1
    arrived = Counter(taken.read_text().split())
    assert len(arrived) == PEOPLE and set(arrived.values()) == {1}


def test_a_database_file_that_is_moved_away_is_noticed_within_a_second_and_said_once_by_all_parts(
    workspace: Path,
) -> None:
    path, away = workspace / "nurture.db", workspace / "away.db"
    with running(workspace) as (process, _, log):
        until(lambda: outcomes(workspace)["sent"] == PEOPLE)
        path.rename(away)
        gone = time.monotonic()
        until(lambda: "removed or moved away" in log.read_text())
        assert time.monotonic() - gone < 1.2
        time.sleep(1.2)
        assert not path.exists(), "no new one is made"
        away.rename(path)
        until(lambda: "it works again" in log.read_text())
        assert end(process) < 10
    said = log.read_text()
    assert said.count("trouble=database") == 2, "once when it went, once when it came back"
    assert "Move it back" in said and "doing='waiting for it'" in said


def test_a_port_in_use_is_said_with_what_to_do(workspace: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, "run", "--workspace", str(workspace)],
            capture_output=True,
            text=True,
            env=environment(NURTURE_WEB_LISTEN=f"127.0.0.1:{port}"),
            timeout=60,
        )
    assert done.returncode == 1
    assert f"127.0.0.1:{port}: this port is in use by another program" in done.stderr
    assert "[web] listen" in done.stderr
    assert "Traceback" not in done.stderr
    assert outcomes(workspace) == {}, "it did not begin"


def test_another_version_is_taken_up(shop: Open) -> None:
    corner = shop({"hello": HELLO})
    before = corner.world()
    assert corner.world.look() is False
    assert corner.world() is before

    corner.apply(files({"hello": HELLO, "more": HELLO}))
    assert corner.world() is before, "not before somebody looks"
    assert corner.world.look() is True
    assert {campaign.key for _, campaign in corner.world().in_force} == {"hello", "more"}
    assert corner.world.look() is False


def test_a_version_that_cannot_be_read_leaves_the_one_before_in_force(shop: Open) -> None:
    corner = shop({"hello": HELLO})
    before = corner.world()
    corner.apply(files({"hello": HELLO, "more": HELLO}))
    with corner.store.write() as tx:
        tx.exec_driver_sql("UPDATE versions SET files = replace(files, 'send', 'sned') WHERE no = 2")
    with pytest.raises(FilesError, match="version 2, which is in force, cannot be read"):
        corner.world.look()
    assert corner.world() is before


def test_before_the_first_apply_there_is_nothing_to_run(store: Store, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="nothing is in force yet") as caught:
        InForce(store, settings(tmp_path))
    assert "nurture apply" in caught.value.remedy


def test_a_version_that_was_put_right_is_no_trouble_any_more(shop: Open) -> None:
    """And when another one is wrong a moment later, that is said as well."""
    corner = shop({"hello": HELLO})
    provider = InboxProvider(corner.store, corner.clock)
    app = corner.app
    sending = Sending(app.store, provider, corner.clock, app.handling(corner.world))
    daemon = Daemon(app.store, app.settings, corner.clock, corner.world, sending)

    def break_newest() -> None:
        with corner.store.write() as tx:
            tx.exec_driver_sql(
                "UPDATE versions SET files = replace(files, 'send', 'sned')"
                " WHERE no = (SELECT max(no) FROM versions)"
            )

    async def looks() -> None:
        for number in range(2):
            corner.apply(files({"hello": HELLO, f"more-{number}": HELLO}))
            break_newest()
            await daemon.look()
            await daemon.look()
            corner.apply(files({"hello": HELLO, f"right-{number}": HELLO}))
            await daemon.look()

    with capture_logs() as logs:
        asyncio.run(looks())
    assert [it["log_level"] for it in logs if it.get("trouble") == "version"] == ["warning", "info"] * 2
