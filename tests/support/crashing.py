"""Senders as processes that are killed, stopped and frozen, and the relay that notes what arrived."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from nurture.runner.desk import ROOM

SUPPORT = Path(__file__).parent


class Relay:
    """What a recording relay listens on, and what it took."""

    def __init__(self, port: int, taken: Path) -> None:
        self.port = port
        self._taken = taken

    def ids(self) -> Counter[str]:
        """How often each Message-ID arrived."""
        return Counter(self._taken.read_text().split()) if self._taken.exists() else Counter()

    def total(self) -> int:
        """How many mails arrived."""
        return self._taken.read_bytes().count(b"\n") if self._taken.exists() else 0


@contextmanager
def recording(taken: Path, *, pipelining: bool = True, milliseconds: int = 0) -> Iterator[Relay]:
    """A relay that writes Message-IDs to `taken`, and takes `milliseconds` over each mail."""
    kind = "pipelining" if pipelining else "plain"
    command = [sys.executable, str(SUPPORT / "fast_relay.py"), str(taken), kind, str(milliseconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Relay(int(process.stdout.readline()), taken)
        finally:
            process.kill()


class Sender:
    """A process that sends, with all that it starts; its log goes into a file. In a `with` it is killed at the end."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        with log.open("a") as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment,
                start_new_session=True,
            )
        self.log = log

    @property
    def pid(self) -> int:
        """Of the main process."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended by itself."""
        return self._process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.runs:
            self.kill()

    def kill(self) -> list[int]:
        """Kill -9 of the main process alone. Returns which of its children outlived it for two seconds."""
        self._process.kill()
        self._process.wait(20)
        deadline = time.monotonic() + 2
        while (left := _in_session(self.pid)) and time.monotonic() < deadline:
            time.sleep(0.01)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return left

    def stop(self) -> None:
        """SIGTERM, once it would be heard, and wait until it has ended as it should."""
        until(lambda: not self.runs or _catches(self.pid, signal.SIGTERM), "it never begins")
        self._process.terminate()
        assert self._process.wait(60) == 0, self.log.read_text()
        assert not _in_session(self.pid), "children outlived it"

    def freeze(self) -> None:
        """Stop it where it stands, until `wake`."""
        for pid in _in_session(self.pid):
            os.kill(pid, signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on."""
        for pid in _in_session(self.pid):
            os.kill(pid, signal.SIGCONT)


def sending(
    url: str,
    relay: Relay,
    log: Path,
    *,
    connections: int,
    room: int = ROOM,
    beat_every: float = 5.0,
    dead_after: float = 30.0,
    workspace: Path | None = None,
) -> Sender:
    """A process that sends what is due at `url` with letters of tests, `room` of them in memory at most."""
    program = str(SUPPORT / "sending_process.py")
    given = (url, relay.port, connections, room, beat_every, dead_after, *([workspace] if workspace else ()))
    paths = os.pathsep.join((str(SUPPORT.parent), os.environ.get("PYTHONPATH", "")))
    return Sender([sys.executable, program, *map(str, given)], log, {**os.environ, "PYTHONPATH": paths})


def until(holds: Callable[[], bool], what: str, *, seconds: float = 60.0) -> None:
    """Wait until `holds`; `what` is what is wrong where it does not come."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.004)


def _in_session(leader: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            if int(session) == leader and state != "Z":
                found.append(int(entry.name))
    return found


def _catches(pid: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    return bool(int(status.partition("SigCgt:")[2].split()[0], 16) >> (number - 1) & 1)
