"""Node numbers: each process that makes ids holds one that no other living process holds.

One row of `marks` keeps who holds which number and until when. Numbers go round, so that one is used again
only after all others; a lease of ten minutes is renewed by the writes themselves, and a process that comes
back after its lease has run out takes a new number before it writes. It is the machine's clock that counts
here, also in a replay.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from sqlalchemy import Connection, select, update

from nurture.clock import MINUTE, Clock, Moment
from nurture.errors import StoreError
from nurture.store.ids import NODES, Ids
from nurture.store.statements import table
from nurture.store.tables import MarkRow

LEASE = 10 * MINUTE
MARK = "nodes"
NOBODY = json.dumps({"next": 0, "held": {}})
"""What the mark says in a new database."""

_marks = table(MarkRow)


class Nodes:
    """Takes, renews and gives back the node number of this process. Safe to share between threads."""

    def __init__(self, write: Callable[[], AbstractContextManager[Connection]], clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._lock = threading.Lock()
        self._ids: Ids | None = None
        self._node = 0
        self._until: Moment = 0

    def ids(self) -> Ids:
        """The maker of ids, with a number taken for it where it has none yet."""
        if self._ids is None:
            self.keep()
        assert self._ids is not None
        return self._ids

    def keep(self) -> None:
        """Take a number, or renew the lease of the one that is held, where half of it is over."""
        if self._clock.now() < self._until - LEASE // 2:
            return
        with self._lock:
            now = self._clock.now()
            if now < self._until - LEASE // 2:
                return
            with self._write() as tx:
                node = _take(tx, self._node if self._until else None, self._until, now)
            self._node, self._until = node, now + LEASE
            if self._ids is None:
                self._ids = Ids(node)
            else:
                self._ids.change_node(node)

    def give_back(self) -> None:
        """End the lease. Ids taken afterwards need a new number."""
        with self._lock:
            if not self._until:
                return
            node, until, self._until = self._node, self._until, 0
            self._ids = None
            # Where that cannot be written, the lease runs out by itself.
            with suppress(StoreError), self._write() as tx:
                following, held = _load(tx)
                if held.get(str(node)) == until:
                    del held[str(node)]
                    _save(tx, following, held)


def _take(tx: Connection, node: int | None, until: Moment, now: Moment) -> int:
    """The number to go on with: the held one where its lease still stands, else the next that is free."""
    following, held = _load(tx)
    if node is None or held.get(str(node)) != until:
        held = {number: end for number, end in held.items() if end > now}
        turn = (number % NODES for number in range(following, following + NODES))
        node = next((number for number in turn if str(number) not in held), None)
        if node is None:
            raise StoreError(
                f"{NODES} processes write to this database already",
                remedy="Wait ten minutes, or start fewer.",
            )
        following = (node + 1) % NODES
    _save(tx, following, {**held, str(node): now + LEASE})
    return node


def _load(tx: Connection) -> tuple[int, dict[str, Moment]]:
    """The number to try next, and who holds which until when; locked until the transaction ends."""
    value = tx.execute(select(_marks.c.value).where(_marks.c.name == MARK).with_for_update()).scalar_one()
    kept = json.loads(value)
    return kept["next"], kept["held"]


def _save(tx: Connection, following: int, held: dict[str, Moment]) -> None:
    value = json.dumps({"next": following, "held": held})
    tx.execute(update(_marks).where(_marks.c.name == MARK).values(value=value))
