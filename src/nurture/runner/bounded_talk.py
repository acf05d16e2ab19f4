"""What a process that works on templates says to the one that waits for it: when it begins, and what came of it."""

from __future__ import annotations

import os
import pickle
import select
import struct
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nurture.errors import NurtureError
from nurture.messages.bounds import MEMORY, Overtime, TooMuch, made_too_much, took_too_long, wanted_too_much

LARGEST = 32 * 2**20
"""Bytes of one answer: more than a message ever needs."""
_HEAD = struct.Struct(">cddI")
_AT_ONCE = 2**16


@dataclass(frozen=True, slots=True)
class Said:
    """`kind` b"b": it begins, with what its clocks say; b"a": an answer, in `body`."""

    kind: bytes
    at: float
    cpu: float
    body: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """A mistake of ours in another process, with its traceback in words."""

    told: str


class Mouth:
    """The end that speaks. `fd`: of a pipe, owned by the caller."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def begin(self) -> None:
        """Say that the next piece of work begins now."""
        self._say(b"b", b"")

    def answer(self, value: object) -> None:
        """Say what came of it: anything that can be pickled."""
        try:
            body = pickle.dumps(value)
        except MemoryError:
            body = b""
        if not body or len(body) > LARGEST:
            body = pickle.dumps(wanted_too_much())
        self._say(b"a", body)

    def _say(self, kind: bytes, body: bytes) -> None:
        left = memoryview(_HEAD.pack(kind, time.monotonic(), time.process_time(), len(body)) + body)
        while left:
            left = left[os.write(self._fd, left) :]


class Ear:
    """The end that listens. `fd`: of a pipe, owned by the caller."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._heard = bytearray()

    def next(self, timeout: float) -> Said | None:
        """What is said next; None where nothing is for `timeout` seconds. Raises EOFError when there is nobody."""
        until = time.monotonic() + timeout
        while (said := self._whole()) is None:
            ready, _, _ = select.select([self._fd], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                return None
            some = os.read(self._fd, _AT_ONCE)
            if not some:
                raise EOFError
            self._heard += some
        return said

    def _whole(self) -> Said | None:
        if len(self._heard) < _HEAD.size:
            return None
        kind, at, cpu, length = _HEAD.unpack_from(self._heard)
        if len(self._heard) < _HEAD.size + length:
            return None
        body = bytes(self._heard[_HEAD.size : _HEAD.size + length])
        del self._heard[: _HEAD.size + length]
        return Said(kind, at, cpu, body)


def outcome(work: Callable[[], object], seconds: float, memory: int = MEMORY) -> object:
    """What comes of a piece of work, to be said as an answer: its value, or what it raised in words."""
    try:
        return work()
    except Overtime:
        return took_too_long(seconds=seconds)
    except MemoryError:
        return wanted_too_much(memory=memory)
    except TooMuch as error:
        return made_too_much(error)
    except NurtureError as error:
        return error
    except BaseException:
        return Broken(traceback.format_exc())


def heard(said: Said) -> Any:
    """The answer. Raises RuntimeError where what came of it is a mistake of ours.

    It comes from a process of ours, in which no template has code of its own.
    """
    answer = pickle.loads(said.body)
    if isinstance(answer, Broken):
        raise RuntimeError(answer.told)
    return answer
