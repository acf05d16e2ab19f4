"""One tick: review, enroll and advance, and, where it is told to, send what is planned.

The cost of a tick follows the work that is due, never the number of contacts. Every part is idempotent and may run on
any number of processes and hosts at once.
"""

from __future__ import annotations

from collections.abc import Callable

from nurture.clock import DAY, NEVER, Moment
from nurture.runner import occasions
from nurture.runner.advance import advance
from nurture.runner.nightly import count_goods, tell_due_again
from nurture.runner.review import Rest, review
from nurture.runner.winners import name_winners
from nurture.runner.world import World
from nurture.store import claims, notices
from nurture.store.due import next_due
from nurture.store.engine import Store

COUNT_AFTER = 90 * DAY
ROUNDS = 50
"""How often one tick goes round at one moment: a message done lets the next step begin, and so on."""


def decide(store: Store, world: World, now: Moment, rest: Rest | None = None) -> int:
    """Review and advance until nothing is due, reviews with a `rest` between them. Returns how many contacts and
    enrollments were looked at."""
    total = 0
    for _ in range(ROUNDS):
        with store.read() as tx:
            due = next_due(tx)
        done = 0
        if due.occasion <= now:
            done += occasions.let_in(store, world, now)
        if due.review <= now:
            done += review(store, world, now, rest)
        if due.advance <= now or done:
            done += advance(store, world, now)
        total += done
        if not done:
            break
    return total


class Tick:
    """Whole ticks, sending included: for replays and tests. `send` hands over all that is due and says how many.

    So does `notify` for notices; without it they stay planned.
    """

    def __init__(
        self,
        store: Store,
        world: World,
        send: Callable[[], int],
        notify: Callable[[], int] | None = None,
    ) -> None:
        self._store = store
        self._world = world
        self._send = send
        self._notify = notify

    def run(self, now: Moment) -> None:
        """Do all that is due at `now`."""
        for _ in range(ROUNDS):
            decide(self._store, self._world, now)
            if not self._send():
                break
        if self._notify is not None:
            self._notify()

    def night(self, now: Moment) -> None:
        """Do what is done once a night; goods are counted once in 90, since a year of nights goes by in a
        minute."""
        count_goods(self._store, now, after=COUNT_AFTER)
        tell_due_again(self._store, self._world, now)
        name_winners(self._store, self._world, now)

    def next_due(self) -> Moment:
        """When the next piece of work is due; NEVER where none is."""
        with self._store.read() as tx:
            due = next_due(tx)
            told = NEVER if self._notify is None else notices.next_due(tx)
            return min(due.first, claims.next_due(tx), told)
