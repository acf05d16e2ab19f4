"""Unsubscribing while mail goes out: python -m benchmarks.unsubscribe [--messages 10000] [--people 300] [--json]

`nurture run` sends to everybody at once; meanwhile people press the one-click button (RFC 8058) of a message they are
about to get. A relay of our own writes down when each message came. None may come to them later than a second after
their no was answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from http.client import HTTPConnection

from aiosmtpd.smtp import SMTP, Envelope, Session
from benchmarks.mailing import daemon, mailing, plan, wait_until_sent
from benchmarks.processes import free_port
from benchmarks.shop import Shop, postgresql

from nurture.clock import SECOND, SystemClock
from nurture.messages.tokens import Signer
from nurture.settings import load

BUTTON = "List-Unsubscribe=One-Click"


@dataclass(slots=True)
class Mailbox:
    """Takes everything, and knows when."""

    came: dict[str, float] = field(default_factory=dict)
    port: int = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.came[envelope.rcpt_tos[0]] = time.monotonic()
        return "250 2.0.0 taken"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=300, help="who say no")
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL")
    asked = parser.parse_args()
    with (
        postgresql() if asked.postgresql else nullcontext("") as url,
        mailing(asked.messages, url) as it,
        mailbox() as relay,
    ):
        figures = measured(it, relay, asked.people)
    print(json.dumps({**vars(asked), **figures}, indent=2) if asked.json else json.dumps(figures))


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A relay in a thread of its own."""
    it, loop = Mailbox(), asyncio.new_event_loop()
    making = loop.create_server(lambda: SMTP(it, hostname="relay", loop=loop), "127.0.0.1", 0)
    server = loop.run_until_complete(making)
    it.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield it
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def measured(it: Shop, relay: Mailbox, people: int) -> dict[str, float]:
    """Send, and let people say no all the while."""
    at, port = plan(it), free_port()
    environment = {
        "NURTURE_PROVIDER": "smtp",
        "NURTURE_RELAY_PORT": str(relay.port),
        "NURTURE_RELAY_CONNECTIONS": "20",
        "NURTURE_WEB_LISTEN": f"127.0.0.1:{port}",
    }
    query = (
        "SELECT m.enrollment_id, m.step_no, c.email FROM messages m JOIN contacts c ON c.id = m.contact_id"
    )
    with it.store.read() as tx:
        messages = [((entry, step), email) for entry, step, email in tx.exec_driver_sql(query)]
    random.Random(7).shuffle(messages)
    signer = Signer(load(it.workspace).secret)
    with daemon(it, environment=environment) as process:
        time.sleep(max(0.0, (at - SystemClock().now()) / SECOND))
        began = time.monotonic()
        noes: dict[str, float] = {}
        for key, email in messages[:people]:
            if email not in relay.came:
                noes[email] = press(port, signer.sign("unsubscribe", key))
        asked_for = time.monotonic() - began
        wait_until_sent(it, process)
    late = [relay.came[email] - said for email, said in noes.items() if email in relay.came]
    return {
        "seconds": round(max(relay.came.values()) - began, 2),
        "said_no": len(noes),
        "within_seconds": round(asked_for, 2),
        "stopped": len(noes) - len(late),
        "latest_after_no_ms": round(1000 * max(late, default=0.0)),
        "later_than_a_second": sum(it > 1.0 for it in late),
        "missing": len(messages) - len(noes) - len(relay.came.keys() - noes.keys()),
    }


def press(port: int, token: str) -> float:
    """The button in a mail program; returns when the answer was there."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", f"/u/{token}", BUTTON, {"Content-Type": "application/x-www-form-urlencoded"})
    if connection.getresponse().status != 200:
        raise SystemExit("somebody's no was not taken")
    connection.close()
    return time.monotonic()


if __name__ == "__main__":
    main()
