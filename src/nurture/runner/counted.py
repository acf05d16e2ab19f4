"""What was counted of contacts' orders when they were last reviewed here: the next review reads only what is new."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from nurture.clock import Moment
from nurture.lifecycle.tally import OrderTally
from nurture.store.agenda import Place

MOST = 10_000
"""Contacts that are remembered; a line of one with a hundred orders takes some kilobytes."""

Tally: TypeAlias = tuple[Moment, OrderTally]
"""Orders, and up to when they are counted in."""


@dataclass(slots=True, kw_only=True)
class _Remembered:
    reviewed_at: Moment
    tallies: dict[int, Tally] = field(default_factory=dict)
    """By line."""


class Counted:
    """Tallies by the rules of one version. Losing any of them costs time and nothing else.

    Right where nobody else reviewed the contact meanwhile, or its `reviewed_at` would be another, and nothing
    came in late: that is due, and its walk starts, before the moment counted to. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._contacts: dict[int, _Remembered] = {}
        self._lock = threading.Lock()

    def recall(self, starts: Mapping[Place, Moment], reviewed_at: Mapping[int, Moment]) -> dict[Place, Tally]:
        """The tallies from which walks that start at `starts` may go on."""
        found = {}
        with self._lock:
            for (contact, line), start in starts.items():
                known = self._contacts.get(contact)
                if known is None:
                    continue
                if known.reviewed_at != reviewed_at[contact]:
                    del self._contacts[contact]
                    continue
                tally = known.tallies.get(line)
                if tally is not None and tally[0] <= start:
                    found[contact, line] = tally
        return found

    def keep(self, place: Place, tally: OrderTally, now: Moment) -> None:
        """Remember what a review at `now` counted; those who were not reviewed for longest are forgotten."""
        contact, line = place
        with self._lock:
            # Taken out and put in again: a dict keeps the order.
            known = self._contacts.pop(contact, None) or _Remembered(reviewed_at=now)
            known.reviewed_at = now
            known.tallies[line] = (now, tally)
            self._contacts[contact] = known
            if len(self._contacts) > MOST:
                del self._contacts[next(iter(self._contacts))]
