"""The rendering processes of a sender, seen from the one that hands over."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import Empty, LifoQueue
from types import TracebackType
from typing import NamedTuple, Self

import structlog

from nurture.delivery.outcome import MessageKey
from nurture.errors import NurtureError, ServiceError, StoreError, TemplateStoppedError
from nurture.messages.bounds import MAKE_LESS, took_too_long
from nurture.runner.counts import Counts
from nurture.runner.desk import Preparing
from nurture.runner.prepare import UNFIT
from nurture.runner.prepared import Dropped, Prepared
from nurture.runner.rendering import NOWHERE, OVERTIME, READY, Answer, Failed, Job, Place, Start, unpack
from nurture.store import messages
from nurture.store.claims import Claimed
from nurture.store.engine import Store

SHUN_AT = 3
"""After so many stops of one template its other messages wait."""

_END_SECONDS = 5.0


MOST = 4
"""More feed a single ledger no faster."""


def default_count() -> int:
    """One rendering process for each core but the one that hands over."""
    return max(1, min(MOST, len(os.sched_getaffinity(0)) - 1))


class Renderers:
    """So many rendering processes. Each is started at the beginning, and again when it was ended."""

    def __init__(self, store: Store, start: Start, count: int, counts: Counts | None = None) -> None:
        self._store = store
        self._start = start
        self._count = count
        self._counts = counts or Counts()
        self._every = [_Renderer(start) for _ in range(count)]
        self._free: LifoQueue[_Renderer] = LifoQueue()
        for it in self._every:
            self._free.put(it)
        self._threads = ThreadPoolExecutor(count, "renderers")
        self._closed = False
        self._stops: Counter[str] = Counter()
        self._log = structlog.get_logger("nurture.rendering")

    @property
    def preparing(self) -> Preparing:
        """For the desk."""
        # One group more than there are processes, so that none waits for the next.
        return Preparing(prepare=self._prepare, recheck=self._recheck, at_once=self._count + 1)

    @property
    def alive(self) -> int:
        """How many processes there are now. May be asked from any thread."""
        return sum(it.is_alive for it in self._every)

    async def _prepare(self, claims: list[Claimed]) -> list[Prepared]:
        return await self._in_thread(claims, render=True)

    async def _recheck(self, claims: list[Claimed]) -> list[Prepared]:
        return await self._in_thread(claims, render=False)

    async def _in_thread(self, claims: list[Claimed], *, render: bool) -> list[Prepared]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._all, claims, render)

    def _all(self, claims: list[Claimed], render: bool) -> list[Prepared]:
        """The answers for all; where a process is ended over one message, the others go once more."""
        stopped: list[Prepared] = []
        died: Counter[MessageKey | None] = Counter()
        while claims:
            answer = self._once(claims, render)
            if isinstance(answer, Failed):
                raise _trouble(answer)
            if not isinstance(answer, _Ended):
                self._count_stops(answer.stopped)
                return [*stopped, *map(unpack, answer.letters), *answer.others]
            at_fault = None if answer.place == NOWHERE else claims[answer.place]
            key = at_fault.key if at_fault else None
            died[key] += 1
            if not answer.by_its_clock:
                self._log.warning("a rendering process was ended", status=answer.status)
                if died[key] == 1:
                    # Somebody may have killed it, or the machine that has no memory left: no message did.
                    continue
            if at_fault is None:
                raise StoreError("a rendering process was ended twice while it read the gates")
            stopped.append(self._stopped(at_fault, answer))
            claims = [it for it in claims if it is not at_fault]
        return stopped

    def _once(self, claims: list[Claimed], render: bool) -> Answer | _Ended:
        renderer = self._free.get()
        try:
            shunned = frozenset(it for it, count in self._stops.items() if count >= SHUN_AT)
            return renderer.ask(Job(claims, render, shunned))
        finally:
            self._give_back(renderer)

    def _stopped(self, claimed: Claimed, ended: _Ended) -> Dropped:
        with self._store.read() as tx:
            ordered = messages.ordered(tx, [claimed.key])[claimed.key]
        error = took_too_long(ordered.template, self._start.seconds)
        if not ended.by_its_clock:
            error = TemplateStoppedError(
                "the process that rendered it was ended twice", where=ordered.template, remedy=MAKE_LESS
            )
        self._count_stops([(ordered.template_hash, str(error))])
        return Dropped(key=claimed.key, reason=f"{UNFIT}: {error}")

    def _count_stops(self, stopped: Sequence[tuple[str, str]]) -> None:
        if stopped:
            self._counts.stopped(len(stopped))
        for template, error in stopped:
            self._stops[template] += 1
            if self._stops[template] <= SHUN_AT:
                self._log.error("a template was stopped", error=error)
            if self._stops[template] == SHUN_AT:
                self._log.error("its other messages wait until it is changed", error=error)

    def close(self) -> None:
        """End all processes. What they were at is lost, and nothing is lost by that."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._end_free()

    def _give_back(self, renderer: _Renderer) -> None:
        self._free.put(renderer)
        # It was at something, or only just starting, when all were ended.
        if self._closed:
            self._end_free()

    def _end_free(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                self._free.get_nowait().close()

    def __enter__(self) -> Self:
        """Start them now, so that the first message does not wait for that."""
        for _ in range(self._count):
            self._threads.submit(self._warm_up)
        return self

    def _warm_up(self) -> None:
        renderer = self._free.get()
        try:
            renderer.begin()
        except NurtureError:
            # It is said when there is something to render.
            pass
        finally:
            self._give_back(renderer)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Ended(NamedTuple):
    """A process ended instead of answering."""

    place: int
    """At which message."""
    status: int

    @property
    def by_its_clock(self) -> bool:
        """Whether a message took all its time."""
        return self.status in (OVERTIME, -signal.SIGXCPU)


@dataclass(slots=True)
class _Running:
    process: subprocess.Popen[bytes]
    pipe: Connection
    place: Place


class _Renderer:
    """One rendering process; at one job at a time."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._running: _Running | None = None

    @property
    def is_alive(self) -> bool:
        """Whether the process is there now."""
        running = self._running
        return running is not None and running.process.poll() is None

    def ask(self, job: Job) -> Answer | _Ended:
        """The answer, or that there is none."""
        running = self.begin()
        try:
            running.pipe.send_bytes(pickle.dumps(job, pickle.HIGHEST_PROTOCOL))
            answer: Answer = pickle.loads(running.pipe.recv_bytes())
            return answer
        except (EOFError, OSError):
            place = running.place.read()
            self.close()
            return _Ended(place, running.process.returncode)

    def begin(self) -> _Running:
        """Start the process, where it does not run. Raises NurtureError where it cannot be."""
        if self._running is None:
            self._running = self._begun()
        return self._running

    def _begun(self) -> _Running:
        ours, theirs = socket.socketpair()
        memory = os.memfd_create("place")
        os.ftruncate(memory, Place.SIZE)
        # Not with -m: what it answers would be of a module called __main__.
        code = "from nurture.runner.rendering import main; main()"
        command = [sys.executable, "-P", "-c", code, str(theirs.fileno()), str(memory)]
        process = subprocess.Popen(command, pass_fds=(theirs.fileno(), memory), stdin=subprocess.DEVNULL)
        theirs.close()
        running = _Running(process, Connection(ours.detach()), Place(memory))
        running.place.at(NOWHERE)
        os.close(memory)
        try:
            running.pipe.send_bytes(pickle.dumps(self._start, pickle.HIGHEST_PROTOCOL))
            answer = running.pipe.recv_bytes()
        except (EOFError, OSError):
            _end(running)
            raise ServiceError(
                "a rendering process did not start",
                remedy="Look above for what it said, and start nurture again.",
            ) from None
        if answer != READY:
            _end(running)
            raise _trouble(pickle.loads(answer))
        return running

    def close(self) -> None:
        """End the process. Again is harmless."""
        if self._running is not None:
            running, self._running = self._running, None
            _end(running)


def _trouble(failed: Failed) -> StoreError:
    return StoreError(failed.message, where=failed.where, remedy=failed.remedy)


def _end(running: _Running) -> None:
    running.pipe.close()
    try:
        running.process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        running.process.kill()
        running.process.wait()
    running.place.close()
