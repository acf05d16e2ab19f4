"""Work done once a night: counting what is bought together, forgetting what was kept for 90 days."""

from __future__ import annotations

from nurture.clock import DAY, Moment
from nurture.delivery.warm_up import day_of
from nurture.store import arrivals, destinations, feed, happenings, idempotent, marks, pairs, quiet
from nurture.store.engine import Store

COUNTED_TO = "pairs counted to"
KEEP_SEEN = 90 * DAY
KEEP_DAYS = 30
"""Of how much was sent where while an address was warmed up."""
FORGET_AT_ONCE = 5_000
"""Entries of the feed in one transaction."""


def count_goods(store: Store, now: Moment) -> None:
    """Count the orders since the last count, and which lines go together. Twice at once counts nothing twice."""
    with store.write() as tx:
        since = int(marks.get_for_update(tx, COUNTED_TO, "0"))
        if since < now:
            pairs.count_pairs(tx, since, now)
            pairs.count_lines(tx)
            marks.put(tx, COUNTED_TO, str(now))


def forget(store: Store, now: Moment) -> None:
    """Drop, once they are old, the keys that tell repeated imports apart, the counts of days of warming up, the
    feed, the answers that requests to the API get again, pauses that are over, and what came in."""
    while _forget_feed(store, now):
        # A batch at a time: others write between.
        continue
    with store.write() as tx:
        happenings.forget_seen(tx, now - KEEP_SEEN)
        destinations.forget_days(tx, day_of(now) - KEEP_DAYS)
        idempotent.forget_answers(tx, now - idempotent.KEPT)
        quiet.forget(tx, now)
        arrivals.forget(tx, now - arrivals.KEEP)


def _forget_feed(store: Store, now: Moment) -> bool:
    """Drop some of it; whether there may be more."""
    with store.write() as tx:
        return feed.forget_old(tx, now, FORGET_AT_ONCE) == FORGET_AT_ONCE
