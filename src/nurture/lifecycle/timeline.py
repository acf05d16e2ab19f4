"""What happened to a contact, laid out in time as far as the rules can see it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from nurture.audience.expressions import Needs
from nurture.audience.facts import Event, Sign
from nurture.clock import NEVER, Moment
from nurture.lifecycle.history import History, HistoryPurchase

_MINOR = 100


class Kind(IntEnum):
    """What a happening is. The order is that in which those of one moment are taken, and named as a cause."""

    ORDER = 0
    REFUND = 1
    EVENT = 2
    CLICK = 3
    OPEN = 4
    RECEIVED = 5


_KINDS = {"click": Kind.CLICK, "open": Kind.OPEN, "received": Kind.RECEIVED}


class Happening(NamedTuple):
    """One thing that happened: an order by its place among the purchases, a sign among the signs."""

    at: Moment
    kind: Kind
    place: int
    name: str
    """Of an event."""


def happenings(history: History, events: tuple[Event, ...], needs: Needs, since: Moment) -> list[Happening]:
    """All later than `since` that can move this contact by these rules, in order.

    Orders always can: no `stay` holds them up.
    """
    found = [
        Happening(it.at, Kind.ORDER, place, "") for place, it in enumerate(history.purchases) if it.at > since
    ]
    for place, it in enumerate(history.purchases):
        if it.undone_at and undone_at(it) > since:
            found.append(Happening(undone_at(it), Kind.REFUND, place, ""))
    found += [
        Happening(it.at, Kind.EVENT, place, it.name)
        for place, it in enumerate(events)
        if it.at > since and it.name not in ("ordered", "refunded")
    ]
    if needs.engagement:
        found += [
            Happening(it.at, _KINDS[it.kind], place, "")
            for place, it in enumerate(history.signs)
            if it.at > since
        ]
    if needs.messages:
        found += [
            Happening(at, kind, -1, "")
            for it in history.messages
            for at, kind in (
                (it.received_at, Kind.RECEIVED),
                (it.opened_at, Kind.OPEN),
                (it.clicked_at, Kind.CLICK),
            )
            if at is not None and at > since
        ]
    found.sort()
    return found


def events_of(history: History, names: frozenset[str]) -> tuple[Event, ...]:
    """The events of these names, oldest first; `ordered` and `refunded` are made from the purchases."""
    if not names:
        return ()
    found = [it for it in history.events if it.name in names and it.name not in ("ordered", "refunded")]
    if "ordered" in names:
        found += [_event("ordered", it.at, it) for it in history.purchases]
    if "refunded" in names:
        found += [_event("refunded", undone_at(it), it) for it in history.purchases if it.undone_at]
    return tuple(sorted(found, key=lambda it: it.at))


def _event(name: str, at: Moment, purchase: HistoryPurchase) -> Event:
    return Event(name=name, at=at, properties={"amount": purchase.amount / _MINOR})


def undone_at(purchase: HistoryPurchase) -> Moment:
    """When a purchase was undone, but not before it was made; only for one that was."""
    return max(purchase.undone_at, purchase.at)


def next_beyond(history: History, until: Moment) -> Moment:
    """The next event or sign later than `until`, whatever the rules ask."""
    found = NEVER
    rows: tuple[tuple[Event | Sign, ...], ...] = (history.events, history.signs)
    for row in rows:
        for it in reversed(row):
            if it.at <= until:
                break
            found = min(found, it.at)
    return found
