"""The process that serves pages for the daemon: killed, told to end, and left alone."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from nurture.app import open_app
from support.cli import Nurture
from support.nurture_command import COMMAND, environment


def until(holds: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def running(workspace: Path) -> Iterator[tuple[subprocess.Popen[str], str, Path]]:
    """`nurture run` in that workspace, where it serves, and its log."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        here = f"127.0.0.1:{taken.getsockname()[1]}"
    log = workspace / "log.txt"
    with log.open("a") as out:
        process = subprocess.Popen(
            [*COMMAND, "run", "--workspace", str(workspace)],
            stderr=out, stdout=out, text=True, env=environment(NURTURE_WEB_LISTEN=here),
        )  # fmt: skip
    try:
        until(lambda: "ready: " in log.read_text() or process.poll() is not None)
        yield process, f"http://{here}", log
    finally:
        process.kill()
        process.wait(20)


def server_of(daemon: int) -> int:
    """The process that serves for it."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == daemon and b"nurture.cli.serving" in (entry / "cmdline").read_bytes():
                return int(entry.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    raise AssertionError("nobody serves")


def get(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.status, answer.read().decode("latin-1")


def hits(workspace: Path) -> int:
    with closing(sqlite3.connect(workspace / "nurture.db")) as db:
        count: int = db.execute("SELECT count(*) FROM hits").fetchone()[0]
        return count


def pixel(workspace: Path) -> str:
    """The path of a picture in a message that was sent."""
    with open_app(workspace) as app:
        with app.store.read() as tx:
            key = tx.exec_driver_sql(
                "SELECT enrollment_id, step_no FROM messages WHERE outcome = 'sent'"
            ).first()
        assert key is not None
        return app.urls.open(tuple(key)).removeprefix(app.settings.web.public_url)


def test_it_is_started_again_when_it_dies_and_no_answered_hit_is_lost_at_the_end(in_shop: Nurture) -> None:
    path, before = pixel(in_shop.workspace), hits(in_shop.workspace)
    with running(in_shop.workspace) as (daemon, here, log):
        first = server_of(daemon.pid)
        assert get(here + path)[0] == 200
        figures = get(here + "/metrics")[1]
        assert "nurture_rendering_processes" in figures and "process_resident_memory_bytes" in figures
        until(lambda: hits(in_shop.workspace) == before + 1)
        os.kill(first, signal.SIGKILL)
        # Whoever comes now waits until another serves.
        for _ in range(40):
            assert get(here + path)[0] == 200
        assert server_of(daemon.pid) != first
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(30) == 0
    assert hits(in_shop.workspace) == before + 41
    assert log.read_text().count("the process that serves pages ended") == 1
    assert "Traceback" not in log.read_text()


@pytest.mark.nightly
def test_where_the_daemon_is_killed_it_writes_what_it_has_and_ends(in_shop: Nurture) -> None:
    path, before = pixel(in_shop.workspace), hits(in_shop.workspace)
    with running(in_shop.workspace) as (daemon, here, _):
        server = server_of(daemon.pid)
        for _ in range(20):
            assert get(here + path)[0] == 200
        daemon.kill()
        daemon.wait(20)
        until(lambda: not Path(f"/proc/{server}").exists())
    assert hits(in_shop.workspace) == before + 20
