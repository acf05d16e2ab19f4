"""Verdicts on all that was kept worked out again, some enrollments at a time, beside a daemon that runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nurture.clock import Moment
from nurture.engagement.hit import HitKind, Verdict
from nurture.store import rescore as stored
from nurture.store.engine import Store

ENTRIES = 400
"""Enrollments in one transaction: others who write wait no longer than that takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored:
    """What came of it."""

    hits: int
    changed: Mapping[tuple[HitKind, Verdict, Verdict], int]
    """How many of which kind, by the verdict before and the one that holds now."""
    signs_made: int
    signs_taken_back: int


def rescore(
    store: Store,
    *,
    since: Moment = 0,
    everything: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Rescored:
    """Judge the hits that other rules judged, or with `everything` all, of messages that had any from `since` on.

    What is done stays done: after an interruption it goes on with what is left. `progress` is told how many hits of
    how many.
    """
    with store.read() as tx:
        total = stored.waiting(tx, since=since, everything=everything)
    changed: Counter[tuple[HitKind, Verdict, Verdict]] = Counter()
    after = hits = made = taken_back = 0
    while True:
        with store.write() as tx:
            page = stored.rescore(tx, after=after, most=ENTRIES, since=since, everything=everything)
            if page is None:
                if not since:
                    stored.stand_by_these(tx)
                break
        after, hits = page.reached, hits + page.hits
        made, taken_back = made + page.signs_made, taken_back + page.signs_taken_back
        changed.update(page.changed)
        progress(hits, max(total, hits))
    return Rescored(hits=hits, changed=changed, signs_made=made, signs_taken_back=taken_back)
