"""Rendering processes: the same letters as without them, and what becomes of those that are stopped or killed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from nurture.clock import HOUR, MINUTE, SystemClock
from nurture.errors import StoreError
from nurture.providers.base import Letter
from nurture.runner.prepare import Preparer
from nurture.runner.prepared import Dropped, Held, Prepared
from nurture.runner.renderers import SHUN_AT, Renderers
from nurture.runner.rendering import Start
from nurture.runner.tick import decide
from nurture.store.claims import Claimed
from nurture.store.engine import open_store
from support.corner import Corner, files, letter, opened
from support.crashing import Sender, until
from support.letters import claim_due

SECONDS = 0.6
"""For one message."""
_TURNS = "{% for a in range(contact.points) %}{% for b in range(contact.points) %}\n"
BY_POINTS = f"{_TURNS}{{% for c in range(contact.points) %}}{{% set d = c %}}{{% endfor %}}\n" + (
    "{% endfor %}{% endfor %}"
)
"""Ends at once for who has few points, and never for who has many."""
ASKED = "topic: offers\nenter: {{on: {0}}}\nsequence:\n  - send: {0}\n"
CAMPAIGNS = {name: ASKED.format(name) for name in ("plain", "coupon", "slow", "killed")}
CAMPAIGNS["coupon"] = f"stage: prospect\n{CAMPAIGNS['coupon']}    offer: first-order\n"
LETTERS = {
    "plain": letter("plain"),
    "coupon": letter("coupon", "Your code is {{ offer.code }}. [Shop](https://shop.example/?a=1)"),
    "slow": letter("slow", f"Hello\n\n{BY_POINTS}"),
    "killed": letter("killed", f"Dear customer\n\n{BY_POINTS}"),
}


class Shop(Corner):
    """The corner shop, with rendering processes."""

    renderers: Renderers

    def claimed(self, event: str, *points: int) -> list[Claimed]:
        """Have a message planned for somebody new with so many points each, and claim them all."""
        # The processes have no other clock than the machine's.
        self.clock.move_to(SystemClock().now())
        given = [f"{event}-{number}-{time.monotonic_ns()}@example.test" for number in range(len(points))]
        for email, count in zip(given, points, strict=True):
            self.contact(email, attributes={"points": count}, first_name="Ann", last_name="Ôné")
            self.event(email, event, self.now)
        decide(self.store, self.world(), self.now)
        with self.store.write() as tx:
            claims = claim_due(tx, 1, self.now, 1_000)
        assert len(claims) == len(points)
        return claims

    def prepared(self, *groups: list[Claimed]) -> list[Prepared]:
        """What the rendering processes answer, for all groups at once."""
        preparing = self.renderers.preparing

        async def run() -> list[Sequence[Prepared]]:
            return await asyncio.gather(*(preparing.prepare(it) for it in groups))

        answers = [it for group in asyncio.run(run()) for it in group]
        assert sorted(it.key for it in answers) == sorted(it.key for group in groups for it in group)
        return answers


def start(shop: Corner, **changes: object) -> Start:
    keys = tuple(shop.app.settings.secret.split(","))
    settings = shop.app.settings.model_copy(update=changes)
    return Start(settings, keys, shop.store.file_id, SECONDS)


@pytest.fixture(scope="module")
def shop(made_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """With two rendering processes for all tests of this file: each takes a second of a core to start."""
    folder = tmp_path_factory.mktemp("rendered")
    (folder / "nurture.db").write_bytes(made_file.read_bytes())
    url = f"sqlite:///{folder / 'nurture.db'}"
    with ExitStack() as stack:
        store = open_store(url, now=SystemClock().now(), durable=False)
        stack.callback(store.close)
        given = files(CAMPAIGNS, LETTERS)
        it = stack.enter_context(opened(store, folder, given, database=url, of=Shop))
        assert isinstance(it, Shop)
        it.renderers = stack.enter_context(Renderers(store, start(it), 2))
        yield it


def rendering_processes() -> list[int]:
    """Of this process."""
    found = []
    for entry in Path("/proc/self/task").iterdir():
        for pid in (entry / "children").read_text().split():
            if b"nurture.runner.rendering" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(int(pid))
    return found


def without_date(content: bytes) -> bytes:
    return re.sub(rb"(?m)^Date: .*\r\n", b"", content, count=1)


def test_letters_are_those_of_this_process_byte_for_byte(shop: Shop) -> None:
    claims = shop.claimed("plain", 1, 2, 3) + shop.claimed("coupon", 4, 5)
    there = {it.key: it for it in shop.prepared(claims)}
    here = Preparer(shop.store, SystemClock(), shop.world, shop.app.seals).prepare(claims)
    assert len(here) == 5
    for it in here:
        other = there[it.key]
        assert isinstance(it, Letter)
        assert isinstance(other, Letter)
        assert without_date(other.content) == without_date(it.content)
        assert (other.sender, other.recipient, other.lane) == (it.sender, it.recipient, it.lane)
        assert b"Date: " in other.content


def test_gates_are_read_there_too(shop: Shop) -> None:
    claims = shop.claimed("plain", 1, 1)
    with shop.store.write() as tx:
        tx.exec_driver_sql(
            f"UPDATE consent_states SET agreed = false WHERE contact_id = {claims[0].contact_id}"
        )
    answers = asyncio.run(_rechecked(shop, claims))
    assert [(it.key, it.reason) for it in answers if isinstance(it, Dropped)] == [
        (claims[0].key, "not-agreed")
    ]
    (dropped,) = (it for it in shop.prepared(claims) if isinstance(it, Dropped))
    assert dropped.leaves


async def _rechecked(shop: Shop, claims: list[Claimed]) -> Sequence[Prepared]:
    return await shop.renderers.preparing.recheck(claims)


def test_a_new_version_is_taken_up_at_once(shop: Shop) -> None:
    (before,) = shop.prepared(shop.claimed("plain", 1))
    shop.apply(files(CAMPAIGNS, LETTERS | {"plain": letter("plain", "Quite another text.")}))
    assert shop.world.look()
    (after,) = shop.prepared(shop.claimed("plain", 1))
    assert isinstance(before, Letter)
    assert isinstance(after, Letter)
    assert b"Quite another text." not in before.content
    assert b"Quite another text." in after.content


def test_one_that_is_killed_while_it_works_is_replaced_and_nothing_is_lost(shop: Shop) -> None:
    claims = shop.claimed("killed", *[60] * 30)
    before = set(rendering_processes())
    assert len(before) == 2
    until(lambda: all(_is_waiting(pid) for pid in before), "they never start")

    # Each gets a group; one is stopped first, so that it has not answered by then, however slow the machine is.
    victim, other = sorted(before)
    os.kill(victim, signal.SIGSTOP)
    at_first = _cpu(other)

    def kill() -> None:
        until(lambda: _cpu(other) >= at_first + 5, "it never works")
        os.kill(victim, signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    with capture_logs() as logs:
        answers = shop.prepared(claims[:15], claims[15:])
    killing.join()
    assert all(isinstance(it, Letter) for it in answers)
    assert [it["status"] for it in logs if it["event"] == "a rendering process was ended"] == [
        -signal.SIGKILL
    ]
    after = set(rendering_processes())
    assert len(after) == 2
    assert after & before == {other}


def _is_waiting(pid: int) -> bool:
    """Whether it waits for a job: it has set its bound on memory, and sleeps."""
    status = Path(f"/proc/{pid}/status").read_text()
    limits = Path(f"/proc/{pid}/limits").read_text()
    bound = next(line for line in limits.splitlines() if line.startswith("Max address space"))
    return bound.split()[3] != "unlimited" and "State:\tS" in status


def _cpu(pid: int) -> int:
    """In hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_template_that_never_ends_is_stopped_and_then_shunned_and_others_go_on(shop: Shop) -> None:
    one, other, third = (shop.claimed("slow", 1_000, 1) for _ in range(3))
    plain = shop.claimed("plain", 1, 1)
    with capture_logs() as logs:
        answers = shop.prepared([*one, plain[0]], other) + shop.prepared([*third, plain[1]])
    of = {it.key: it for it in answers}
    for claimed, _ in (one, other, third):
        it = of[claimed.key]
        assert isinstance(it, Dropped)
        assert it.reason.startswith("it cannot be rendered for them: ")
        assert "slow: it was stopped: it took more than 0.6 seconds" in it.reason
        assert not it.leaves
    for claimed in (one[1], other[1], *plain):
        assert isinstance(of[claimed.key], Letter)
    held = of[third[1].key]
    assert isinstance(held, Held), "that was once too often"
    assert abs(held.until - SystemClock().now() - HOUR) < MINUTE
    assert "slow" in held.reason
    said = [it for it in logs if it["log_level"] == "error"]
    assert [it["event"] for it in said] == [
        *["a template was stopped"] * SHUN_AT,
        "its other messages wait until it is changed",
    ]
    assert all("slow" in it["error"] for it in said)

    shop.apply(files(CAMPAIGNS, LETTERS | {"slow": letter("slow", "Mended.")}))
    assert shop.world.look()
    (mended,) = shop.prepared(shop.claimed("slow", 1_000))
    assert isinstance(mended, Letter)


