"""Codes made ahead and told to the shop: what `nurture codes` does."""

from __future__ import annotations

import csv
import os
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from nurture.clock import Moment
from nurture.offers.codes import first_of
from nurture.offers.offer import Offer
from nurture.runner.looking import Progress
from nurture.store import known_codes, made_codes
from nurture.store.engine import Store
from nurture.store.new_codes import Maker

COLUMNS = ("code", "offer", "state", "expires_at")


def make(
    store: Store,
    offer: Offer,
    count: int,
    chance: Callable[[int], int],
    now: Moment,
    progress: Progress = lambda what, done, total: None,
) -> int:
    """Make free codes of an offer. Returns how many: all, unless it is interrupted; what was made stays."""
    maker, done = Maker(ids=store.ids, chance=chance), 0
    while done < count:
        with store.write() as tx:
            some = min(count - done, made_codes.TOGETHER)
            done += made_codes.make(tx, offer.key, first_of(offer), some, maker, now)
        progress("codes", done, count)
    with store.write() as tx:
        made_codes.look_around(tx, done)
    return done


def export(
    store: Store,
    offer: str,
    into: TextIO,
    now: Moment,
    *,
    only_new: bool,
    say: Callable[[Moment], str],
) -> array[int]:
    """Write the own codes of an offer as CSV; gives their ids. `say` writes a moment.

    The codes are not known to the shop by that: see `told`.
    """
    ids = array("q")
    writer = csv.writer(into, lineterminator="\n")
    writer.writerow(COLUMNS)
    with store.read() as tx:
        for some in known_codes.own_codes(tx, offer, only_new=only_new):
            for it in some:
                writer.writerow(
                    (it.code, it.offer, it.state(now), say(it.expires_at) if it.expires_at else "")
                )
                ids.append(it.id)
    return ids


def told(store: Store, ids: array[int], now: Moment) -> None:
    """The shop knows these codes: from now on those made ahead are given out."""
    for start in range(0, len(ids), made_codes.TOGETHER):
        with store.write() as tx:
            known_codes.mark_known(tx, ids[start : start + made_codes.TOGETHER].tolist(), now)


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A file to write that is there whole, on disk, or not at all; only its owner reads it."""
    part = path.with_name(path.name + ".part")
    try:
        with os.fdopen(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
        ) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
