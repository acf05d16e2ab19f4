"""A shop whose subscribers are told what happens, over real TLS."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Sequence
from typing import Any

from nurture.providers.addresses import Network, networks
from nurture.providers.webhook import HookLimits, Webhooks
from nurture.runner.feed import FeedLoop, Pace
from nurture.settings.webhooks import Subscriber
from nurture.store import feed
from support.corner import Corner
from support.hook_server import HookServer, Request, certificate

HELLO = """\
topic: offers
name: Say hello
stage: prospect
goal: orders.count >= 1
sequence:
  - send: one
  - wait: 2 days
  - send: two
"""
AGENT = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5"
    " Safari/605.1.15"
)
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
QUICK = Pace(look_every=0.01, write_every=0.05)
LOOPBACK = networks(["127.0.0.0/8"])


def subscriber(name: str = "crm", url: str = "https://hooks.example.test/", **more: Any) -> Subscriber:
    return Subscriber.model_validate({"name": name, "url": url, "events": "all", **more})


class Fed:
    """A shop whose subscribers are told."""

    def __init__(self, corner: Corner) -> None:
        self.corner = corner
        self.store = corner.store
        self.alerts: list[tuple[str, str]] = []

    def subscribe(self, *subscribers_: Subscriber) -> None:
        self.store.subscribe(subscribers_, self.corner.clock)

    def happened(self, count: int) -> list[int]:
        """So many things that subscribers are told of; the ids of their entries."""
        contact = self.corner.contact(f"c{self.corner.now}@x.test")
        with self.store.write() as tx:
            feed.unsubscribed(tx, [(contact, f"t{n}", self.corner.now, "a test") for n in range(count)])
        return [id_ for (id_,) in self.corner.rows("SELECT id FROM feed ORDER BY id")]

    def told(self) -> list[tuple[str, str]]:
        """(subscriber, kind) of each delivery, by kind."""
        rows = self.corner.rows(
            "SELECT d.subscriber, f.kind FROM feed_deliveries d JOIN feed f ON f.id = d.feed_id"
            " ORDER BY f.at, f.kind, d.subscriber"
        )
        return [(who, kind) for who, kind in rows]

    def states(self, name: str = "crm") -> list[tuple[int, str, int]]:
        """(state, outcome, attempts) of each delivery, oldest first."""
        rows = self.corner.rows(
            f"SELECT state, outcome, attempts FROM feed_deliveries WHERE subscriber = '{name}' ORDER BY feed_id"
        )
        return [tuple(row) for row in rows]

    def loop(
        self, *given: Subscriber, allow: Sequence[Network] = LOOPBACK, hooks: Webhooks | None = None
    ) -> FeedLoop:
        calls = hooks or Webhooks(
            allow,
            ca_file=certificate(),
            resolve=lambda _host, _port: ["127.0.0.1"],
            limits=HookLimits(answer=0.5, whole=2.0, text=0.1),
            keep=True,
        )
        alert = lambda name, said: self.alerts.append((name, said))  # noqa: E731
        each = [(it, (SECRET,)) for it in given]
        return FeedLoop(self.store, self.corner.clock, each, calls, alert=alert, pace=QUICK)

    async def run(self, loop: FeedLoop, holds: Callable[[], bool]) -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(loop.run(stop))
        async with asyncio.timeout(20):
            while not holds() and not task.done():
                await asyncio.sleep(0.01)
            stop.set()
            await task

    def deliver(self, says: Callable[[Request], bytes], done: Callable[[], bool], *names: str) -> HookServer:
        """Run the loop for these subscribers against a server that answers so, until it is done."""
        server = HookServer(says=says)

        async def run() -> None:
            async with server:
                given = [subscriber(name, server.url) for name in names or ("crm",)]
                await self.run(self.loop(*given), done)

        asyncio.run(run())
        return server


def ended(fed: Fed, count: int) -> Callable[[], bool]:
    return lambda: [state for state, *_ in fed.states()].count(2) >= count
