"""What kills cost: `python -m benchmarks.crash [--json] [--messages N] [--kills N] [--term] [--daemon] [--frozen]`.

A process that sends through SMTP is killed with -9 at random moments, as it starts and as it sends, and started again,
until everything was sent (with --term: told to stop, with SIGTERM). A relay on loopback writes down each Message-ID
before it answers 250; that file is the truth which the ledger is held against. With --daemon the process is
`nurture run`, all of it, on a shop into which that many people were brought; else it only sends, and the messages are
planned beforehand. With --postgresql the database is on a server of the tests' wheel. With --frozen nothing is killed:
one of four senders is stopped past its lease of 30 seconds and woken when the others have sent the rest; on SQLite,
where only one sends, the others wait and have to name it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.processes import free_port
from benchmarks.shop import nurture, postgresql
from tests.support.crashing import Relay, Sender, recording, sending, until
from tests.support.letters import message_id, outcomes, plan_messages
from tests.support.nurture_command import COMMAND, environment

from nurture.clock import SystemClock
from nurture.delivery.outcome import MessageKey
from nurture.messages.mime import message_id as full_message_id
from nurture.messages.mime import seal_of
from nurture.messages.tokens import Signer
from nurture.settings import load
from nurture.store.engine import Store, open_store
from nurture.store.outbox import counts

FROZEN = 4
"""Senders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A database with mail to send, and how to start what sends it: `start` is the one place that says so."""

    store: Store
    relay: Relay
    messages: int
    connections: int
    start: Callable[[], Sender]
    name: Callable[[MessageKey], str] = message_id

    def left(self) -> int:
        """How many messages have not come to an end."""
        with self.store.read() as tx:
            ended = int(tx.exec_driver_sql("SELECT count(*) FROM messages WHERE outcome <> ''").scalar_one())
        return self.messages - ended

    def unsent(self) -> int:
        """How many messages are still to be handed over, or to be planned first."""
        with self.store.read() as tx:
            planned = int(tx.exec_driver_sql("SELECT count(*) FROM messages").scalar_one())
            waiting = counts(tx)
        return self.messages - planned + sum(waiting[it] for it in ("planned", "claimed", "deferred"))

    def handed_by_one(self) -> int:
        """How many messages one sender has handed over without an answer: of the one that has most.

        What those before it left may not have been taken over yet.
        """
        with self.store.read() as tx:
            rows = tx.exec_driver_sql("SELECT count(*) FROM outbox WHERE state = 2 GROUP BY sender")
            return max(rows.scalars(), default=0)


@dataclass(slots=True, kw_only=True)
class Blows:
    """What kills left behind."""

    unknown: list[int] = field(default_factory=list)
    """For each, how many messages were handed over without an answer."""
    orphans: int = 0
    """Children that outlived the process that was killed by two seconds."""


def main() -> None:
    """Kill, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--messages", type=int, help="default 20,000; with --frozen 10,000")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seed", type=int, default=20170101)
    for name in ("term", "daemon", "postgresql", "frozen"):
        parser.add_argument(f"--{name}", action="store_true")
    args = parser.parse_args()
    messages = args.messages or (10_000 if args.frozen else 20_000)
    chance = random.Random(args.seed)
    begun = time.perf_counter()
    with trial(args, messages) as it:
        if args.frozen:
            blows, kills = freeze(it, chance), 0
        else:
            blows, kills = strike(it, args.kills, chance, term=args.term), args.kills
        told = {
            "what": "nurture run" if args.daemon else "the sending loop",
            "database": it.store.dialect,
            "signal": "SIGSTOP" if args.frozen else "SIGTERM" if args.term else "SIGKILL",
            "connections": args.connections,
            "kills": kills,
            **verdict(it, blows),
            "seconds": round(time.perf_counter() - begun, 1),
        }
    if args.json:
        print(json.dumps(told, indent=2))
    else:
        for name, value in told.items():
            print(f"{name.replace('_', ' '):24} {value}")
    sys.exit(1 if told["duplicates"] or told["lost"] or told["orphans"] else 0)


