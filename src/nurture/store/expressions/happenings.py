"""What a contact did: events, messages that they opened and clicked, campaigns they are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal,
    select,
)

from nurture.audience.expressions.tree import Did, EngagementFact, InCampaign, LastEvent, Touched
from nurture.store.expressions.asking import CONTACTS, Asking, as_number, days_between, moment, text
from nurture.store.expressions.json_cell import Cell, cell
from nurture.store.statements import table
from nurture.store.tables import CampaignRow, CampaignStepRow, EnrollmentRow, EventRow, SignRow

_CAMPAIGNS = table(CampaignRow)
_ENROLLMENTS = table(EnrollmentRow)
_EVENTS = table(EventRow)
_SIGNS = table(SignRow)
_STEPS = table(CampaignStepRow)

_COUNTED = {"received": "received", "opens": "open", "clicks": "click"}
_LAST = {"last_open_at": "open", "last_click_at": "click"}
_TOUCHED = {"opened": "open", "clicked": "click"}


def engagement_fact(asking: Asking, node: EngagementFact) -> ColumnElement[Any]:
    """Any fact of engagement."""

    def read(value: str, *kinds: str) -> ColumnElement[Any]:
        signs = _SIGNS.alias()
        what = {"count": func.count(), "first": func.min(signs.c.at), "last": func.max(signs.c.at)}[value]
        of = select(what).where(signs.c.contact_id == CONTACTS.c.id, signs.c.at <= moment(asking.now))
        if node.window:
            of = of.where(signs.c.at > moment(asking.now - node.window))
        return of.where(signs.c.kind.in_(kinds)).correlate_except(signs).scalar_subquery()

    if node.name in _COUNTED:
        return as_number(read("count", _COUNTED[node.name]))
    if node.name in _LAST:
        return read("last", _LAST[node.name])
    touched = func.coalesce(read("last", "open", "click"), read("first", "received"), type_=BigInteger)
    return days_between(touched, asking.now)


def last_event(asking: Asking, node: LastEvent) -> ColumnElement[Any]:
    """The moment or the name of the last event of that name."""
    events = _EVENTS.alias()
    own = _events(asking, events, node.event)
    if node.name == "at":
        return own.add_columns(func.max(events.c.at)).scalar_subquery()
    return case((own.add_columns(events.c.id).exists(), text(node.event)))


def property_of_last(asking: Asking, node: LastEvent) -> Cell:
    """A property of the last event of that name."""
    events = _EVENTS.alias()
    last = _events(asking, events, node.event).order_by(events.c.at.desc(), events.c.id.desc()).limit(1)
    there = cell(asking, events.c.properties, node.name)
    return there.through(lambda value: last.add_columns(value).scalar_subquery())


def did(
    asking: Asking, node: Did, counts: Callable[[ColumnElement[str]], Sequence[ColumnElement[bool]]]
) -> ColumnElement[bool]:
    """Whether it happened often enough; `counts(properties)` are the conditions for one to count. Never NULL."""
    events = _EVENTS.alias()
    own = _events(asking, events, node.event).where(*counts(events.c.properties))
    if node.within:
        own = own.where(events.c.at > moment(asking.now - node.within))
    if node.times == 1:
        return own.add_columns(events.c.id).exists()
    return own.add_columns(func.count()).scalar_subquery() >= literal(node.times, BigInteger)


def touched(asking: Asking, node: Touched) -> ColumnElement[bool]:
    """Whether such a message was received, opened or clicked, ever. Never NULL."""
    signs, entries, campaigns, steps = (it.alias() for it in (_SIGNS, _ENROLLMENTS, _CAMPAIGNS, _STEPS))
    of = (
        select(signs.c.at)
        .join(entries, entries.c.id == signs.c.enrollment_id)
        .join(campaigns, campaigns.c.id == entries.c.campaign_id)
        .join(steps, and_(steps.c.campaign_id == entries.c.campaign_id, steps.c.no == signs.c.step_no))
        .where(signs.c.contact_id == CONTACTS.c.id, signs.c.at <= moment(asking.now))
    )
    # Whatever was done with a message, it was received.
    if node.kind != "received":
        of = of.where(signs.c.kind == _TOUCHED[node.kind])
    if node.campaign:
        of = of.where(campaigns.c.key == text(node.campaign))
    if node.step:
        of = of.where(steps.c.step_id == text(node.step))
    return of.correlate_except(signs, entries, campaigns, steps).exists()


def in_campaign(node: InCampaign) -> ColumnElement[bool]:
    """Whether the contact is under way in the campaign. Never NULL."""
    entries, campaigns = _ENROLLMENTS.alias(), _CAMPAIGNS.alias()
    of = (
        select(entries.c.id)
        .join(campaigns, campaigns.c.id == entries.c.campaign_id)
        .where(entries.c.contact_id == CONTACTS.c.id, entries.c.closed_at == 0)
        .where(campaigns.c.key == text(node.name))
    )
    return of.correlate_except(entries, campaigns).exists()


def _events(asking: Asking, events: Any, name: str) -> Select[Any]:
    """Those of that name up to now."""
    own = select().where(events.c.contact_id == CONTACTS.c.id, events.c.name == text(name))
    return own.where(events.c.at <= moment(asking.now)).correlate_except(events)
