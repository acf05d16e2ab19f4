"""Other people's programs that the benchmarks of sending measure against, and what a tree of processes costs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

_TICKS = os.sysconf("SC_CLK_TCK")


def program(name: str) -> str:
    """Where a program of Debian's postfix package is. Raises SystemExit with what to install."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SystemExit(f"{name} is missing; it comes with Debian's package postfix")
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def smtp_sink(*, pipelining: bool = True) -> Iterator[int]:
    """The port of a server that takes every message and throws it away."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [program("smtp-sink"), *user, *([] if pipelining else ["-p"]), f"127.0.0.1:{port}", "1000"]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.kill()


def _wait_for(port: int) -> None:
    deadline = perf_counter() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if perf_counter() > deadline:
                raise
            time.sleep(0.01)


def smtp_source(
    port: int, messages: int, *, sessions: int = 10, size: int = 5_400, keep: bool = True
) -> float:
    """Messages a second that postfix's own load generator gets through; with `keep` over one connection a session."""
    command = [
        program("smtp-source"),
        *(["-d"] if keep else []),
        "-s",
        str(sessions),
        "-m",
        str(messages),
        "-l",
        str(size),
    ]
    begin = perf_counter()
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True, capture_output=True)
    return messages / (perf_counter() - begin)


def tree(root: int) -> list[int]:
    """The process `root` and all below it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
            except (OSError, IndexError):
                continue
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()


def cpu_seconds(root: int) -> float:
    """What the processes of the tree have used so far."""
    total = 0.0
    for pid in tree(root):
        try:
            fields = _stat(pid)
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / _TICKS
    return total


def pss_mb(root: int) -> float:
    """Memory of the tree: what is shared is counted once."""
    total = 0
    for pid in tree(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


@dataclass
class Watched:
    """What a tree of processes had at most while it was watched."""

    most_mb: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def watched(root: int, every: float = 3.0) -> Iterator[Watched]:
    """Looks at the memory of the tree now and then."""
    seen = Watched()

    def look() -> None:
        while True:
            seen.most_mb = max(seen.most_mb, pss_mb(root))
            if seen._stop.wait(every):
                return

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        seen._stop.set()
        thread.join()


def stopped(process: subprocess.Popen[bytes], seconds: float = 60) -> int:
    """End a daemon as an operator does; its exit status."""
    process.send_signal(signal.SIGTERM)
    return process.wait(seconds)
