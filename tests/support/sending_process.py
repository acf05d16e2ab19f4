"""Sends what is due in a database, as the daemon does, until SIGTERM.

Called as `sending_process.py DATABASE_URL PORT CONNECTIONS ROOM BEAT_EVERY DEAD_AFTER [WORKSPACE]`; BEAT_EVERY and
DEAD_AFTER in seconds.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import structlog

from nurture.clock import SystemClock
from nurture.providers.smtp import SmtpProvider
from nurture.runner.send import Handling, Pace, Sending
from nurture.settings import Relay
from nurture.store.engine import open_store
from support.letters import prepare


async def main() -> None:
    """Send until told to stop."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    url, port, connections, room, beat_every, dead_after, *folder = sys.argv[1:]
    workspace = Path(folder[0]) if folder else None
    clock = SystemClock()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    store = open_store(url, now=clock.now())
    relay = Relay(host="127.0.0.1", port=int(port), connections=int(connections))
    handling = Handling(prepare=prepare, hash_address=str.lower)
    pace = Pace(look_every=0.1, beat_every=float(beat_every), dead_after=float(dead_after))
    provider = SmtpProvider(relay)
    sending = Sending(store, provider, clock, handling, pace=pace, room=int(room), workspace=workspace)
    await sending.run(stop)
    store.close()


asyncio.run(main())
