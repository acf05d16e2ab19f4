"""Work on templates in a child of this process, one after another: for commands, which have one thread."""

from __future__ import annotations

import gc
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NoReturn, TypeAlias, TypeVar

from nurture.errors import TemplateError, TemplateStoppedError
from nurture.messages.bounds import MEMORY, SECONDS, took_too_long
from nurture.runner.bounded import Watch, clock, end, limit_memory, size
from nurture.runner.bounded_talk import Ear, Mouth, heard, outcome

T = TypeVar("T")
R = TypeVar("R")

Again: TypeAlias = Callable[[], None]
"""Gives a piece of work its whole time once more, where it consists of several."""


def each(
    work: Callable[[T, Again], R],
    items: Iterable[T],
    *,
    name: Callable[[T], str],
    seconds: float = SECONDS,
    memory: int = MEMORY,
) -> Iterator[R | TemplateError]:
    """What `work` makes of each item, in their order, or the TemplateError that it raised.

    An item that takes longer than `seconds`, or wants `memory` bytes more than there were at the start, is stopped:
    it comes as a TemplateStoppedError with its `name`, and the others go on. Other exceptions are raised here.
    """
    todo = deque(items)
    while todo:
        child = _Child(work, tuple(todo), seconds, memory)
        try:
            while todo and (answer := child.answer()) is not None:
                item = todo.popleft()
                yield _named(answer[0], name(item))
            if todo and child.fault is not None:
                yield _named(child.fault, name(todo.popleft()))
        finally:
            child.end()


def one(work: Callable[[], R], *, name: str, seconds: float = SECONDS, memory: int = MEMORY) -> R:
    """What `work` gives. Raises the TemplateError that it raised, TemplateStoppedError where it was stopped."""
    (answer,) = each(lambda _, __: work(), [name], name=str, seconds=seconds, memory=memory)
    if isinstance(answer, TemplateError):
        raise answer
    return answer


def _named(answer: R, name: str) -> R:
    if isinstance(answer, TemplateError) and not answer.where:
        answer.where = name
    return answer


class _Child:
    """One child, which works through the items as far as it gets."""

    def __init__(
        self, work: Callable[[Any, Again], object], items: Sequence[Any], seconds: float, memory: int
    ) -> None:
        self.fault: TemplateError | None = None
        """What is to be said of the item that it did not get over."""
        self._answers = 0
        self._seconds = seconds
        reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(reading)
            _work_through(work, items, Mouth(writing), seconds, memory)
        os.close(writing)
        self._fd = reading
        self._ear = Ear(reading)
        self._watch = Watch(self._pid, seconds)

    def answer(self) -> tuple[Any] | None:
        """The next answer; None where there are no more, and then perhaps a `fault`."""
        while True:
            try:
                said = self._ear.next(self._watch.left())
            except EOFError:
                # One that goes of itself, between two items, is too big to go on.
                code = os.waitstatus_to_exitcode(self.end())
                if code == -signal.SIGXCPU:
                    self.fault = took_too_long(seconds=self._seconds)
                elif code or not self._answers:
                    self.fault = TemplateStoppedError(
                        "it was stopped: it ended the process that worked on it"
                    )
                return None
            if said is None:
                if self._watch.is_over():
                    self.fault = took_too_long(seconds=self._seconds)
                    return None
                continue
            if said.kind == b"b":
                self._watch.begun(said.at, said.cpu)
                continue
            self._answers += 1
            return (heard(said),)

    def end(self) -> int:
        """End it. Its status, 0 where it was waited for before."""
        if not self._pid:
            return 0
        pid, self._pid = self._pid, 0
        os.close(self._fd)
        return end(pid)


def _work_through(
    work: Callable[[T, Again], object], items: Iterable[T], mouth: Mouth, seconds: float, memory: int
) -> NoReturn:
    """The child's whole life. It leaves by `os._exit`, so that nothing of its parent's is flushed or closed twice."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        # What the parent has is not looked at again: looking would copy it.
        gc.freeze()
        limit_memory(memory)
        start = size()
        for item in items:
            answer = _answer(work, item, mouth, seconds, memory)
            mouth.answer(answer)
            if size() > start + memory // 4 or isinstance(answer, TemplateStoppedError):
                break
    finally:
        os._exit(0)


def _answer(work: Callable[[T, Again], object], item: T, mouth: Mouth, seconds: float, memory: int) -> object:
    def timed() -> object:
        with clock(seconds) as again:

            def once_more() -> None:
                again()
                mouth.begin()

            mouth.begin()
            return work(item, once_more)

    return outcome(timed, seconds, memory)
