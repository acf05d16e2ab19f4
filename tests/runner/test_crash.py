"""Killing the sender at any moment: nothing twice, nothing lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.clock import SystemClock
from nurture.store.engine import Store, open_store
from nurture.store.handover import SENDER_DIED
from nurture.store.outbox import counts
from support.letters import message_id, outcomes, plan_messages

TESTS = Path(__file__).parents[1]
MESSAGES = 2_000
KILLS = 10
CONNECTIONS = 4

_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(TESTS)}


@pytest.fixture(params=["plain", "pipelining"])
def relay(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The port of a recording server, and the file it writes."""
    taken = tmp_path / "taken.txt"
    command = [sys.executable, str(TESTS / "support" / "recording_relay.py"), str(taken), request.param]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), taken
        process.kill()


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url, now=SystemClock().now())
    yield opened
    opened.close()


def start_sender(url: str, port: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(TESTS / "support" / "sending_process.py"), url, port, str(CONNECTIONS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_ENVIRONMENT)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "sending"
    return process


def taken_ids(path: Path) -> Counter[str]:
    return Counter(path.read_text().split()) if path.exists() else Counter()


def wait_until_taken(path: Path, count: int) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline, "the sender does not send"
        time.sleep(0.002)


def finish(process: subprocess.Popen[str], store: Store) -> None:
    deadline = time.monotonic() + 60
    while True:
        with store.read() as tx:
            if not any(counts(tx).values()):
                break
        assert time.monotonic() < deadline, "the rest is not sent"
        time.sleep(0.05)
    stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert process.stdout is not None
    process.stdout.close()


def test_ten_kills_lose_nothing_and_double_nothing(
    store: Store, sqlite_url: str, relay: tuple[str, Path]
) -> None:
    chance = random.Random(20170101)
    port, taken = relay
    keys = plan_messages(store, MESSAGES, SystemClock().now())
    for kill in range(KILLS):
        process = start_sender(sqlite_url, port)
        wait_until_taken(taken, taken_ids(taken).total() + 1)
        time.sleep(chance.uniform(0.0, 0.06))
        process.kill()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()
        with store.read() as tx:
            assert counts(tx)["handed"] <= CONNECTIONS, f"more than one a connection after kill {kill}"
    finish(start_sender(sqlite_url, port), store)

    arrived = taken_ids(taken)
    found = outcomes(store)
    assert set(arrived.values()) == {1}
    assert set(found) == set(keys)
    unknown = [key for key in keys if found[key] == ("unknown", SENDER_DIED)]
    assert len(unknown) <= KILLS * CONNECTIONS
    for key in keys:
        if key not in unknown:
            assert found[key][0] == "sent"
            assert message_id(key) in arrived


def test_a_sender_that_is_told_to_stop_leaves_nothing_unknown(
    store: Store, sqlite_url: str, relay: tuple[str, Path]
) -> None:
    port, taken = relay
    keys = plan_messages(store, 600, SystemClock().now())
    for _ in range(3):
        process = start_sender(sqlite_url, port)
        wait_until_taken(taken, taken_ids(taken).total() + 1)
        stop(process)
        with store.read() as tx:
            waiting = counts(tx)
        assert waiting["handed"] == waiting["claimed"] == 0
    found = outcomes(store)
    sent = {message_id(key) for key in keys if found[key][0] == "sent"}
    assert {outcome for outcome, _ in found.values()} <= {"sent", ""}
    assert taken_ids(taken) == Counter(sent)
