"""What people get at each stage, and who was won and lost: counted from the ledger and the transitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, func, select, text

from nurture.clock import DAY, SECOND, Moment, Span
from nurture.reports.care import Care, CareRow, Movement, movement, present
from nurture.store.engine import Tx
from nurture.store.report_stages import newcomers, stages_at
from nurture.store.statements import table
from nurture.store.tables import MessageRow, TransitionRow

_messages = table(MessageRow)
_transitions = table(TransitionRow)

_business = (_transitions.c.line_id == 0, _transitions.c.superseded_at == 0)


def care(
    tx: Tx,
    now: Moment,
    *,
    stages: Sequence[str],
    months: Sequence[tuple[str, Moment]] = (),
    window: Span = 90 * DAY,
) -> Care:
    """Messages and offers per contact over `window` up to `now`, by stage; who was won and lost by month.

    `stages` are those of the lifecycle, in order; the first is where everyone starts. Stages that are in
    the ledger alone come behind them. `months` are names and first moments, oldest first; the last one ends
    at `now`.
    """
    since = now - window
    at_start = stages_at(tx, 0, since, stages[0])
    at_end = stages_at(tx, 0, now, stages[0])
    came, went = (
        _comings(tx, since, now, _transitions.c.to_stage),
        _comings(tx, since, now, _transitions.c.from_stage),
    )
    arrived = newcomers(tx, 0, since, now, window)
    messages = _messages_by_stage(tx, since, now)
    rows = []
    known = {*at_start, *at_end, *came, *went, *messages} - {"", *stages}
    for stage in (*stages, *sorted(known)):
        came_count, came_time = came.get(stage, (0, 0))
        went_count, went_time = went.get(stage, (0, 0))
        if stage == stages[0]:
            went_count, went_time = _add((went_count, went_time), went.get("", (0, 0)))
            for _, count, seconds in arrived:
                came_count, came_time = _add((came_count, came_time), (count, seconds))
        sent, offers = messages.get(stage, (0, 0))
        rows.append(
            CareRow(
                stage=stage,
                contacts=at_end.get(stage, 0),
                present=max(0.0, present(at_start.get(stage, 0), came_time, went_time, window // SECOND)),
                messages=sent,
                offers=offers,
                came=came_count,
                went=went_count,
            )
        )
    return Care(since=since, until=now, rows=tuple(rows), months=_movements(tx, months, now))


def _add(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _comings(tx: Tx, since: Moment, now: Moment, stage: ColumnElement[str]) -> dict[str, tuple[int, int]]:
    """By stage: how many changes there were in the window, and the seconds from each to its end, added up."""
    rows = tx.execute(
        select(stage, func.count(), func.sum((now - _transitions.c.at) // SECOND))
        .where(*_business, _transitions.c.at > since, _transitions.c.at <= now)
        .group_by(stage)
    )
    return {name: (int(count), int(seconds)) for name, count, seconds in rows}


def _messages_by_stage(tx: Tx, since: Moment, now: Moment) -> dict[str, tuple[int, int]]:
    """By the stage in which they were planned: messages that were sent, and those of them with an offer."""
    rows = tx.execute(
        select(_messages.c.stage, func.count(), func.sum(case((_messages.c.offer != "", 1), else_=0)))
        .where(_messages.c.outcome == "sent", _messages.c.done_at > since, _messages.c.done_at <= now)
        .group_by(_messages.c.stage)
    )
    return {stage: (int(count), int(offers)) for stage, count, offers in rows}


def _movements(tx: Tx, months: Sequence[tuple[str, Moment]], now: Moment) -> tuple[Movement, ...]:
    if not months:
        return ()
    ends = [*(start for _, start in months[1:]), now + 1]
    month = case(
        *((_transitions.c.at < end, number) for number, end in enumerate(ends)), else_=len(months)
    ).label("month_no")
    rows = tx.execute(
        select(month, _transitions.c.from_stage, _transitions.c.to_stage, func.count())
        .where(*_business, _transitions.c.at >= months[0][1], _transitions.c.at <= now)
        .group_by(text("month_no"), _transitions.c.from_stage, _transitions.c.to_stage)
    )
    found: Counter[tuple[int, str]] = Counter()
    for number, before, after, count in rows:
        found[number, movement(before, after)] += count
    return tuple(
        Movement(month=name, won=found[at, "won"], lost=found[at, "lost"], back=found[at, "back"])
        for at, (name, _) in enumerate(months)
    )
