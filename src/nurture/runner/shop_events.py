"""What shops tell becomes contacts, orders and events, by the way of an import. What came is kept as it came.

What cannot be taken is kept with the reason: to send it again would not help, so the shop is told that all is well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.incoming.shops.event import LinesBack, OnlyLeft, Row, ShopEvent
from nurture.runner import intake_cells as cells
from nurture.runner import intake_rows
from nurture.runner.intake_cells import BadRow, Setting
from nurture.runner.intake_files import unknown
from nurture.runner.intake_rows import COLUMNS, ContactRead
from nurture.runner.shop_refunds import after_refund
from nurture.runner.taking import Terms, take_contacts, take_events, take_orders
from nurture.store import arrivals, people
from nurture.store.arrivals import Arrival
from nurture.store.bulk import alone
from nurture.store.engine import Tx
from nurture.store.happenings import EventGiven
from nurture.store.ids import Ids
from nurture.store.orders import LineGiven
from nurture.store.shop_orders import KnownOrder, is_news, known_orders

Effect: TypeAlias = Literal["known", "order", "event", "ignored", "unreadable"]
"""known: it came before. order, event: it was taken in. ignored: nothing comes of it. unreadable: it could not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """What the words of a shop are read by, and under which terms they are taken in."""

    source: str
    setting: Setting
    terms: Terms


@dataclass(frozen=True, slots=True)
class _Read:
    """The rows of one webhook as values for the store."""

    contacts: list[ContactRead]
    lines: list[LineGiven]
    events: list[EventGiven]


def take_shop_event(tx: Tx, ids: Ids, event: ShopEvent, content: bytes, counter: Counter) -> Effect:
    """Take in one webhook; `content` is what came. In the caller's transaction, which is alone from here on."""
    alone(tx)
    source, now = counter.source, counter.setting.now
    # Events of contacts are known by ids of their own.
    if not arrivals.unseen(tx, source, {f"webhook {event.id}"}, now):
        return "known"
    effect: Effect
    order = _order_of(tx, event)
    try:
        effect, reason = _taken(tx, ids, event, order, counter)
    except BadRow as error:
        effect, reason = "unreadable", str(error)
    email = event.email or (order.email if order else "")
    _keep(tx, ids, counter, effect, content, email=email, reason=reason or event.what)
    return effect


def keep_unreadable(tx: Tx, ids: Ids, counter: Counter, content: bytes, reason: str) -> None:
    """Keep what a shop signed, and nobody can read."""
    _keep(tx, ids, counter, "unreadable", content, email="", reason=reason)


def _order_of(tx: Tx, event: ShopEvent) -> KnownOrder | None:
    """The order that it is about, where that is known."""
    numbers = event.back.order_ids if isinstance(event.back, OnlyLeft) else (event.order_id,)
    return next(iter(known_orders(tx, [it for it in numbers if it]).values()), None)


def _taken(
    tx: Tx, ids: Ids, event: ShopEvent, order: KnownOrder | None, counter: Counter
) -> tuple[Effect, str]:
    """What became of it, and why nothing did. Raises BadRow, with nothing written."""
    if event.ignored:
        return "ignored", event.ignored
    cells.currency({"currency": event.currency}, counter.setting)
    if event.back is not None:
        return _given_back(tx, ids, event, event.back, order, counter)
    read = _read(event.rows, counter.setting)
    if event.counts == "new" and order is not None:
        return "ignored", f"order {event.order_id} is known already"
    if event.counts == "known" and order is None:
        return "ignored", f"order {event.order_id} was never paid"
    if event.as_of and not is_news(tx, counter.source, event.order_id, event.as_of):
        return "ignored", f"something newer is known of order {event.order_id}"
    arrivals.unseen(tx, counter.source, {_refund(it) for it in event.refunds}, counter.setting.now)
    take_contacts(tx, ids, read.contacts, counter.terms)
    take_orders(tx, ids, read.lines, counter.terms)
    take_events(tx, ids, read.events, counter.terms, source=counter.source)
    return ("order" if read.lines else "event"), ""


def _given_back(
    tx: Tx,
    ids: Ids,
    event: ShopEvent,
    back: LinesBack | OnlyLeft,
    order: KnownOrder | None,
    counter: Counter,
) -> tuple[Effect, str]:
    if order is None:
        numbers = back.order_ids if isinstance(back, OnlyLeft) else (back.order_id,)
        raise BadRow(f"money was given back on {' or '.join(numbers)}, and no such order is known")
    now = counter.setting.now
    at = cells.moment({"at": event.at}, "at", counter.setting) or now
    if isinstance(back, LinesBack):
        if not arrivals.unseen(tx, counter.source, {_refund(back.refund)}, now):
            return "ignored", f"refund {back.refund} was told with its order already"
        is_news(tx, counter.source, order.order_id, event.as_of)
    rows = after_refund(order, back, at, counter.setting.digits)
    take_orders(tx, ids, rows, counter.terms)
    return ("order", "") if rows else ("ignored", f"order {order.order_id} has no more to give back")


def _read(rows: Sequence[Row], setting: Setting) -> _Read:
    """All rows, or none. Raises BadRow."""
    read = _Read([], [], [])
    for row in rows:
        match row.kind:
            case "contacts":
                read.contacts.append(intake_rows.contact(row.record, (), setting, ""))
            case "orders":
                read.lines.append(intake_rows.order_line(row.record, setting))
            case "events":
                others = unknown(row.record, COLUMNS["events"])
                read.events.append(intake_rows.event(row.record, others, setting))
    return read


def _refund(number: str) -> str:
    return f"refund {number}"[:300]


def _keep(
    tx: Tx, ids: Ids, counter: Counter, effect: Effect, content: bytes, *, email: str, reason: str
) -> None:
    (made,) = arrivals.ids_for(ids, 1, counter.setting.now)
    contact = people.ids_by_email(tx, [email]).get(email, 0) if email else 0
    arrival = Arrival(
        id=made,
        at=counter.setting.now,
        source=counter.source,
        kind=effect,
        content=content,
        contact_id=contact,
        recipient=email,
        reason=reason,
    )
    arrivals.keep(tx, [arrival])
