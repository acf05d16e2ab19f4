"""Whether mailbox providers' limits are kept: `python -m benchmarks.throttle [--json] [--messages N] [--scale N]`.

A mailing to people at five providers is sent without a relay (`deliver = "mx"`), by what `nurture run` sends with, but
for the name server and the port of the mail servers, which are those of `benchmarks/mailboxes.py`. Those allow so many
connections, messages a connection and messages a minute in a sliding window as nurture is set to, no more, and count
each time one is broken. Then all once more without rates, where connections and messages on each are what limits.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from typing import Any

import uvloop
from benchmarks.mailboxes import Mailboxes, mailboxes
from benchmarks.mailing import mailing, plan
from benchmarks.shop import Shop
from tests.support.fake_providers import FakeProvider, five_providers

from nurture.app import App, open_app
from nurture.clock import SECOND
from nurture.providers.addresses import networks
from nurture.providers.dns import Dns
from nurture.providers.mx import MxProvider
from nurture.runner.in_force import InForce
from nurture.runner.lanes import Lanes
from nurture.runner.renderers import Renderers
from nurture.runner.send import Sending
from nurture.runner.troubles import Troubles

MOST_SECONDS = 300


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--scale", type=int, default=34, help="times 60, 50, 40, 30 and 20 messages a minute")
    asked = parser.parse_args()
    os.environ |= {"NURTURE_PROVIDER": "smtp", "NURTURE_DELIVER": "mx"}
    figures = {
        **measured(asked.messages, asked.scale),
        "without_rates": measured(asked.messages, 0),
    }
    print(json.dumps(figures, indent=2 if asked.json else None))


def measured(messages: int, scale: int) -> dict[str, Any]:
    """Send the mailing, and say what the providers saw. `scale` 0: at any rate."""
    five = five_providers(scale=scale)
    with mailing(messages, settings=settings(five)) as it:
        spread(it)
        with mailboxes(scale) as there, open_app(it.workspace) as app:
            lanes = app.lanes()
            assert lanes is not None
            at = plan(it, lanes.lane_of)
            with app.renderers(1) as renderers:
                time.sleep(max(0.0, (at - app.clock.now()) / SECOND))
                seconds = uvloop.run(sent(app, lanes, renderers, there))
    seen = there.seen
    return {
        "messages": messages,
        "delivered": sum(one["delivered"] for one in seen.values()),
        "twice": sum(one["twice"] for one in seen.values()),
        "seconds": round(seconds, 1),
        "over_connections": sum(one["over_connections"] for one in seen.values()),
        "over_per_connection": sum(one["over_per_connection"] for one in seen.values()),
        "over_rate": sum(one["over_rate"] for one in seen.values()),
        "providers": {it.name: {**seen[it.name], "allowed_in_a_minute": it.per_window} for it in five},
    }


def settings(five: Sequence[FakeProvider]) -> str:
    """The limits of the providers, as sections of nurture.toml."""
    written = ['\n[mx]\nallow = ["127.0.0.0/8"]\n']
    for it in five:
        limits = f"connections = {it.connections}\nper_connection = {it.per_connection}"
        rate = f"per_minute = {it.per_window}\n" if it.per_window else ""
        written.append(f"[destinations.{it.name}]\n{limits}\n{rate}")
    return "\n".join(written)


def spread(it: Shop) -> None:
    """Give the people addresses at the providers, as many at each as its rate is of all rates."""
    places = []
    five = five_providers()
    for provider in five:
        count = len(it.ids) * provider.per_window // sum(other.per_window for other in five)
        domains = cycle(provider.domains)
        places += [next(domains) for _ in range(count)]
    places += [five[0].domains[0]] * (len(it.ids) - len(places))
    with it.store.write() as tx:
        tx.exec_driver_sql(
            "UPDATE contacts SET email = ? WHERE id = ?",
            [
                (f"person-{no:06}@{place}", who)
                for no, (place, who) in enumerate(zip(places, it.ids, strict=True))
            ],
        )


async def sent(app: App, lanes: Lanes, renderers: Renderers, there: Mailboxes) -> float:
    """Send all that is due, as `cli/run.py` does; the seconds that took."""
    stop, troubles = asyncio.Event(), Troubles()
    world = InForce(app.store, app.settings, lanes.lane_of)
    names = Dns(app.clock, ("127.0.0.1",), port=there.dns_port)
    outgoing = replace(app.outgoing(lanes, troubles), dns=names)
    mx = app.settings.mx
    provider = MxProvider(
        app.clock,
        names,
        outgoing.steering.throttle,
        known=lanes.site_of,
        misplaced=lanes.misplaced,
        on_measure=outgoing.steering.measure,
        own_name=mx.name,
        connections=mx.connections,
        port=there.smtp_port,
        networks=networks(mx.allow),
    )
    sending = Sending(
        app.store,
        provider,
        app.clock,
        app.handling(world),
        troubles=troubles,
        preparing=renderers.preparing,
        steering=outgoing.steering,
        world=world,
    )
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for part in (sending, *app.beside(outgoing, world)):
            group.create_task(part.run(stop))
        try:
            await asyncio.wait_for(nothing_left(app), MOST_SECONDS)
        finally:
            stop.set()
    return time.perf_counter() - begin


async def nothing_left(app: App) -> None:
    """Until nothing is on its way any more."""
    while await asyncio.to_thread(_left, app):
        await asyncio.sleep(0.2)


def _left(app: App) -> bool:
    with app.store.read() as tx:
        return tx.exec_driver_sql("SELECT 1 FROM outbox LIMIT 1").first() is not None


if __name__ == "__main__":
    main()
