"""Who stood where, and when: counts of stages at moments and over time, from the transitions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from sqlalchemy import and_, case, func, or_, select, text

from nurture.clock import SECOND, Moment, Span
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import ContactRow, LineRow, MessageRow, TransitionRow

_contacts = table(ContactRow)
_lines = table(LineRow)
_messages = table(MessageRow)
_transitions = table(TransitionRow)

_stands = _transitions.c.superseded_at == 0
"""A transition that late facts did not rewrite."""


def line_id(tx: Tx, line: str) -> int | None:
    """The number of a product line by its name; 0 for "", the business; None where there is none."""
    if not line:
        return 0
    found = tx.execute(select(_lines.c.id).where(_lines.c.name == line)).scalar()
    return None if found is None else int(found)


def first_happening(tx: Tx) -> Moment | None:
    """When the first contact came in or the first stage changed; None in an empty workspace."""
    moments = [
        tx.execute(select(func.min(_contacts.c.created_at))).scalar(),
        tx.execute(select(func.min(_transitions.c.at)).where(_transitions.c.line_id == 0)).scalar(),
    ]
    return min((int(at) for at in moments if at), default=None)


def stages_at(tx: Tx, line: int, at: Moment, first: str) -> dict[str, int]:
    """How many contacts stood at each stage of `line` (0: the business) at `at`, that moment included.

    Counted are contacts that existed then, or to whom something had happened by then (an import brings in
    their past). Who had no transition stood at the stage `first`.
    """
    newest = (
        select(
            _transitions.c.contact_id,
            _transitions.c.to_stage,
            func.row_number()
            .over(
                partition_by=_transitions.c.contact_id,
                order_by=(_transitions.c.at.desc(), _transitions.c.id.desc()),
            )
            .label("place"),
        )
        .where(_transitions.c.line_id == line, _transitions.c.at <= at, _stands)
        .subquery()
    )
    stood = func.coalesce(newest.c.to_stage, first).label("stood")
    rows = tx.execute(
        select(stood, func.count())
        .select_from(_contacts)
        .outerjoin(newest, and_(newest.c.contact_id == _contacts.c.id, newest.c.place == 1))
        .where(or_(_contacts.c.created_at <= at, newest.c.to_stage.is_not(None)))
        .group_by(text("stood"))
    )
    return {name: int(count) for name, count in rows}


def stages_over_time(
    tx: Tx, line: int, first: str, start: Moment, step: Span, points: int
) -> tuple[Mapping[str, int], ...]:
    """What `stages_at` says at `start`, `start + step` …, `points` of them, in one pass over the changes."""
    here: Counter[str] = Counter(stages_at(tx, line, start, first))
    end = start + step * (points - 1)
    changes: dict[int, Counter[str]] = defaultdict(Counter)
    bucket = ((_transitions.c.at - start - 1) // step).label("bucket")
    rows = tx.execute(
        select(bucket, _transitions.c.from_stage, _transitions.c.to_stage, func.count())
        .where(_transitions.c.line_id == line, _transitions.c.at > start, _transitions.c.at <= end, _stands)
        .group_by(text("bucket"), _transitions.c.from_stage, _transitions.c.to_stage)
    )
    for number, before, after, count in rows:
        changes[int(number)][after] += count
        changes[int(number)][before or first] -= count
    for number, count, _ in newcomers(tx, line, start, end, step):
        changes[number][first] += count
    series: list[Mapping[str, int]] = [dict(here)]
    for number in range(points - 1):
        for stage, change in changes[number].items():
            here[stage] += change
        series.append({stage: count for stage, count in here.items() if count})
    return tuple(series)


def newcomers(tx: Tx, line: int, start: Moment, end: Moment, step: Span) -> list[tuple[int, int, int]]:
    """Contacts first known of (made, or their first change of stage) after `start` up to `end`.

    By stretch of length `step`, counted from 0: how many, and the seconds from each to `end`, added up.
    """
    oldest = (
        select(_transitions.c.contact_id, func.min(_transitions.c.at).label("at"))
        .where(_transitions.c.line_id == line, _stands)
        .group_by(_transitions.c.contact_id)
        .subquery()
    )
    made = _contacts.c.created_at
    known = (
        select(case((oldest.c.at < made, oldest.c.at), else_=made).label("at"))
        .select_from(_contacts.outerjoin(oldest, oldest.c.contact_id == _contacts.c.id))
        .subquery()
    )
    rows = tx.execute(
        select(
            ((known.c.at - start - 1) // step).label("bucket"),
            func.count(),
            func.sum((end - known.c.at) // SECOND),
        )
        .where(known.c.at > start, known.c.at <= end)
        .group_by(text("bucket"))
    )
    return [(int(number), int(count), int(seconds)) for number, count, seconds in rows]


def contacts(tx: Tx) -> int:
    """How many contacts there are."""
    return int(tx.execute(select(func.count()).select_from(_contacts)).scalar_one())
