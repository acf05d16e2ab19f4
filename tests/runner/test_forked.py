"""Work on templates in a child of the command: bounded, in order, and one that is stopped is named."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nurture.errors import TemplateError, TemplateStoppedError
from nurture.runner.bounded import Watch, clock, limit_memory, size
from nurture.runner.forked import Again, each, one

SHORT = 1.2
"""Seconds: what an innocent item never takes, though a child of this large process starts slowly on a busy machine."""

Work = Callable[[str, Again], str]


def endless(item: str, again: Again) -> str:
    while True:
        pass


def deaf(item: str, again: Again) -> str:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    return endless(item, again)


def greedy(item: str, again: Again) -> str:
    kept = [bytearray(2**20) for _ in range(300)]
    return str(len(kept))


def killed(item: str, again: Again) -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return item


def talkative(item: str, again: Again) -> str:
    return "a" * 40 * 2**20


def wrong(item: str, again: Again) -> str:
    raise TemplateError("there is no fact called that", where=f"{item}:3", line=3)


def slow_but_moving(item: str, again: Again) -> str:
    for _ in range(8):
        again()
        until = time.process_time() + SHORT / 5
        while time.process_time() < until:
            pass
    return item


WORK: dict[str, Work] = {it.__name__: it for it in (endless, deaf, greedy, killed, talkative, wrong)} | {
    "slow": slow_but_moving
}


def do(items: list[str]) -> list[str | TemplateError]:
    """Each name's work, and that of others: their own name."""
    work: Work = lambda item, again: WORK[item](item, again) if item in WORK else item  # noqa: E731
    return list(each(work, items, name=lambda it: f"{it}.md", seconds=SHORT, memory=128 * 2**20))


def test_answers_come_in_order_and_faults_as_they_were_raised() -> None:
    first, fault, last = do(["one", "wrong", "two"])
    assert (first, last) == ("one", "two")
    assert isinstance(fault, TemplateError)
    assert (fault.message, fault.where, fault.line) == ("there is no fact called that", "wrong:3", 3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("endless", f"it took more than {SHORT} seconds"),
        ("deaf", f"it took more than {SHORT} seconds"),
        ("greedy", "it wanted more than 128 MB"),
        ("talkative", "it wanted more than 256 MB"),
        ("killed", "it ended the process that worked on it"),
    ],
)
def test_one_is_stopped_and_named_and_the_others_go_on(name: str, said: str) -> None:
    began = time.monotonic()
    first, fault, *others = do(["one", name, "two", "three"])
    assert (first, others) == ("one", ["two", "three"])
    assert isinstance(fault, TemplateStoppedError)
    assert (fault.where, fault.message) == (f"{name}.md", f"it was stopped: {said}")
    assert time.monotonic() - began < 3 * SHORT + 1


def test_one_that_makes_progress_may_take_longer_than_the_limit() -> None:
    assert do(["slow", "one"]) == ["slow", "one"]


def test_a_mistake_of_ours_is_raised_as_one() -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        one(lambda: 1 // 0, name="one")


def test_one_gives_its_value_or_raises() -> None:
    assert one(lambda: {"a": 1}, name="one") == {"a": 1}
    with pytest.raises(TemplateStoppedError, match=r"one: it was stopped"):
        one(lambda: endless("", lambda: None), name="one", seconds=SHORT)


def open_files() -> set[str]:
    return {it.name for it in Path("/proc/self/fd").iterdir()}


def children() -> set[str]:
    """Of this thread; tests before may have left some of their own."""
    return set(Path("/proc/thread-self/children").read_text().split())


def test_no_child_is_left_and_no_pipe_open_even_where_nobody_waits_for_the_rest() -> None:
    before, born = open_files(), children()
    answers = each(lambda it, _: it, ["one", "two"], name=str, seconds=SHORT)
    assert next(answers) == "one"
    answers.close()  # type: ignore[attr-defined]
    assert open_files() == before
    assert children() <= born


def test_a_child_is_quickly_made() -> None:
    took = []
    for _ in range(5):
        began = time.perf_counter()
        one(lambda: "", name="one")
        took.append(time.perf_counter() - began)
    assert min(took) < 0.2


def test_the_limits_are_as_they_were_when_the_clock_has_stopped() -> None:
    before = (signal.getsignal(signal.SIGALRM), resource.getrlimit(resource.RLIMIT_CPU))
    with clock(SHORT) as again:
        again()
        assert resource.getrlimit(resource.RLIMIT_CPU) != before[1]
    assert (signal.getsignal(signal.SIGALRM), resource.getrlimit(resource.RLIMIT_CPU)) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_memory_is_counted_from_where_the_process_is() -> None:
    def limited() -> int:
        limit_memory(2**20)
        return resource.getrlimit(resource.RLIMIT_AS)[0]

    assert 0 <= one(limited, name="one") - size() < 2**27


def test_who_gets_no_processor_has_longer_and_not_for_ever() -> None:
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    try:
        watch = Watch(child, SHORT)
        assert not watch.is_over()
        watch.begun(time.monotonic() - SHORT, 0)
        assert not watch.is_over()
        watch.begun(time.monotonic() - 5 * SHORT, 0)
        assert watch.is_over()
        watch.begun(time.monotonic() - SHORT, -SHORT)
        assert watch.is_over()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
