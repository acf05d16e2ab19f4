"""Work done once a night: counting what is bought together, telling what people will want again, forgetting what
was kept for 90 days."""

from __future__ import annotations

import json

from nurture.clock import DAY, HOUR, Moment, Span
from nurture.delivery.warm_up import day_of
from nurture.runner.world import World
from nurture.store import (
    affinity,
    arrivals,
    codes_back,
    counts_kept,
    destinations,
    due_again,
    feed,
    happenings,
    idempotent,
    marks,
    pair_counts,
    quiet,
)
from nurture.store.engine import Store, Tx

_COUNTED = "goods counted"
"""When, and how many orders there were."""
_COUNTING = "goods being counted since"
GROWN = 2
GIVEN_UP = HOUR
"""Whoever has been counting for so long has died over it."""
TAKEN_BACK_TO = "codes taken back to"
KEEP_SEEN = 90 * DAY
KEEP_DAYS = 30
"""Of how much was sent where while an address was warmed up."""
FORGET_AT_ONCE = 5_000
"""Entries of the feed in one transaction."""


def count_goods(store: Store, now: Moment, *, after: Span = 0) -> bool:
    """Count anew what is bought together and which lines go together; whether that was done.

    Not where it was done less than `after` ago, unless there are twice as many orders since; nor while another
    process is at it. Nobody waits meanwhile: one snapshot is read, and what is found is written in small pieces.
    """
    if not _begin_counting(store, now, after):
        return False
    try:
        with store.survey() as tx:
            which = pair_counts.counted_orders(tx, now)
            sold, best = pair_counts.sold(tx, which), pair_counts.best(tx, which)
            lines = affinity.count_lines(tx)
            orders = pair_counts.orders_until(tx, now)
        counts_kept.keep(store, sold, best)
        with store.write() as tx:
            affinity.keep_lines(tx, lines)
            marks.put(tx, _COUNTED, json.dumps([now, orders]))
    finally:
        with store.write() as tx:
            marks.put(tx, _COUNTING, "0")
    return True


def _begin_counting(store: Store, now: Moment, after: Span) -> bool:
    with store.read() as tx:
        at, counted = json.loads(marks.get(tx, _COUNTED, "[-1, 0]"))
        if at == now or (
            at >= 0 and 0 <= now - at < after and pair_counts.orders_until(tx, now) < GROWN * counted
        ):
            return False
    with store.write() as tx:
        begun = int(marks.get_for_update(tx, _COUNTING, "0"))
        if begun > 0 and abs(now - begun) < GIVEN_UP:
            return False
        marks.put(tx, _COUNTING, str(now))
    return True


def tell_due_again(store: Store, world: World, now: Moment) -> int:
    """Record what people will want to buy again now, where a campaign, a stage or a segment asks for it.

    Returns how many events there were.
    """
    if not _asked(world):
        return 0
    due_again.lay_ahead(store, now)
    return due_again.tell(store, now)


def _asked(world: World) -> bool:
    if due_again.EVENT in world.entrances.by_event or due_again.EVENT in world.stage_needs.events:
        return True
    return any(due_again.EVENT in live.needs.events for live in world.live.values())


def forget(store: Store, now: Moment) -> None:
    """Drop, once they are old, the keys that tell repeated imports apart, the counts of days of warming up, the
    feed, the answers that requests to the API get again, pauses that are over, and what came in. Codes that were
    stranded go back."""
    while _forget_feed(store, now):
        # A batch at a time: others write between.
        continue
    with store.write() as tx:
        happenings.forget_seen(tx, now - KEEP_SEEN)
        destinations.forget_days(tx, day_of(now) - KEEP_DAYS)
        idempotent.forget_answers(tx, now - idempotent.KEPT)
        quiet.forget(tx, now)
        arrivals.forget(tx, now - arrivals.KEEP)
        _take_codes_back(tx, now)


def _take_codes_back(tx: Tx, now: Moment) -> None:
    """Free the codes that were issued while somebody else ended their message, since the last time."""
    since = int(marks.get(tx, TAKEN_BACK_TO, str(now - 7 * DAY)))
    codes_back.sweep(tx, min(since, now) - DAY, now)
    marks.put(tx, TAKEN_BACK_TO, str(now))


def _forget_feed(store: Store, now: Moment) -> bool:
    """Drop some of it; whether there may be more."""
    with store.write() as tx:
        return feed.forget_old(tx, now, FORGET_AT_ONCE) == FORGET_AT_ONCE
