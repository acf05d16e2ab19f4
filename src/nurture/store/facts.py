"""Facts of many contacts at once: a statement for a whole batch, by an index on the contact."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import func, select

from nurture.audience.facts import (
    EngagementFacts,
    Event,
    MessageFacts,
    OrderFacts,
    Purchase,
    Sign,
    StageFacts,
)
from nurture.clock import Moment
from nurture.store.engine import Tx
from nurture.store.statements import table
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

Place = tuple[int, int]


def stages(tx: Tx, contact_ids: Collection[int]) -> dict[Place, StageFacts]:
    """Where they stand, in the business (line 0) and on each line; who is not here is at the first stage."""
    rows = tx.execute(
        select(_stages.c.contact_id, _stages.c.line_id, _stages.c.stage, _stages.c.since).where(
            _stages.c.contact_id.in_(contact_ids)
        )
    )
    return {(contact, line): StageFacts(name=stage, since=since) for contact, line, stage, since in rows}


def orders(tx: Tx, contact_ids: Collection[int]) -> dict[Place, OrderFacts]:
    """What they bought, as it was summed at their last review."""
    rows = tx.execute(select(_facts).where(_facts.c.contact_id.in_(contact_ids))).mappings()
    return {
        (row["contact_id"], row["line_id"]): OrderFacts(
            count=row["count"],
            total=row["total"],
            first_at=row["first_at"] or None,
            last_at=row["last_at"] or None,
            usual_gap_days=row["usual_gap_days"],
        )
        for row in rows
    }


def recent_orders(
    tx: Tx, contact_ids: Collection[int], since: Moment, now: Moment
) -> dict[int, tuple[Purchase, ...]]:
    """Their orders in (since, now] that stand, oldest first."""
    rows = tx.execute(
        select(_orders.c.contact_id, _orders.c.ordered_at, _orders.c.amount)
        .where(
            _orders.c.contact_id.in_(contact_ids), _orders.c.ordered_at > since, _orders.c.ordered_at <= now
        )
        .where((_orders.c.undone_at == 0) | (_orders.c.undone_at > now))
        .order_by(_orders.c.ordered_at)
    )
    found: dict[int, list[Purchase]] = defaultdict(list)
    for contact, at, amount in rows:
        found[contact].append(Purchase(at=at, amount=amount))
    return {contact: tuple(purchases) for contact, purchases in found.items()}


def recent_line_orders(
    tx: Tx, contact_ids: Collection[int], since: Moment, now: Moment
) -> dict[Place, tuple[Purchase, ...]]:
    """The same on each product line; the amount is what was paid on that line."""
    rows = tx.execute(
        select(_goods.c.contact_id, _goods.c.line_id, _goods.c.ordered_at, func.sum(_goods.c.amount))
        .join(_orders, _orders.c.id == _goods.c.order_id)
        .where(_goods.c.contact_id.in_(contact_ids), _goods.c.line_id > 0)
        .where(_goods.c.ordered_at > since, _goods.c.ordered_at <= now)
        .where((_orders.c.undone_at == 0) | (_orders.c.undone_at > now))
        .group_by(_goods.c.contact_id, _goods.c.line_id, _goods.c.ordered_at, _orders.c.id)
        .order_by(_goods.c.ordered_at)
    )
    found: dict[Place, list[Purchase]] = defaultdict(list)
    for contact, line, at, amount in rows:
        found[contact, line].append(Purchase(at=at, amount=int(amount)))
    return {place: tuple(purchases) for place, purchases in found.items()}


def goods(
    tx: Tx, contact_ids: Collection[int], now: Moment
) -> dict[int, tuple[frozenset[str], frozenset[str]]]:
    """The skus and the lines that each ever bought, in orders that stand."""
    rows = tx.execute(
        select(_goods.c.contact_id, _products.c.sku, _lines.c.name)
        .join(_products, _products.c.id == _goods.c.product_id)
        .join(_orders, _orders.c.id == _goods.c.order_id)
        .outerjoin(_lines, _lines.c.id == _goods.c.line_id)
        .where(_goods.c.contact_id.in_(contact_ids), _goods.c.ordered_at <= now)
        .where((_orders.c.undone_at == 0) | (_orders.c.undone_at > now))
        .distinct()
    )
    skus: dict[int, set[str]] = defaultdict(set)
    lines: dict[int, set[str]] = defaultdict(set)
    for contact, sku, line in rows:
        skus[contact].add(sku)
        if line:
            lines[contact].add(line)
    return {contact: (frozenset(skus[contact]), frozenset(lines[contact])) for contact in skus}


def signs(tx: Tx, contact_ids: Collection[int], now: Moment) -> dict[int, tuple[Sign, ...]]:
    """What they received, opened and clicked, oldest first."""
    rows = tx.execute(
        select(_signs.c.contact_id, _signs.c.kind, _signs.c.at)
        .where(_signs.c.contact_id.in_(contact_ids), _signs.c.at <= now)
        .where(_signs.c.kind.in_(("received", "open", "click")))
        .order_by(_signs.c.at)
    )
    found: dict[int, list[Sign]] = defaultdict(list)
    for contact, kind, at in rows:
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
    return {
        contact: tuple(event for _, event in of)
        for contact, of in _events_where(tx, contact_ids, now, names=names).items()
    }


def events_since(
    tx: Tx, since: Mapping[int, Moment], now: Moment
) -> dict[int, tuple[tuple[int, Event], ...]]:
    """Every event of each contact later than its moment in `since`, with its id, oldest first."""
    if not since:
        return {}
    found = _events_where(tx, since, now, after=min(since.values()))
    return {
        contact: tuple((id_, event) for id_, event in of if event.at > since[contact])
        for contact, of in found.items()
    }


def _events_where(
    tx: Tx, contact_ids: Collection[int], now: Moment, *, names: Collection[str] = (), after: Moment = -1
) -> dict[int, list[tuple[int, Event]]]:
    statement = (
        select(_events.c.contact_id, _events.c.id, _events.c.name, _events.c.at, _events.c.properties)
        .where(_events.c.contact_id.in_(contact_ids), _events.c.at <= now, _events.c.at > after)
        .order_by(_events.c.at, _events.c.id)
    )
    if names:
        statement = statement.where(_events.c.name.in_(names))
    found: dict[int, list[tuple[int, Event]]] = defaultdict(list)
    for contact, id_, name, at, properties in tx.execute(statement):
        found[contact].append((id_, Event(name=name, at=at, properties=json.loads(properties))))
    return found


def next_events(tx: Tx, contact_ids: Collection[int], now: Moment) -> dict[int, Moment]:
    """Each contact's first event later than `now`; there are such in a replay."""
    rows = tx.execute(
        select(_events.c.contact_id, func.min(_events.c.at))
        .where(_events.c.contact_id.in_(contact_ids), _events.c.at > now)
        .group_by(_events.c.contact_id)
    )
    return dict(rows.tuples().all())


def messages(tx: Tx, contact_ids: Collection[int], now: Moment) -> dict[int, tuple[MessageFacts, ...]]:
    """The messages they were handed, with the first human open and click of each, oldest first."""
    rows = tx.execute(
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
            (_steps.c.campaign_id == _enrollments.c.campaign_id) & (_steps.c.no == _signs.c.step_no),
        )
        .where(_signs.c.contact_id.in_(contact_ids), _signs.c.at <= now)
        .order_by(_signs.c.at)
    )
    moments: dict[tuple[int, int, int, str, str], dict[str, Moment]] = {}
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
    rows = tx.execute(
        select(_enrollments.c.contact_id, _campaigns.c.key)
        .join(_campaigns, _campaigns.c.id == _enrollments.c.campaign_id)
        .where(_enrollments.c.contact_id.in_(contact_ids), _enrollments.c.closed_at == 0)
    )
    found: dict[int, set[str]] = defaultdict(set)
    for contact, key in rows:
        found[contact].add(key)
    return {contact: frozenset(keys) for contact, keys in found.items()}
