"""Who is told of what is written: a value that every transaction of a workspace with subscribers bears."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection

from nurture.clock import Moment
from nurture.settings.webhooks import Kind, Subscriber
from nurture.store.ids import Ids

FEEDING = "feeding"
"""Where the value lies in the `info` of a transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeding:
    """Who is told, and what an entry of the feed needs besides what happened."""

    by_kind: Mapping[Kind, Sequence[Subscriber]]
    """Only the kinds that somebody subscribes to."""
    ids: Ids
    now: Moment
    """When the transaction began."""


def feeding_of(tx: Connection) -> Feeding | None:
    """Who is told of what this transaction writes; None: nobody is."""
    found: Feeding | None = tx.info.get(FEEDING)
    return found


def by_kind(subscribers: Sequence[Subscriber]) -> Mapping[Kind, Sequence[Subscriber]]:
    """The subscribers of each kind that has any."""
    return _by_kind(tuple(subscribers))


@lru_cache(maxsize=8)
def _by_kind(subscribers: tuple[Subscriber, ...]) -> Mapping[Kind, Sequence[Subscriber]]:
    found: dict[Kind, list[Subscriber]] = defaultdict(list)
    for it in subscribers:
        for kind in it.events:
            found[kind].append(it)
    return dict(found)
