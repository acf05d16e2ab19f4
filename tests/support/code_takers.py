"""Processes that give out codes as fast as they can, to be killed at any moment.

`python -m support.code_takers URL FIRST OFFERS`, run in tests/: gives each contact from FIRST on a code of the pool
`pool` and of the limited offer `limited`, ten contacts in one transaction, and writes "CONTACT OFFER CODE" for each
once that is committed. Ends when both offers are out.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nurture.audience.facts import OfferFacts
from nurture.clock import SystemClock
from nurture.offers.offer import Offer, Pool, Unique
from nurture.store.engine import open_store
from nurture.store.issuing import issue
from nurture.store.new_codes import Maker

BATCH = 10


def offers(limit: int) -> dict[str, Offer]:
    """The two that are given out."""
    return {
        "pool": Offer(key="pool", kind="loyalty", says="it", codes=Pool(file="pool.csv")),
        "limited": Offer(key="limited", kind="loyalty", says="it", codes=Unique(), most_codes=limit),
    }


def take(url: str, first: int, limit: int) -> None:
    """Give codes out until there are none."""
    clock, mine = SystemClock(), offers(limit)
    store = open_store(url, now=clock.now())
    maker = Maker(ids=store.ids, chance=secrets.randbits)
    while True:
        wanted = [(key, contact) for contact in range(first, first + BATCH) for key in mine]
        first += BATCH
        with store.write() as tx:
            given = issue(tx, wanted, mine, maker, clock.now())
        said = [
            f"{contact} {key} {it.code}\n"
            for (key, contact), it in given.items()
            if isinstance(it, OfferFacts) and it.code
        ]
        sys.stdout.write("".join(said))
        sys.stdout.flush()
        if not said:
            break
    store.close()


class Taker:
    """One such process, and what it says."""

    def __init__(self, url: str, first: int, limit: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.code_takers", url, str(first), str(limit)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )

    def first_line(self) -> str:
        """Wait until it has given something."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def kill(self) -> None:
        """At once, by the kernel: it cannot do anything about it."""
        self._process.send_signal(signal.SIGKILL)

    def rest(self) -> str:
        """All that it still says; it has ended then."""
        assert self._process.stdout is not None
        if self._process.stdout.closed:
            return ""
        said = self._process.stdout.read()
        self._process.stdout.close()
        self._process.wait()
        return said


@contextmanager
def taking(url: str, first: int, limit: int) -> Iterator[Taker]:
    """A process that is gone in the end."""
    taker = Taker(url, first, limit)
    try:
        yield taker
    finally:
        taker.kill()
        taker.rest()


if __name__ == "__main__":
    take(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
