"""What contacts did last: orders, events, opens and clicks together, newest first."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, bindparam, func, select

from nurture.clock import Moment
from nurture.messages.notice import Deed, Did
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table
from nurture.store.tables import (
    CampaignRow,
    CampaignStepRow,
    ContactRow,
    EnrollmentRow,
    EventRow,
    OrderRow,
    SignRow,
)

_campaigns = table(CampaignRow)
_contacts = table(ContactRow)
_enrollments = table(EnrollmentRow)
_events = table(EventRow)
_orders = table(OrderRow)
_signs = table(SignRow)
_steps = table(CampaignStepRow)


def _last(contact: Column[Any], at: Column[Any], *shown: Column[Any], of: ColumnElement[bool]) -> Select[Any]:
    """The last of each contact by `at`, at most `most` of them."""
    place = func.row_number().over(partition_by=contact, order_by=at.desc()).label("place")
    wanted = (one_of(contact, "contacts"), at <= bindparam("now"), of)
    numbered = select(contact.label("contact"), at.label("at"), *shown, place).where(*wanted).subquery()
    columns = [column for column in numbered.c if column.name != "place"]
    return select(*columns).where(numbered.c.place <= bindparam("most"))


_EVENTS = _last(
    _events.c.contact_id, _events.c.at, _events.c.name, _events.c.properties, of=_events.c.name != ""
)
_ORDERS = _last(
    _orders.c.contact_id,
    _orders.c.ordered_at,
    _orders.c.order_id,
    _orders.c.amount,
    _orders.c.undone_at,
    of=_orders.c.order_id != "",
)
_acts = _last(
    _signs.c.contact_id,
    _signs.c.at,
    _signs.c.kind,
    _signs.c.enrollment_id,
    _signs.c.step_no,
    of=_signs.c.kind.in_(("open", "click", "unsubscribe")),
).subquery()
_ACTS = (
    select(_acts.c.contact, _acts.c.at, _acts.c.kind, _campaigns.c.key, _steps.c.step_id)
    .outerjoin(_enrollments, _enrollments.c.id == _acts.c.enrollment_id)
    .outerjoin(_campaigns, _campaigns.c.id == _enrollments.c.campaign_id)
    .outerjoin(_steps, and_(_steps.c.campaign_id == _campaigns.c.id, _steps.c.no == _acts.c.step_no))
)
_DID: dict[str, Did] = {"open": "opened", "click": "clicked", "unsubscribe": "unsubscribed"}


def lately(
    tx: Tx, contact_ids: Collection[int], now: Moment, *, most: int = 10
) -> dict[int, tuple[Deed, ...]]:
    """The last `most` things that each did up to `now`, newest first; who did nothing is left out."""
    asked = {"contacts": list(contact_ids), "now": now, "most": most}
    found: dict[int, list[Deed]] = defaultdict(list)
    for read in (_read_orders, _read_events, _read_acts):
        for contact, deed in read(tx, asked):
            found[contact].append(deed)
    return {
        contact: tuple(sorted(deeds, key=lambda it: (-it.at, it.did, it.what))[:most])
        for contact, deeds in found.items()
    }


def _read_orders(tx: Tx, asked: dict[str, Any]) -> Iterator[tuple[int, Deed]]:
    for contact, at, order, amount, undone_at in tx.execute(_ORDERS, asked).all():
        undone = 0 < undone_at <= asked["now"]
        yield contact, Deed(at=at, did="ordered", what=order, amount=int(amount), undone=undone)


def _read_events(tx: Tx, asked: dict[str, Any]) -> Iterator[tuple[int, Deed]]:
    for contact, at, name, properties in tx.execute(_EVENTS, asked).all():
        yield contact, Deed(at=at, did="event", what=name, properties=json.loads(properties))


def _read_acts(tx: Tx, asked: dict[str, Any]) -> Iterator[tuple[int, Deed]]:
    for contact, at, kind, campaign, step in tx.execute(_ACTS, asked).all():
        yield contact, Deed(at=at, did=_DID[kind], what=f"{campaign or '?'} › {step or '?'}")


_KEEN = select(_signs.c.contact_id).where(
    one_of(_signs.c.contact_id, "contacts"),
    _signs.c.at >= bindparam("since"),
    _signs.c.kind.in_(("open", "click")),
)


_KEEN_ELSEWHERE = select(_contacts.c.id).where(
    one_of(_contacts.c.id, "contacts"), _contacts.c.last_engaged_at >= bindparam("since")
)


def keen(tx: Tx, contact_ids: Collection[int], since: Moment) -> set[int]:
    """Those who opened or clicked something at `since` or later, here or where they came from."""
    given = {"contacts": contact_ids, "since": since}
    here = set(tx.execute(_KEEN, given).scalars())
    return here.union(tx.execute(_KEEN_ELSEWHERE, given).scalars())
