"""The process that serves pages and links for `nurture run`; `web/process.py` starts it."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import sys
import threading
from multiprocessing.connection import Connection

import structlog
import uvloop

from nurture._startup import loaded
from nurture.app import App
from nurture.cli.log import set_up_log
from nurture.clock import SystemClock
from nurture.errors import NurtureError, ServiceError
from nurture.runner.in_force import InForce
from nurture.runner.world import nowhere
from nurture.store.engine import open_store
from nurture.web.deps import Seen
from nurture.web.process import READY, Failed, WebStart
from nurture.web.serve import serve
from nurture.web.server import build

_TURN_SECONDS = 0.0005
"""How long the thread that judges and writes hits may go on while answers wait: of 4,000 hits a second one in a hundred
is answered after 30 ms so, with Python's own 5 ms after 100."""
_LOOK_SECONDS = 1.0
_ANSWER_SECONDS = 5.0


class Daemon:
    """The daemon that this process serves for, asked about itself. Safe to share between threads."""

    def __init__(self, pipe: Connection) -> None:
        self.pid = os.getppid()
        self._pipe = pipe
        self._lock = threading.Lock()

    def seen(self) -> Seen:
        """What it counted, and what troubles it. Raises ServiceError where it does not answer."""
        try:
            with self._lock:
                self._pipe.send_bytes(b"?")
                if self._pipe.poll(_ANSWER_SECONDS):
                    answer: Seen = pickle.loads(self._pipe.recv_bytes())
                    return answer
        except (EOFError, OSError):
            pass
        raise ServiceError("the daemon does not answer")


def main() -> None:
    """Serve until told to stop by SIGTERM, or until the daemon is gone."""
    # Ctrl-C goes to the whole group: it is the daemon who says when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe, taken = Connection(int(sys.argv[1])), socket.socket(fileno=int(sys.argv[2]))
    taken.setblocking(False)
    sys.setswitchinterval(_TURN_SECONDS)
    set_up_log()
    try:
        start: WebStart = pickle.loads(pipe.recv_bytes())
        with _app(start) as app:
            lanes = app.lanes()
            world = InForce(app.store, app.settings, lanes.lane_of if lanes else nowhere)
            uvloop.run(_serve(app, world, taken, pipe))
    except NurtureError as error:
        pipe.send_bytes(pickle.dumps(Failed(error.message, error.where, error.remedy)))
    except EOFError:
        return


def _app(start: WebStart) -> App:
    clock = SystemClock()
    store = open_store(start.settings.database_url, now=clock.now(), file_id=start.file_id)
    return App(start.settings, store, clock)


async def _serve(app: App, world: InForce, taken: socket.socket, pipe: Connection) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(sys.stdin.fileno(), _orphaned, loop, stop)
    site = build(app.web(world, Daemon(pipe)))
    loaded()
    pipe.send_bytes(READY)
    looking = asyncio.create_task(_keep_up(world))
    try:
        await serve(site, taken, stop)
    finally:
        looking.cancel()


def _orphaned(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """The daemon is gone without a word: what is in hand is still finished."""
    loop.remove_reader(sys.stdin.fileno())
    stop.set()


async def _keep_up(world: InForce) -> None:
    """Take up each newer version; the daemon says what is wrong with one that cannot be read."""
    log = structlog.get_logger("nurture.web")
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            if await asyncio.to_thread(world.is_behind):
                await asyncio.to_thread(world.look)
        except NurtureError as error:
            log.debug("the newest version was not taken up", why=error.message)
