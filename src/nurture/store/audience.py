"""Contacts by what they are, not by what happened to them: for whom many are to be let in, or looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from nurture.clock import NEVER, Moment
from nurture.store.agenda import put_all
from nurture.store.engine import Tx
from nurture.store.statements import chunks, table
from nurture.store.tables import ConsentStateRow, ContactRow, OrderFactsRow, StageRow

_consents = table(ConsentStateRow)
_contacts = table(ContactRow)
_facts = table(OrderFactsRow)
_stages = table(StageRow)

Condition: TypeAlias = ColumnElement[bool]
"""On a row of `contacts`."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many contacts were looked through, of how many."""

_PIECE = 20_000
"""Contacts that one statement looks through."""
_TOGETHER = 25
"""Conditions in one statement: SQLite nests as deep as there are of them, and has bounds."""
_LAST = (
    select(_contacts.c.id)
    .where(_contacts.c.id > bindparam("after"))
    .order_by(_contacts.c.id)
    .offset(bindparam("others"))
    .limit(1)
)
"""Where a piece ends; nowhere: it is the last."""


def fitting(
    *,
    stages: Collection[str] | None,
    first_stage: str,
    topic: str,
    condition: Condition,
) -> Condition:
    """Who stands at one of `stages` (None: anywhere), agrees to `topic` (empty: it needs no consent) and meets
    `condition`."""
    wanted = [condition]
    if stages is not None:
        place = and_(_stages.c.contact_id == _contacts.c.id, _stages.c.line_id == 0)
        stage = select(_stages.c.stage).where(place).scalar_subquery()
        wanted.append(func.coalesce(stage, first_stage).in_(list(stages)))
    if topic:
        agreed = and_(
            _consents.c.contact_id == _contacts.c.id, _consents.c.topic == topic, _consents.c.agreed
        )
        wanted.append(exists(select(literal_column("1")).where(agreed)))
    return and_(*wanted)


def next_ids(
    tx: Tx,
    fits: Condition,
    places: Sequence[tuple[str, str]] | None,
    *,
    after: int,
    limit: int,
) -> list[int]:
    """Contacts with a higher id than `after`, in order, who fit and live in one of `places` (pairs of time zone and
    country; None: anywhere)."""
    wanted = [_contacts.c.id > after, fits]
    if places is not None:
        if not places:
            return []
        wanted.append(tuple_(_contacts.c.timezone, _contacts.c.country).in_(list(places)))
    rows = tx.execute(select(_contacts.c.id).where(*wanted).order_by(_contacts.c.id).limit(limit))
    return list(rows.scalars())


def places(tx: Tx) -> list[tuple[str, str]]:
    """The pairs of time zone and country that contacts have. Reads an index once, from end to end."""
    rows = tx.execute(select(_contacts.c.timezone, _contacts.c.country).distinct())
    return [(zone, country) for zone, country in rows]


def look_at(
    tx: Tx, fits: Sequence[Condition], now: Moment, progress: Progress = lambda done, total: None
) -> None:
    """Have all looked at `now` who meet any of these conditions. Reads every contact once."""
    if fits:
        wanted = [or_(*some) for some in chunks(fits, _TOGETHER)]
        _look_at(tx, [_people(it, now) for it in wanted], progress)


def look_at_everybody(tx: Tx, now: Moment, progress: Progress = lambda done, total: None) -> None:
    """Have every contact, and every line on which one ever bought, looked at `now`."""
    lines = select(_facts.c.contact_id, _facts.c.line_id, literal(now)).where(_facts.c.line_id > 0)
    lines = lines.where(_among(_facts.c.contact_id)).order_by(_facts.c.contact_id, _facts.c.line_id)
    _look_at(tx, [_people(true(), now), lines], progress)


def _people(fits: Condition, now: Moment) -> Select[Any]:
    people = select(_contacts.c.id, literal_column("0"), literal(now))
    return people.where(_among(_contacts.c.id), fits).order_by(_contacts.c.id)


def _among(contact: Column[Any]) -> Condition:
    """A piece of the contacts at a time."""
    return and_(contact > bindparam("after"), contact <= bindparam("last"))


def _look_at(tx: Tx, wanted: Sequence[Select[Any]], progress: Progress) -> None:
    total = tx.execute(select(func.count()).select_from(_contacts)).scalar_one()
    done, after = 0, -1
    while done < total:
        last = tx.execute(_LAST, {"after": after, "others": _PIECE - 1}).scalar() or NEVER
        for rows in wanted:
            put_all(tx, rows, {"after": after, "last": last})
        done, after = min(done + _PIECE, total), last
        progress(done, total)
