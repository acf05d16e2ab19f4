"""Facts of many contacts at once: a statement for a whole batch, by an index on the contact."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import BindParameter, and_, bindparam, func, literal_column, or_, select

from nurture.audience.facts import EngagementFacts, Event, MessageFacts, OrderFacts, Sign, StageFacts
from nurture.clock import Moment
from nurture.store.agenda import Place
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table
from nurture.store.tables import (
    CampaignRow,
    CampaignStepRow,
    EnrollmentRow,
    EventRow,
    LineRow,
    OrderFactsRow,
    OrderLineRow,
    OrderRow,
    ProductRow,
    SignRow,
    StageRow,
)

_campaigns = table(CampaignRow)
_enrollments = table(EnrollmentRow)
_events = table(EventRow)
_facts = table(OrderFactsRow)
_goods = table(OrderLineRow)
_lines = table(LineRow)
_orders = table(OrderRow)
_products = table(ProductRow)
_signs = table(SignRow)
_stages = table(StageRow)
_steps = table(CampaignStepRow)

_now: BindParameter[Moment] = bindparam("now")

# Made once: putting such a statement together costs more than SQLite takes to answer it.
_STAGES = select(_stages.c.contact_id, _stages.c.line_id, _stages.c.stage, _stages.c.since).where(
    one_of(_stages.c.contact_id, "contacts")
)
_ORDERS = select(
    _facts.c.contact_id,
    _facts.c.line_id,
    _facts.c.count,
    _facts.c.total,
    _facts.c.first_at,
    _facts.c.last_at,
    _facts.c.usual_gap_days,
).where(one_of(_facts.c.contact_id, "contacts"))
_STAGES_ON = _STAGES.where(one_of(_stages.c.line_id, "lines"))
_ORDERS_ON = _ORDERS.where(one_of(_facts.c.line_id, "lines"))
_GOODS = (
    select(_goods.c.contact_id, _products.c.sku, _lines.c.name)
    .join(_products, _products.c.id == _goods.c.product_id)
    .join(_orders, _orders.c.id == _goods.c.order_id)
    .outerjoin(_lines, _lines.c.id == _goods.c.line_id)
    .where(one_of(_goods.c.contact_id, "contacts"), _goods.c.ordered_at <= _now)
    .where(or_(_orders.c.undone_at == 0, _orders.c.undone_at > _now))
    .distinct()
)
_SIGNS = (
    select(_signs.c.contact_id, _signs.c.kind, _signs.c.at)
    .where(one_of(_signs.c.contact_id, "contacts"), _signs.c.at <= _now)
    .where(_signs.c.kind != literal_column("'unsubscribe'"))
    .order_by(_signs.c.at)
)
_EVENTS_SINCE = (
    select(_events.c.contact_id, _events.c.id, _events.c.name, _events.c.at, _events.c.properties)
    .where(one_of(_events.c.contact_id, "contacts"), _events.c.at > bindparam("since"), _events.c.at <= _now)
    .order_by(_events.c.at, _events.c.id)
)
_EVENTS_NAMED = _EVENTS_SINCE.where(one_of(_events.c.name, "names"))
_NEXT_EVENTS = (
    select(_events.c.contact_id, func.min(_events.c.at))
    .where(one_of(_events.c.contact_id, "contacts"), _events.c.at > _now)
    .group_by(_events.c.contact_id)
)
_MESSAGES = (
    select(
        _signs.c.contact_id,
        _signs.c.enrollment_id,
        _signs.c.step_no,
        _signs.c.kind,
        _signs.c.at,
        _campaigns.c.key,
        _steps.c.step_id,
    )
    .join(_enrollments, _enrollments.c.id == _signs.c.enrollment_id)
    .join(_campaigns, _campaigns.c.id == _enrollments.c.campaign_id)
    .join(
        _steps,
        and_(_steps.c.campaign_id == _enrollments.c.campaign_id, _steps.c.no == _signs.c.step_no),
    )
    .where(one_of(_signs.c.contact_id, "contacts"), _signs.c.at <= _now)
    .order_by(_signs.c.at)
)
_IN_CAMPAIGNS = (
    select(_enrollments.c.contact_id, _campaigns.c.key)
    .join(_campaigns, _campaigns.c.id == _enrollments.c.campaign_id)
    .where(one_of(_enrollments.c.contact_id, "contacts"), _enrollments.c.closed_at == 0)
)


def stages(tx: Tx, contact_ids: Collection[int], lines: Collection[int] | None) -> dict[Place, StageFacts]:
    """Where they stand on these lines (None: on all; 0: in the business); else they are at the first stage."""
    asked = {"contacts": list(contact_ids)}
    rows = (
        tx.execute(_STAGES, asked)
        if lines is None
        else tx.execute(_STAGES_ON, {**asked, "lines": list(lines)})
    )
    return {
        (contact, line): StageFacts(name=stage, since=since) for contact, line, stage, since in rows.all()
    }


def orders(tx: Tx, contact_ids: Collection[int], lines: Collection[int] | None) -> dict[Place, OrderFacts]:
    """What they bought, as it was summed at their last review, on these lines (None: on all)."""
    asked = {"contacts": list(contact_ids)}
    rows = (
        tx.execute(_ORDERS, asked)
        if lines is None
        else tx.execute(_ORDERS_ON, {**asked, "lines": list(lines)})
    )
    return {
        (contact, line): OrderFacts(
            count=count, total=total, first_at=first or None, last_at=last or None, usual_gap_days=gap
        )
        for contact, line, count, total, first, last, gap in rows.all()
    }


def goods(
    tx: Tx, contact_ids: Collection[int], now: Moment
) -> dict[int, tuple[frozenset[str], frozenset[str]]]:
    """The skus and the lines that each ever bought, in orders that stand."""
    skus: dict[int, set[str]] = defaultdict(set)
    lines: dict[int, set[str]] = defaultdict(set)
    for contact, sku, line in tx.execute(_GOODS, {"contacts": list(contact_ids), "now": now}).all():
        skus[contact].add(sku)
        if line:
            lines[contact].add(line)
    return {contact: (frozenset(skus[contact]), frozenset(lines[contact])) for contact in skus}


def signs(tx: Tx, contact_ids: Collection[int], now: Moment) -> dict[int, tuple[Sign, ...]]:
    """What they received, opened and clicked, oldest first."""
    found: dict[int, list[Sign]] = defaultdict(list)
    for contact, kind, at in tx.execute(_SIGNS, {"contacts": list(contact_ids), "now": now}).all():
        found[contact].append(Sign(kind=kind, at=at))
    return {contact: tuple(of) for contact, of in found.items()}


def engagement(tx: Tx, contact_ids: Collection[int], now: Moment) -> dict[int, EngagementFacts]:
    """The same, counted."""
    facts = {}
    for contact, of in signs(tx, contact_ids, now).items():
        received = [sign.at for sign in of if sign.kind == "received"]
        opens = [sign.at for sign in of if sign.kind == "open"]
        clicks = [sign.at for sign in of if sign.kind == "click"]
        facts[contact] = EngagementFacts(
            received=len(received),
            opens=len(opens),
            clicks=len(clicks),
            first_received_at=received[0] if received else None,
            last_open_at=opens[-1] if opens else None,
            last_click_at=clicks[-1] if clicks else None,
            recent=of,
        )
    return facts


def events(
    tx: Tx, contact_ids: Collection[int], names: Collection[str], now: Moment
) -> dict[int, tuple[Event, ...]]:
    """Their events of these names up to `now`, oldest first."""
    found: dict[int, list[Event]] = defaultdict(list)
    span = {"contacts": list(contact_ids), "names": list(names), "since": -1, "now": now}
    for contact, _, name, at, properties in tx.execute(_EVENTS_NAMED, span).all():
        found[contact].append(Event(name=name, at=at, properties=json.loads(properties)))
    return {contact: tuple(of) for contact, of in found.items()}


def events_since(
    tx: Tx, since: Mapping[int, Moment], now: Moment
) -> dict[int, tuple[tuple[int, Event], ...]]:
    """Every event of each contact later than its moment in `since`, with its id, oldest first."""
    if not since:
        return {}
    found: dict[int, list[tuple[int, Event]]] = defaultdict(list)
    span = {"contacts": list(since), "since": min(since.values()), "now": now}
    for contact, id_, name, at, properties in tx.execute(_EVENTS_SINCE, span).all():
        if at > since[contact]:
            found[contact].append((id_, Event(name=name, at=at, properties=json.loads(properties))))
    return {contact: tuple(of) for contact, of in found.items()}


def next_events(tx: Tx, contact_ids: Collection[int], now: Moment) -> dict[int, Moment]:
    """Each contact's first event later than `now`; there are such in a replay."""
    rows = tx.execute(_NEXT_EVENTS, {"contacts": list(contact_ids), "now": now}).all()
    return {contact: int(at) for contact, at in rows}


