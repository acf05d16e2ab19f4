"""Contacts by what they are, not by what happened to them: for whom many are to be let in, or looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
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
    text,
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

# From one to the next by the index contacts_by_zone: to read it from end to end takes the longer the more there are.
_PLACES = text(
    "WITH RECURSIVE zones(zone) AS ("
    " SELECT min(timezone) FROM contacts UNION ALL"
    " SELECT (SELECT min(timezone) FROM contacts WHERE timezone > zone) FROM zones WHERE zone IS NOT NULL"
    "), places(zone, country) AS ("
    " SELECT zone, (SELECT min(country) FROM contacts WHERE timezone = zone) FROM zones WHERE zone IS NOT NULL"
    " UNION ALL"
    " SELECT zone, (SELECT min(contacts.country) FROM contacts"
    " WHERE timezone = places.zone AND contacts.country > places.country) FROM places WHERE country IS NOT NULL"
    ") SELECT zone, country FROM places WHERE country IS NOT NULL"
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Contacts that one look found."""

    ids: Sequence[int]
    reached: int | None
    """The last that was looked at, whether it was found or not; None: there are no others."""


def next_ids(
    tx: Tx,
    fits: Condition,
    places: Sequence[tuple[str, str]] | None,
    *,
    after: int,
    limit: int,
) -> Found:
    """Contacts with a higher id than `after`, in order, who fit and live in one of `places` (pairs of time zone and
    country; None: anywhere). Looks at no more of them than one statement should."""
    if places is not None and not places:
        return Found(ids=(), reached=None)
    last = _end_of_piece(tx, after)
    wanted = [_contacts.c.id > after, _contacts.c.id <= (NEVER if last is None else last), fits]
    if places is not None:
        wanted.append(tuple_(_contacts.c.timezone, _contacts.c.country).in_(list(places)))
    rows = tx.execute(select(_contacts.c.id).where(*wanted).order_by(_contacts.c.id).limit(limit))
    ids = rows.scalars().all()
    return Found(ids=ids, reached=ids[-1] if len(ids) == limit else last)


def places(tx: Tx) -> list[tuple[str, str]]:
    """The pairs of time zone and country that contacts have. Costs a look into an index for each of them."""
    return [(zone, country) for zone, country in tx.execute(_PLACES)]


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
        last = _end_of_piece(tx, after)
        for rows in wanted:
            put_all(tx, rows, {"after": after, "last": NEVER if last is None else last})
        done, after = total if last is None else min(done + _PIECE, total), last or NEVER
        progress(done, total)


def _end_of_piece(tx: Tx, after: int) -> int | None:
    """The contact with which a piece ends that begins behind `after`; None: there are not as many."""
    last: int | None = tx.execute(_LAST, {"after": after, "others": _PIECE - 1}).scalar()
    return last
