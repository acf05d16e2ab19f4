"""The process that serves pages and links, seen from the daemon.

Apart from the daemon, since answers would wait for whatever it decides and sends meanwhile: Python has one thread at
work at a time in a process. The daemon keeps the port, so that whoever asks while another process comes up waits and is
not refused. `cli/serving.py` is the process itself.
"""

from __future__ import annotations

import asyncio
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import NamedTuple, TypeVar

import structlog

from nurture.errors import NurtureError, ServiceError
from nurture.settings import Settings
from nurture.store.database_file import FileId
from nurture.web.deps import Watched

T = TypeVar("T")

READY = b"ready"
END_SECONDS = 40.0
"""How long it has to finish what is under way and to write its last hits."""
LONGEST_PAUSE = 10.0
"""Seconds at most before a process that keeps ending is started once more."""
_LASTING = 60.0
"""Who served for so many seconds did not end at its start."""
# Not with -m: what it answers would be of a module called __main__.
_CODE = "from nurture.cli.serving import main; main()"


class WebStart(NamedTuple):
    """What the process is told first."""

    settings: Settings
    file_id: FileId | None
    """Which file the database is on SQLite: no other one that comes into its place."""


class Failed(NamedTuple):
    """Why it did not start: the parts of the error."""

    message: str
    where: str
    remedy: str


class _Running(NamedTuple):
    process: subprocess.Popen[bytes]
    pipe: Connection
    since: float


class WebProcess:
    """Keeps one process serving at the port `taken` until told to stop. Answers what it asks about the daemon."""

    def __init__(self, start: WebStart, taken: socket.socket, watched: Watched) -> None:
        self._start = start
        self._taken = taken
        self._watched = watched
        self._thread = ThreadPoolExecutor(1, "web")
        self._log = structlog.get_logger("nurture.web")

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serve until `stop` is set; whoever is being served then is served first, and every hit written.

        Calls `ready` once. Raises NurtureError where the first process does not come up; later ones are tried again.
        """
        try:
            running = await self._in_thread(self._begin)
            ready()
            pause = 0.1
            while await self._ended(running, stop):
                status = running.process.wait()
                pause = 0.1 if time.monotonic() - running.since > _LASTING else min(LONGEST_PAUSE, 2 * pause)
                self._log.error("the process that serves pages ended: starting another", status=status)
                found = await self._again(stop, pause)
                if found is None:
                    return
                running = found
        finally:
            self._taken.close()
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _again(self, stop: asyncio.Event, pause: float) -> _Running | None:
        """Another process, however long it takes; None where the end comes first."""
        while not await _set_within(stop, pause):
            try:
                return await self._in_thread(self._begin)
            except NurtureError as error:
                self._log.error("it does not come up", why=error.message, where=error.where)
                pause = min(LONGEST_PAUSE, 2 * pause)
        return None

    async def _ended(self, running: _Running, stop: asyncio.Event) -> bool:
        """Whether it ended by itself; False: it was told to, and has."""
        attending = asyncio.ensure_future(self._in_thread(lambda: self._attend(running)))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({attending, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if attending.done() and not stop.is_set():
                return True
            # Nobody else may come to a port at which nobody answers any more.
            self._taken.close()
            running.process.terminate()
            try:
                await asyncio.wait_for(attending, END_SECONDS)
            except TimeoutError:
                self._log.error("the process that serves pages did not end in time: hits may be lost")
                running.process.kill()
            await asyncio.to_thread(running.process.wait)
            return False
        finally:
            stopping.cancel()

    def _begin(self) -> _Running:
        ours, theirs = socket.socketpair()
        passed = (theirs.fileno(), self._taken.fileno())
        command = [sys.executable, "-P", "-c", _CODE, *map(str, passed)]
        # Its standard input ends with us, however we end: then it ends too.
        process = subprocess.Popen(command, pass_fds=passed, stdin=subprocess.PIPE)
        theirs.close()
        pipe = Connection(ours.detach())
        try:
            pipe.send_bytes(pickle.dumps(self._start, pickle.HIGHEST_PROTOCOL))
            answer = pipe.recv_bytes()
        except (EOFError, OSError):
            answer = b""
        if answer == READY:
            return _Running(process, pipe, time.monotonic())
        pipe.close()
        process.kill()
        process.wait()
        if answer:
            failed: Failed = pickle.loads(answer)
            raise ServiceError(failed.message, where=failed.where, remedy=failed.remedy)
        raise ServiceError(
            "the process that serves pages did not start",
            remedy="Look above for what it said, and start nurture again.",
        )

    def _attend(self, running: _Running) -> None:
        """Tell it what it asks for, until it is gone."""
        with running.pipe as pipe:
            try:
                while True:
                    pipe.recv_bytes()
                    pipe.send_bytes(pickle.dumps(self._watched.seen(), pickle.HIGHEST_PROTOCOL))
            except (EOFError, OSError):
                return

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


async def _set_within(stop: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True
