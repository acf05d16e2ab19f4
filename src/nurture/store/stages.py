"""Stages and transitions as they are stored, and what a review writes."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from nurture.audience.facts import OrderFacts
from nurture.clock import Moment
from nurture.lifecycle.stages import Transition
from nurture.lifecycle.walk import Standing
from nurture.store import feed
from nurture.store.agenda import Place
from nurture.store.engine import Tx
from nurture.store.feed import News
from nurture.store.ids import Ids
from nurture.store.statements import one_of, table, upsert
from nurture.store.tables import LineRow, OrderFactsRow, StageRow, TransitionRow

_facts = table(OrderFactsRow)
_lines = table(LineRow)
_stages = table(StageRow)
_transitions = table(TransitionRow)

_KEY = ("contact_id", "line_id")

_LINE_NAMES = select(_lines.c.id, _lines.c.name)
_STANDINGS = select(_stages.c.contact_id, _stages.c.line_id, _stages.c.stage, _stages.c.since).where(
    one_of(_stages.c.contact_id, "contacts")
)
_TRANSITIONS = (
    select(_transitions)
    .where(
        one_of(_transitions.c.contact_id, "contacts"),
        _transitions.c.superseded_at == 0,
    )
    .order_by(_transitions.c.at, _transitions.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What one review of one place found, ready to be written."""

    contact_id: int
    line_id: int
    standing: Standing
    orders: OrderFacts
    next_at: Moment
    new: tuple[Transition, ...] = ()
    superseded: tuple[int, ...] = ()
    """Ids of transitions that late facts undid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A transition as it is stored."""

    id: int
    transition: Transition


def line_names(tx: Tx) -> dict[int, str]:
    """Every product line by its id, and the business as "" under 0."""
    names = {0: ""}
    for line, name in tx.execute(_LINE_NAMES).all():
        names[line] = name
    return names


def standings(tx: Tx, places: Collection[Place], first: str) -> dict[Place, Standing]:
    """Where each place stands now; the first stage, since ever, where nothing is stored."""
    found = dict.fromkeys(places, Standing(stage=first, since=0))
    rows = tx.execute(_STANDINGS, {"contacts": list({contact for contact, _ in places})}).all()
    for contact, line, stage, since in rows:
        if (contact, line) in found:
            found[contact, line] = Standing(stage=stage, since=since)
    return found


def transitions(tx: Tx, places: Collection[Place]) -> dict[Place, tuple[Kept, ...]]:
    """All standing transitions of each place, oldest first."""
    names = line_names(tx)
    found: dict[Place, list[Kept]] = {place: [] for place in places}
    for row in tx.execute(_TRANSITIONS, {"contacts": list({contact for contact, _ in places})}).all():
        kept = found.get((row.contact_id, row.line_id))
        if kept is not None:
            change = Transition(
                line=names[row.line_id],
                from_stage=row.from_stage,
                to_stage=row.to_stage,
                at=row.at,
                rule=row.rule,
                cause=json.loads(row.cause),
            )
            kept.append(Kept(id=row.id, transition=change))
    return {place: tuple(kept) for place, kept in found.items()}


def write(tx: Tx, reviewed: Sequence[Reviewed], ids: Ids, now: Moment) -> None:
    """Store what a review found: a few statements for the whole batch."""
    if not reviewed:
        return
    upsert(
        tx,
        _stages,
        [
            {**_place(it), "stage": it.standing.stage, "since": it.standing.since}
            for it in reviewed
            if it.new or it.superseded
        ],
        key=_KEY,
        update=("stage", "since"),
    )
    upsert(
        tx,
        _facts,
        [
            {
                **_place(it),
                "count": it.orders.count,
                "total": it.orders.total,
                "first_at": it.orders.first_at or 0,
                "last_at": it.orders.last_at or 0,
                "usual_gap_days": it.orders.usual_gap_days,
            }
            for it in reviewed
            if it.orders.count or it.new or it.superseded
        ],
        key=_KEY,
        update=("count", "total", "first_at", "last_at", "usual_gap_days"),
    )
    _write_transitions(tx, reviewed, ids, now)


def _place(it: Reviewed) -> dict[str, int]:
    return {"contact_id": it.contact_id, "line_id": it.line_id}


def _write_transitions(tx: Tx, reviewed: Sequence[Reviewed], ids: Ids, now: Moment) -> None:
    gone = [one for it in reviewed for one in it.superseded]
    if gone:
        tx.execute(update(_transitions).where(_transitions.c.id.in_(gone)).values(superseded_at=now))
    rows: list[dict[str, int | str]] = [
        {
            **_place(it),
            "from_stage": one.from_stage,
            "to_stage": one.to_stage,
            "at": one.at,
            "rule": one.rule,
            "cause": json.dumps(dict(one.cause), ensure_ascii=False),
            "superseded_at": 0,
        }
        for it in reviewed
        for one in it.new
    ]
    if rows:
        for row, id_ in zip(rows, ids.take(len(rows), now), strict=True):
            row["id"] = id_
        tx.execute(_transitions.insert(), rows)
        feed.tell(tx, "stage-changed", (_news(it, one) for it in reviewed for one in it.new))


def _news(it: Reviewed, change: Transition) -> News:
    said = {"line": it.line_id, "from": change.from_stage, "to": change.to_stage, "rule": change.rule}
    return News(it.contact_id, change.at, said)
