"""A rendering process: reads gates and renders claimed messages for the process that hands them over.

Started by `runner/renderers.py`; it ends when the pipe to it is closed. What a
template may take is bounded: who takes too long ends the process, and the parent knows at which message it was.
"""

from __future__ import annotations

import mmap
import pickle
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import NamedTuple, TypeAlias

from nurture._startup import loaded
from nurture.clock import SystemClock
from nurture.delivery.outcome import MessageKey
from nurture.errors import NurtureError
from nurture.messages.bounds import MEMORY, SECONDS, Overtime
from nurture.providers.base import Letter
from nurture.runner.bounded import clock, limit_memory
from nurture.runner.in_force import InForce
from nurture.runner.prepare import Preparer
from nurture.runner.prepared import Prepared
from nurture.runner.seals import address_key_in, seals_of
from nurture.settings import Settings
from nurture.store.claims import Claimed
from nurture.store.database_file import FileId
from nurture.store.engine import open_store

NOWHERE = -1
"""Not at a message: the gates are read."""

_PLACE = struct.Struct("q")
_SETTING = 0.05
"""Seconds after which the clock of a template is set anew."""


READY = b"ready"
OVERTIME = 3
"""The exit status where a message took all its time."""


class Start(NamedTuple):
    """What a rendering process is told first."""

    settings: Settings
    keys: tuple[str, ...]
    """What links are signed with, the newest first."""
    file_id: FileId | None
    """Which file the database is on SQLite: no other one that comes into its place."""
    seconds: float = SECONDS
    """For rendering one message."""


class Job(NamedTuple):
    """Messages to be prepared, or only looked at again."""

    claims: list[Claimed]
    render: bool
    shunned: frozenset[str]
    """Hashes of templates that were stopped too often."""


Packed: TypeAlias = tuple[int, int, str, str, str, bytes, bool]


class Done(NamedTuple):
    """The answer to a job."""

    letters: list[Packed]
    """As plain tuples, which are quick to take apart."""
    others: list[Prepared]
    stopped: list[tuple[str, str]]
    """Hashes of templates that were stopped, with what was wrong."""


class Failed(NamedTuple):
    """Why there is no answer to a job: the parts of the error."""

    message: str
    where: str
    remedy: str


Answer: TypeAlias = Done | Failed


def pack(letter: Letter) -> Packed:
    """A letter as a tuple."""
    return (*letter.key, letter.lane, letter.sender, letter.recipient, letter.content, letter.sound)


def unpack(packed: Packed) -> Letter:
    """The letter again."""
    enrollment_id, step_no, lane, sender, recipient, content, sound = packed
    return Letter(
        key=MessageKey(enrollment_id, step_no),
        lane=lane,
        sender=sender,
        recipient=recipient,
        content=content,
        sound=sound,
    )


class Place:
    """At which message of a job a rendering process is: shared with its parent, and there when it is dead."""

    SIZE = mmap.PAGESIZE

    def __init__(self, file: int) -> None:
        self._memory = mmap.mmap(file, self.SIZE)

    def at(self, index: int) -> None:
        """This message is next."""
        _PLACE.pack_into(self._memory, 0, index)

    def read(self) -> int:
        """Where it is, or was."""
        return int(_PLACE.unpack_from(self._memory, 0)[0])

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()


class _Desk:
    """Does the jobs."""

    def __init__(self, start: Start, place: Place) -> None:
        store = open_store(start.settings.database_url, now=SystemClock().now(), file_id=start.file_id)
        self._place = place
        self._seconds = start.seconds
        self._world = InForce(store, start.settings)
        seals = seals_of(start.settings, start.keys, address_key_in(store, start.keys))
        self._preparer = Preparer(store, SystemClock(), self._world, seals, bounded=self._rendering)

    def do(self, job: Job) -> Answer:
        """The answer to one job."""
        try:
            if self._world.is_behind():
                self._world.look()
            if not job.render:
                return Done([], list(self._preparer.recheck(job.claims)), [])
            prepared = self._preparer.prepare(job.claims, job.shunned)
        except NurtureError as error:
            self._place.at(NOWHERE)
            return Failed(error.message, error.where, error.remedy)
        # Not where the time of a message is over: then the parent reads at which one.
        self._place.at(NOWHERE)
        letters = [pack(it) for it in prepared if isinstance(it, Letter)]
        return Done(letters, [it for it in prepared if not isinstance(it, Letter)], self._preparer.stopped())

    @contextmanager
    def _rendering(self) -> Iterator[Callable[[int], None]]:
        """Each message has the whole time for itself."""
        with clock(self._seconds) as again:

            def at(place: int) -> None:
                self._place.at(place)
                again()

            yield at


def main() -> None:
    """Do jobs until the parent is gone."""
    # Ctrl-C and systemd's stop go to the whole group: it is the parent who says when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pipe, place = Connection(int(sys.argv[1])), Place(int(sys.argv[2]))
    try:
        try:
            desk = _Desk(pickle.loads(pipe.recv_bytes()), place)
        except NurtureError as error:
            # A database that is gone for a while: whoever starts us tries again.
            pipe.send_bytes(pickle.dumps(Failed(error.message, error.where, error.remedy)))
            return
        limit_memory(MEMORY)
        loaded()
        pipe.send_bytes(READY)
        while True:
            answer = desk.do(pickle.loads(pipe.recv_bytes()))
            pipe.send_bytes(pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Overtime:
        sys.exit(OVERTIME)
