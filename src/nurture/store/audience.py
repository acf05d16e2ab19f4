"""Contacts by what they are, not by what happened to them: for whom many are to be let in, or looked at."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, exists, func, literal, literal_column, select, tuple_

from nurture.clock import Moment
from nurture.store.agenda import put_all
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import ConsentStateRow, ContactRow, OrderFactsRow, StageRow

_consents = table(ConsentStateRow)
_contacts = table(ContactRow)
_facts = table(OrderFactsRow)
_stages = table(StageRow)


def fitting(
    *,
    stages: Collection[str] | None,
    first_stage: str,
    topic: str,
    condition: ColumnElement[bool],
) -> ColumnElement[bool]:
    """Who stands at one of `stages` (None: anywhere), agrees to `topic` (empty: it needs no consent) and meets
    `condition`: a condition on a row of `contacts`."""
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
    fits: ColumnElement[bool],
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
    tx: Tx,
    *,
    stages: Collection[str] | None,
    first_stage: str,
    topic: str,
    condition: ColumnElement[bool],
    now: Moment,
) -> int:
    """Have all who fit looked at `now`. Reads every contact once; returns how many fit."""
    fits = fitting(stages=stages, first_stage=first_stage, topic=topic, condition=condition)
    return put_all(tx, select(_contacts.c.id, literal_column("0"), literal(now)).where(fits))


def look_at_everybody(tx: Tx, now: Moment) -> int:
    """Have every contact, and every line on which one ever bought, looked at `now`; returns how many contacts."""
    count = put_all(
        tx, select(_contacts.c.id, literal_column("0"), literal(now)).where(literal_column("1") == 1)
    )
    lines = select(_facts.c.contact_id, _facts.c.line_id, literal(now)).where(_facts.c.line_id > 0)
    put_all(tx, lines)
    return count