@contextmanager
def trial(args: argparse.Namespace, messages: int) -> Iterator[Trial]:
    """A database, a relay, and the command between them."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(postgresql()) if args.postgresql else ""
        pause = 20 if args.frozen else 0
        relay = stack.enter_context(recording(folder / "taken.txt", milliseconds=pause))
        make = _daemon if args.daemon else _loop
        it = make(folder, url, relay, messages, args.connections)
        stack.callback(it.store.close)
        yield it


def _loop(folder: Path, url: str, relay: Relay, messages: int, connections: int) -> Trial:
    url = url or f"sqlite:///{folder / 'nurture.db'}"
    now = SystemClock().now()
    store = open_store(url, now=now, create=True)
    plan_messages(store, messages, now)
    return Trial(
        store=store,
        relay=relay,
        messages=messages,
        connections=connections,
        start=lambda: sending(url, relay, folder / "log.txt", connections=connections),
    )


def _daemon(folder: Path, url: str, relay: Relay, messages: int, connections: int) -> Trial:
    """The sample shop, which greets everybody who signs up."""
    workspace = folder / "shop"
    nurture("init", str(workspace))
    file = workspace / "nurture.toml"
    if url:
        file.write_text(
            re.sub("(?m)^database = .*$", f'database = "{url}"', file.read_text("utf-8")), "utf-8"
        )
        open_store(url, now=SystemClock().now(), create=True).close()
    nurture("apply", "--yes", "--workspace", str(workspace))
    people = folder / "people.csv"
    people.write_text("email\n" + "".join(f"c{number}@example.test\n" for number in range(messages)))
    nurture("import", "contacts", str(people), "--consent", "a form", "--workspace", str(workspace))
    settings = load(workspace)
    given = {
        "NURTURE_PROVIDER": "smtp",
        "NURTURE_RELAY_PORT": str(relay.port),
        "NURTURE_RELAY_CONNECTIONS": str(connections),
        "NURTURE_WEB_LISTEN": f"127.0.0.1:{free_port()}",
        "NURTURE_LIMITS_WINDOW": "any time",
    }
    command = [*COMMAND, "run", "--workspace", str(workspace)]
    signer = Signer(settings.secret)
    return Trial(
        store=open_store(settings.database_url, now=SystemClock().now()),
        relay=relay,
        messages=messages,
        connections=connections,
        start=lambda: Sender(command, folder / "log.txt", environment(**given)),
        name=lambda key: full_message_id(key, settings.sender.from_, seal_of(key, signer)).strip("<>"),
    )


def strike(it: Trial, kills: int, chance: random.Random, *, term: bool) -> Blows:
    """Start and kill, then let the rest be sent."""
    blows = Blows()
    for number in range(kills):
        before, left = it.relay.total(), it.unsent()
        with it.start() as sender:
            if left < 2 or (not term and chance.random() < 0.1):
                # As it starts, takes over from the one before, or begins.
                time.sleep(chance.uniform(0.5, 1.5) if term else chance.uniform(0.0, 1.5))
            else:
                goal = before + min(left - 1, chance.randint(1, max(1, 2 * left // (kills - number))))
                _wait_for(it, sender, goal)
                time.sleep(chance.uniform(0.0, 0.02))
            assert sender.runs, f"it ended by itself:\n{sender.log.read_text()[-2000:]}"
            if term:
                sender.stop()
            else:
                blows.orphans += len(sender.kill())
        blows.unknown.append(it.handed_by_one())
    with it.start() as sender:
        until(lambda: it.left() == 0, "the rest is not sent", seconds=600)
        sender.stop()
    return blows


def _wait_for(it: Trial, sender: Sender, goal: int) -> None:
    def there() -> bool:
        return it.relay.total() >= goal or not sender.runs

    try:
        until(there, "the sender does not send", seconds=120)
    except AssertionError:
        raise AssertionError(f"the sender does not send:\n{sender.log.read_text()[-2000:]}") from None


def freeze(it: Trial, chance: random.Random) -> Blows:
    """Stop one of four past its lease, and wake it when the others have done what they can."""
    with ExitStack() as stack:
        first = stack.enter_context(it.start())
        _wait_for(it, first, 1)
        others = [stack.enter_context(it.start()) for _ in range(FROZEN - 1)]
        _wait_for(it, first, chance.randint(it.messages // 10, it.messages // 5))
        first.freeze()
        if it.store.dialect == "sqlite":
            time.sleep(35)
            assert "is sending for this database already" in first.log.read_text()
        else:
            until(lambda: it.left() == 0, "the others do not send the rest", seconds=600)
        first.wake()
        until(lambda: it.left() == 0, "it does not go on", seconds=600)
        time.sleep(2)
        for sender in (first, *others):
            sender.stop()
    return Blows()


def verdict(it: Trial, blows: Blows) -> dict[str, int]:
    """What arrived, held against what the ledger says."""
    arrived = it.relay.ids()
    found = {it.name(key): outcome for key, (outcome, _) in outcomes(it.store).items()}
    unknown = {name for name, outcome in found.items() if outcome == "unknown"}
    ended = set(found.values()) - {"sent", "unknown"}
    assert not ended, f"messages ended as {ended}"
    strange = set(arrived) - set(found)
    assert not strange, f"what arrived is no message of ours: {sorted(strange)[:3]}"
    return {
        "messages": it.messages,
        "delivered": len(arrived),
        "duplicates": arrived.total() - len(arrived),
        "lost": it.messages - len(set(arrived) | unknown),
        "unknown": len(unknown),
        "unknown_but_delivered": len(unknown & set(arrived)),
        "most_unknown_per_kill": max(blows.unknown, default=0),
        "orphans": blows.orphans,
    }


if __name__ == "__main__":
    main()
