"""The agenda: which contacts, on which lines, are to be looked at again, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Select,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)

from nurture.clock import NEVER, Moment
from nurture.store.bulk import insert_many
from nurture.store.engine import Tx
from nurture.store.statements import insert, one_of, table, upsert
from nurture.store.tables import AgendaRow, ContactRow

_agenda = table(AgendaRow)
_contacts = table(ContactRow)

Place = tuple[int, int]
"""A contact id and a line id; line 0 is the business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """Contacts that are due, each with its due lines and when they fell due."""

    due: Mapping[int, Mapping[int, Moment]] = field(default_factory=dict)
    more: bool = False
    """Whether others may be due besides these."""


# Made once: putting such a statement together costs more than SQLite takes to answer it.
_FIRST = (
    select(_agenda.c.contact_id)
    .where(_agenda.c.due_at <= bindparam("now"))
    .order_by(_agenda.c.due_at, _agenda.c.contact_id)
    .limit(bindparam("most"))
)
# The contact is locked and not its rows here: two processes that each held some of them would wait for each other.
_LOCK = select(_contacts.c.id).where(one_of(_contacts.c.id, "contacts")).with_for_update(skip_locked=True)
_DUE = select(_agenda.c.contact_id, _agenda.c.line_id, _agenda.c.due_at).where(
    one_of(_agenda.c.contact_id, "contacts"), _agenda.c.due_at <= bindparam("now")
)
_WAITING = select(_agenda.c.contact_id).where(
    one_of(_agenda.c.contact_id, "contacts"), _agenda.c.due_at <= bindparam("now")
)
_REVIEWED = select(_contacts.c.id, _contacts.c.reviewed_at).where(one_of(_contacts.c.id, "contacts"))
_LOOKED_AT = update(_contacts).where(one_of(_contacts.c.id, "contacts")).values(reviewed_at=bindparam("now"))
_EXISTING = select(_contacts.c.id).where(one_of(_contacts.c.id, "contacts"))
_FORGET = delete(_agenda).where(one_of(_agenda.c.contact_id, "contacts"))
_DONE = delete(_agenda).where(_agenda.c.contact_id == bindparam("c"), _agenda.c.line_id == bindparam("l"))


def take_due(tx: Tx, now: Moment, limit: int) -> Agenda:
    """The longest due rows, `limit` at most, with all else that is due of the same contacts.

    The contacts are locked until the transaction ends; those that another process has locked are left to it.
    """
    rows = tx.execute(_FIRST, {"now": now, "most": limit}).scalars().all()
    contacts = set(rows)
    if not contacts:
        return Agenda()
    gone = contacts.difference(tx.execute(_EXISTING, {"contacts": list(contacts)}).scalars())
    if gone:
        tx.execute(_FORGET, {"contacts": list(gone)})
    contacts -= gone
    if tx.dialect.name != "sqlite":
        contacts = set(tx.execute(_LOCK, {"contacts": sorted(contacts)}).scalars())
    due: dict[int, dict[int, Moment]] = defaultdict(dict)
    for contact, line, at in tx.execute(_DUE, {"contacts": sorted(contacts), "now": now}).all():
        due[contact][line] = at
    return Agenda(due=due, more=len(rows) == limit)


def waiting(tx: Tx, contact_ids: Collection[int], now: Moment) -> set[int]:
    """Which of these contacts are due: something about them is not taken in yet."""
    return set(tx.execute(_WAITING, {"contacts": list(contact_ids), "now": now}).scalars())


def reviewed_at(tx: Tx, contact_ids: Collection[int]) -> dict[int, Moment]:
    """Up to when each contact was looked at; 0: never yet."""
    rows = tx.execute(_REVIEWED, {"contacts": list(contact_ids)}).all()
    return {contact: int(at) for contact, at in rows}


def put_on_agenda(tx: Tx, places: Iterable[tuple[int, int, Moment]]) -> None:
    """Have each (contact, line) looked at again at its moment, or earlier where it is due earlier already."""
    earliest: dict[Place, Moment] = {}
    for contact, line, at in places:
        earliest[contact, line] = min(at, earliest.get((contact, line), NEVER))
    if not earliest:
        return
    # In order of the key, so that two transactions wait for each other rather than lock each other out.
    rows = [(contact, line, at) for (contact, line), at in sorted(earliest.items())]
    insert_many(tx, _agenda, ("contact_id", "line_id", "due_at"), rows, conflict=_EARLIER)


# Not written again where it stands: after an import that is everybody.
_EARLIER = """(contact_id, line_id) DO UPDATE SET due_at = excluded.due_at
WHERE agenda.due_at > excluded.due_at"""


def write(tx: Tx, next_at: Mapping[Place, Moment], now: Moment) -> None:
    """Note that these places were looked at `now` and when each is due next; NEVER takes it off the agenda."""
    done = [{"c": contact, "l": line} for (contact, line), at in next_at.items() if at >= NEVER]
    if done:
        tx.execute(_DONE, done)
    rows = [
        {"contact_id": contact, "line_id": line, "due_at": at}
        for (contact, line), at in sorted(next_at.items())
        if at < NEVER
    ]
    upsert(tx, _agenda, rows, key=("contact_id", "line_id"), update=("due_at",))
    contacts = {contact for contact, _ in next_at}
    tx.execute(_LOOKED_AT, {"contacts": contacts, "now": now})


def put_all(tx: Tx, rows: Select[Any], given: Mapping[str, Any]) -> None:
    """Have all that `rows` names (contact, line, moment) looked at then, or earlier; `given` are its parameters."""
    statement = insert(tx.dialect.name, _agenda).from_select(["contact_id", "line_id", "due_at"], rows)
    # Who is due earlier already is left alone: after an import that is everybody.
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["contact_id", "line_id"],
            set_={"due_at": statement.excluded.due_at},
            where=_agenda.c.due_at > statement.excluded.due_at,
        ),
        given,
    )


_DUE_PEOPLE = select(func.count()).where(
    _agenda.c.line_id == literal_column("0"), _agenda.c.due_at <= bindparam("now")
)


def people_due(tx: Tx, now: Moment) -> int:
    """How many contacts are to be looked at by `now`. Counts them one by one."""
    return int(tx.execute(_DUE_PEOPLE, {"now": now}).scalar_one())
