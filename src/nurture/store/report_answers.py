"""What people answered, counted over all events. For reports, never for a decision."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Double, Select, Subquery, Text, case, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB

from nurture.journeys.questions import ANSWERED
from nurture.reports.answers import Comment, Counted
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import ContactRow, EventRow

_contacts = table(ContactRow)
_events = table(EventRow)

_MOST_GROUPS = 20_000
"""Whatever was imported as an answer: so many different ones are counted, the most frequent ones."""


def counted(tx: Tx, question: str = "") -> list[Counted]:
    """How often each answer was given in each message; of one question, or of all."""
    it = _last(tx.dialect.name, question)
    columns = (it.c.question, it.c.message, it.c.answer, it.c.score)
    many = func.count()
    rows = tx.execute(
        select(*columns, many.label("people"))
        .where(it.c.place == 1)
        .group_by(*columns)
        .order_by(many.desc(), *columns)
        .limit(_MOST_GROUPS)
    )
    return [
        Counted(
            question=row.question or "",
            message=row.message or "",
            answer=row.answer or "",
            score=row.score,
            people=row.people,
        )
        for row in rows
    ]


def comments(tx: Tx, question: str, most: int) -> list[Comment]:
    """What people added to the answers that count, the newest first: at most so many of each question."""
    last = _last(tx.dialect.name, question)
    newest = func.row_number().over(
        partition_by=last.c.question, order_by=(last.c.at.desc(), last.c.id.desc())
    )
    it = select(last, newest.label("rank")).where(last.c.place == 1, last.c.comment != "").subquery()
    rows = tx.execute(
        select(it, _contacts.c.email)
        .join(_contacts, _contacts.c.id == it.c.contact_id)
        .where(it.c.rank <= most)
        .order_by(it.c.at.desc(), it.c.id.desc())
    )
    return [
        Comment(
            at=row.at,
            contact_id=row.contact_id,
            email=row.email,
            question=row.question or "",
            answer=row.answer or "",
            message=row.message or "",
            text=row.comment,
        )
        for row in rows
    ]


def _last(dialect: str, question: str) -> Subquery:
    """The answers, each with its `place` among those of one person to one question of one message; 1 is the newest."""
    said = {name: _said(dialect, name) for name in ("question", "answer", "message", "comment", "entry")}
    newest = func.row_number().over(
        partition_by=(_events.c.contact_id, said["question"], said["entry"]),
        order_by=(_events.c.at.desc(), _events.c.id.desc()),
    )
    columns = [value.label(name) for name, value in said.items()]
    # Written out, since only so does the partial index apply.
    found: Select[Any] = select(
        _events.c.at,
        _events.c.id,
        _events.c.contact_id,
        *columns,
        _score(dialect).label("score"),
        newest.label("place"),
    ).where(_events.c.name == literal_column(f"'{ANSWERED}'"))
    if question:
        found = found.where(said["question"] == question)
    return found.subquery()


def _said(dialect: str, name: str) -> ColumnElement[str]:
    """A property as text; NULL where it is not there."""
    if dialect == "sqlite":
        return func.json_extract(_events.c.properties, f"$.{name}", type_=Text)
    return cast(_events.c.properties, JSONB).op("->>", return_type=Text())(name)


def _score(dialect: str) -> ColumnElement[float]:
    """NULL where it is no number."""
    if dialect == "sqlite":
        kind = func.json_type(_events.c.properties, "$.score")
        value = func.json_extract(_events.c.properties, "$.score", type_=Double)
        return case((kind.in_(("integer", "real")), cast(value, Double)))
    document = cast(_events.c.properties, JSONB)
    kind = func.jsonb_typeof(document.op("->")("score"))
    return case((kind == "number", cast(document.op("->>", return_type=Text())("score"), Double)))
