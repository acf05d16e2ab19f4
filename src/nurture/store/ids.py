"""Ids: 63 bits that sort by time and that no two processes can both make.

Milliseconds since 2015-01-01T00:00Z in 41 bits (until 2084), the node in 10, a sequence in 12. Taking more
than 4,096 within a millisecond, or at a clock that stands still or goes back, borrows from the milliseconds
that follow. The epoch lies before the oldest history that is replayed.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from nurture.clock import Moment, from_datetime

EPOCH: Moment = from_datetime(datetime(2015, 1, 1, tzinfo=UTC))
NODES = 1024
_NODE_BITS = 10
_SEQUENCE_BITS = 12
_SEQUENCE = (1 << _SEQUENCE_BITS) - 1
_LAST = 1 << 41 << _SEQUENCE_BITS


def first_id_at(at: Moment) -> int:
    """The lowest id that the millisecond of `at` can have; 0 for what lies before the epoch."""
    return max(0, (at - EPOCH) // 1000) << (_NODE_BITS + _SEQUENCE_BITS)


def moment_of(made_id: int) -> Moment:
    """When the id was made, to the millisecond."""
    return EPOCH + (made_id >> (_NODE_BITS + _SEQUENCE_BITS)) * 1000


class Ids:
    """Makes ids for one node. Safe to share between threads; never repeats, whatever `now` says."""

    def __init__(self, node: int) -> None:
        self._lock = threading.Lock()
        self._next = 0
        self._node = _checked(node)

    def change_node(self, node: int) -> None:
        """Go on as another node: the old number may belong to another process by now."""
        with self._lock:
            self._node = _checked(node)

    def take(self, n: int, now: Moment) -> list[int]:
        """`n` new ids in ascending order, each greater than every one taken before."""
        with self._lock:
            start = max(self._next, max(0, (now - EPOCH) // 1000) << _SEQUENCE_BITS)
            if start + n > _LAST:
                raise ValueError(f"there are no ids for the moment {now}")
            self._next = start + n
            node = self._node << _SEQUENCE_BITS
        above = _NODE_BITS + _SEQUENCE_BITS
        return [(at >> _SEQUENCE_BITS) << above | node | (at & _SEQUENCE) for at in range(start, start + n)]


def _checked(node: int) -> int:
    if not 0 <= node < NODES:
        raise ValueError(f"node {node} is not within 0 to {NODES - 1}")
    return node