def test_a_database_that_cannot_be_opened_is_said_as_such(shop: Shop) -> None:
    gone = f"sqlite:///{shop.app.settings.workspace / 'gone.db'}"
    (claimed,) = shop.claimed("plain", 1)
    renderers = Renderers(shop.store, start(shop, database=gone), 1)
    try:
        with pytest.raises(StoreError, match=r"gone\.db"):
            asyncio.run(_prepared(renderers, claimed))
    finally:
        renderers.close()


async def _prepared(renderers: Renderers, claimed: Claimed) -> Sequence[Prepared]:
    return await renderers.preparing.prepare([claimed])


PARENT = """\
import sys, time
from pathlib import Path
from nurture.clock import SystemClock
from nurture.runner.renderers import Renderers
from nurture.runner.rendering import Start
from nurture.store.engine import open_store
from support.corner import settings
url = sys.argv[1]
store = open_store(url, now=SystemClock().now())
with Renderers(store, Start(settings(Path("/"), database=url), ("a key",), store.file_id), 1) as renderers:
    while not renderers.alive:
        time.sleep(0.01)
    print("begun", flush=True)
    time.sleep(60)
"""


def test_none_outlives_its_parent_even_where_that_is_killed(shop: Shop, tmp_path: Path) -> None:
    log = tmp_path / "log"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with Sender([sys.executable, "-c", PARENT, shop.app.settings.database_url], log, environment) as parent:
        until(lambda: "begun" in log.read_text() or not parent.runs, "it never begins")
        assert parent.runs, log.read_text()
        assert parent.kill() == []