def messages(tx: Tx, contact_ids: Collection[int], now: Moment) -> dict[int, tuple[MessageFacts, ...]]:
    """The messages they were handed, with the first human open and click of each, oldest first."""
    moments: dict[tuple[int, int, int, str, str], dict[str, Moment]] = {}
    rows = tx.execute(_MESSAGES, {"contacts": list(contact_ids), "now": now}).all()
    for contact, enrollment, no, kind, at, campaign, step in rows:
        moments.setdefault((contact, enrollment, no, campaign, step), {})[kind] = at
    found: dict[int, list[MessageFacts]] = defaultdict(list)
    for (contact, enrollment, _, campaign, step), of in moments.items():
        found[contact].append(
            MessageFacts(
                campaign=campaign,
                step=step,
                enrollment_id=enrollment,
                received_at=of.get("received", min(of.values())),
                opened_at=of.get("open"),
                clicked_at=of.get("click"),
            )
        )
    return {contact: tuple(of) for contact, of in found.items()}


def in_campaigns(tx: Tx, contact_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """The keys of the campaigns that each is in now."""
    found: dict[int, set[str]] = defaultdict(set)
    for contact, key in tx.execute(_IN_CAMPAIGNS, {"contacts": list(contact_ids)}).all():
        found[contact].add(key)
    return {contact: frozenset(keys) for contact, keys in found.items()}
