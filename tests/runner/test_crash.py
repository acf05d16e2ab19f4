"""Killing, stopping and freezing the sender at any moment: nothing twice, nothing lost."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from nurture.clock import SystemClock
from nurture.store.engine import Store, open_store
from nurture.store.handover import SENDER_DIED
from nurture.store.outbox import counts
from support.crashing import Relay, Sender, recording, sending, until
from support.letters import message_id, outcomes, plan_messages

MESSAGES = 1_200
KILLS = 6
CONNECTIONS = 4
SHORT = "?options=-c%20idle_in_transaction_session_timeout%3D1s"
"""On PostgreSQL: a frozen process loses its transaction after a second, not after ten."""


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url, now=SystemClock().now())
    yield opened
    opened.close()


def nothing_left(store: Store) -> bool:
    with store.read() as tx:
        return not any(counts(tx).values())


@pytest.mark.parametrize(
    ("kind", "messages", "kills"),
    [("pipelining", MESSAGES, KILLS), pytest.param("plain", 600, 3, marks=pytest.mark.nightly)],
)
def test_kills_lose_nothing_and_double_nothing(
    store: Store, sqlite_url: str, tmp_path: Path, kind: str, messages: int, kills: int
) -> None:
    chance = random.Random(20170101)
    keys = plan_messages(store, messages, SystemClock().now())
    with recording(tmp_path / "taken.txt", pipelining=kind == "pipelining") as relay:
        for kill in range(kills):
            before = relay.total()
            with start(sqlite_url, relay, tmp_path) as process:
                until(lambda before=before: relay.total() > before, "the sender does not send")
                time.sleep(chance.uniform(0.0, 0.06))
                assert process.kill() == [], "its children die with it"
            with store.read() as tx:
                assert counts(tx)["handed"] <= CONNECTIONS, f"more than one a connection after kill {kill}"
        with start(sqlite_url, relay, tmp_path) as process:
            until(lambda: nothing_left(store), "the rest is not sent")
            process.stop()

    arrived = relay.ids()
    found = outcomes(store)
    assert set(arrived.values()) == {1}
    assert set(found) == set(keys)
    unknown = [key for key in keys if found[key] == ("unknown", SENDER_DIED)]
    assert len(unknown) <= kills * CONNECTIONS
    for key in keys:
        if key not in unknown:
            assert found[key][0] == "sent"
            assert message_id(key) in arrived


@pytest.mark.parametrize(
    ("kind", "rounds"), [("pipelining", 2), pytest.param("plain", 1, marks=pytest.mark.nightly)]
)
def test_a_sender_that_is_told_to_stop_leaves_nothing_unknown(
    store: Store, sqlite_url: str, tmp_path: Path, kind: str, rounds: int
) -> None:
    keys = plan_messages(store, 600, SystemClock().now())
    with recording(tmp_path / "taken.txt", pipelining=kind == "pipelining") as relay:
        for _ in range(rounds):
            before = relay.total()
            with start(sqlite_url, relay, tmp_path) as process:
                until(
                    lambda before=before: relay.total() > before or nothing_left(store),
                    "the sender does not send",
                )
                process.stop()
            with store.read() as tx:
                waiting = counts(tx)
            assert waiting["handed"] == waiting["claimed"] == 0
    found = outcomes(store)
    sent = {message_id(key) for key in keys if found[key][0] == "sent"}
    assert {outcome for outcome, _ in found.values()} <= {"sent", ""}
    assert relay.ids() == Counter(sent)


def start(url: str, relay: Relay, folder: Path) -> Sender:
    return sending(url, relay, folder / "log.txt", connections=CONNECTIONS)


@pytest.mark.parametrize(
    ("senders", "messages", "lease", "milliseconds"),
    [
        pytest.param(2, 300, 1.5, 15, id="two"),
        pytest.param(4, 10_000, 30.0, 20, id="four", marks=pytest.mark.nightly),
    ],
)
def test_one_that_is_frozen_past_its_lease_sends_nothing_again_when_it_wakes(
    postgres_url: str, tmp_path: Path, senders: int, messages: int, lease: float, milliseconds: int
) -> None:
    """The others send the rest while it stands."""
    url = postgres_url + SHORT.replace("?", "&") if lease < 10 else postgres_url
    store = open_store(url, now=SystemClock().now())
    keys = plan_messages(store, messages, SystemClock().now())
    with ExitStack() as stack:
        relay = stack.enter_context(recording(tmp_path / "taken.txt", milliseconds=milliseconds))
        processes = [
            stack.enter_context(
                sending(
                    url,
                    relay,
                    tmp_path / f"log{number}.txt",
                    connections=CONNECTIONS,
                    room=40,
                    beat_every=lease / 6,
                    dead_after=lease,
                )
            )
            for number in range(senders)
        ]
        until(lambda: _claimers(store) == senders, "not all of them send")
        until(lambda: relay.total() > messages // 10, "they do not send")
        frozen = processes[0]
        frozen.freeze()
        until(lambda: nothing_left(store), "the others do not send the rest", seconds=300)
        rest = relay.total()
        frozen.wake()
        # Long enough for it to answer what stood in its pipes, be told that it is dead, and begin anew.
        until(lambda: _living(store) == senders, "it does not begin anew")
        for process in processes:
            process.stop()
    assert rest > messages // 2
    arrived, found = relay.ids(), outcomes(store)
    store.close()
    assert set(arrived.values()) == {1}
    unknown = {key for key, (outcome, _) in found.items() if outcome == "unknown"}
    assert len(unknown) <= CONNECTIONS
    assert {outcome for outcome, _ in found.values()} <= {"sent", "unknown"}
    assert {message_id(key) for key in set(keys) - unknown} <= set(arrived)


def _claimers(store: Store) -> int:
    with store.read() as tx:
        return int(
            tx.exec_driver_sql("SELECT count(DISTINCT sender) FROM outbox WHERE sender <> 0").scalar_one()
        )


def _living(store: Store) -> int:
    with store.read() as tx:
        return int(tx.exec_driver_sql("SELECT count(*) FROM senders WHERE ended_at = 0").scalar_one())


def test_on_sqlite_the_others_wait_for_one_that_is_frozen_and_name_it(
    store: Store, sqlite_url: str, tmp_path: Path
) -> None:
    keys = plan_messages(store, 200, SystemClock().now())
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    with ExitStack() as stack:
        relay = stack.enter_context(recording(tmp_path / "taken.txt", milliseconds=15))
        frozen = stack.enter_context(sending(sqlite_url, relay, first, connections=CONNECTIONS))
        until(lambda: relay.total() > 10, "the first does not send")
        frozen.freeze()
        before = relay.total()
        other = stack.enter_context(sending(sqlite_url, relay, second, connections=CONNECTIONS))
        until(lambda: "is sending for this database already" in second.read_text(), "it names nobody")
        time.sleep(0.3)
        assert relay.total() <= before + CONNECTIONS, "only what was on the wire"
        assert f"process {frozen.pid} on " in second.read_text()
        frozen.wake()
        until(lambda: nothing_left(store), "it does not go on")
        frozen.stop()
        other.stop()
    assert relay.ids() == Counter(message_id(key) for key in keys)
    assert {outcome for outcome, _ in outcomes(store).values()} == {"sent"}
