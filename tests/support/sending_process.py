"""Sends what is due in a database, as the daemon does, until SIGTERM.

Called as `sending_process.py DATABASE_URL PORT CONNECTIONS`; prints "sending" when it begins.
"""

from __future__ import annotations

import asyncio
import signal
import sys

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
    clock = SystemClock()
    store = open_store(sys.argv[1], now=clock.now())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    relay = Relay(host="127.0.0.1", port=int(sys.argv[2]), connections=int(sys.argv[3]))
    handling = Handling(prepare=prepare, hash_address=str.lower)
    print("sending", flush=True)
    await Sending(store, SmtpProvider(relay), clock, handling, pace=Pace(look_every=0.1)).run(stop)
    store.close()


asyncio.run(main())
