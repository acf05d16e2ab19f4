"""Five mailbox providers and a name server that knows them: `python -m benchmarks.mailboxes SCALE`, its own process.

They are those of `tests/support/fake_providers.py`, with the limits that nurture begins with, and as many messages a
minute as SCALE says, over a sliding window. Prints its two ports; once its input ends, what each provider saw.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.fake_providers import FakeProvider, five_providers, world


@dataclass(slots=True, kw_only=True)
class Mailboxes:
    """The ports, and at the end what each provider saw, by its name."""

    dns_port: int
    smtp_port: int
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)


@contextmanager
def mailboxes(scale: int) -> Iterator[Mailboxes]:
    """The five as a process."""
    command = [sys.executable, "-m", "benchmarks.mailboxes", str(scale)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            dns_port, smtp_port = process.stdout.readline().split()
            it = Mailboxes(dns_port=int(dns_port), smtp_port=int(smtp_port))
            yield it
            process.stdin.close()
            it.seen = json.loads(process.stdout.read())
        finally:
            process.kill()


async def _serve(scale: int) -> None:
    async with world(*five_providers(scale=scale)) as it:
        print(it.names.port, it.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(json.dumps({name: _seen(provider) for name, provider in it.providers.items()}))


def _seen(provider: FakeProvider) -> dict[str, Any]:
    return {
        "delivered": len(provider.taken),
        "twice": len(provider.taken) - len(set(provider.taken)),
        "connections": provider.connected,
        "connections_at_once": provider.most_open,
        "over_connections": provider.broken["connections"],
        "over_per_connection": provider.broken["per connection"],
        "over_rate": provider.broken["rate"],
    }


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
