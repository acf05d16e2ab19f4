"""Contacts: taken in by address, found again, and put on the agenda when something about them is new."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select

from nurture.audience.contact import Contact, Scalar
from nurture.clock import Moment
from nurture.journeys.effects import SETTABLE, ChangeContact
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import alone, among, insert_many, update_many
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.kept_text import kept
from nurture.store.statements import chunks, one_of, table
from nurture.store.tables import ContactRow

_contacts = table(ContactRow)
_COLUMNS = (
    "email", "external_id", "first_name", "last_name", "locale", "timezone", "country", "tags", "attributes",
    "created_at",
)  # fmt: skip


class ContactGiven(NamedTuple):
    """What one row of a source says of a contact. What is empty says nothing: what is known stays."""

    email: str
    """In lower case."""
    external_id: str = ""
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    timezone: str = ""
    country: str = ""
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, Scalar] = MappingProxyType({})
    created_at: Moment = 0
    last_engaged_at: Moment = 0
    """When they last opened or clicked where they come from; 0: it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactsTaken:
    """What became of a batch."""

    ids: Mapping[str, int]
    """By the address each row gave."""
    new: frozenset[int]
    changed: frozenset[int]
    left: Mapping[str, int] = field(default_factory=dict)
    """Addresses that contacts had before and nobody has now."""


def upsert(tx: Tx, ids: Ids, given: Sequence[ContactGiven], now: Moment) -> ContactsTaken:
    """Take contacts in, found by address, else by external id, whose address is then the new one.

    The earliest `created_at` counts; tags are added, attributes set one by one. New and changed ones are put
    on the agenda.
    """
    alone(tx)
    known = _known(tx, given)
    by_email = {contact.email: contact.id for contact in known.values()}
    by_external = {contact.external_id: contact.id for contact in known.values() if contact.external_id}
    wanted = dict(known)
    fresh = iter(ids.take(len(given), now))
    new: dict[int, None] = {}
    found: dict[str, int] = {}
    for row in given:
        contact_id = by_email.get(row.email) or (
            by_external.get(row.external_id) if row.external_id else None
        )
        if contact_id is None:
            contact_id = next(fresh)
            new[contact_id] = None
            wanted[contact_id] = _made(contact_id, row, now)
        else:
            before = wanted[contact_id]
            wanted[contact_id] = _merged(before, row)
            if before.email != row.email:
                by_email.pop(before.email, None)
        by_email[row.email] = contact_id
        if row.external_id:
            by_external[row.external_id] = contact_id
        found[row.email] = contact_id
    changed = [it for key, it in known.items() if wanted[key] != it]
    moved = [it.id for it in changed if wanted[it.id].email != it.email]
    engaged = _latest((found[row.email], row.last_engaged_at) for row in given if row.last_engaged_at)
    _write(tx, [wanted[key] for key in new], [wanted[it.id] for it in changed], moved, engaged)
    _engage(tx, {contact: at for contact, at in engaged.items() if contact not in new})
    put_on_agenda(tx, [(key, 0, wanted[key].created_at) for key in new])
    put_on_agenda(tx, [(it.id, 0, now) for it in changed])
    left = {known[key].email: key for key in moved if known[key].email not in by_email}
    return ContactsTaken(ids=found, new=frozenset(new), changed=frozenset(it.id for it in changed), left=left)


def _latest(last: Iterable[tuple[int, Moment]]) -> dict[int, Moment]:
    latest: dict[int, Moment] = {}
    for contact, at in last:
        latest[contact] = max(at, latest.get(contact, 0))
    return latest


def _engage(tx: Tx, latest: Mapping[int, Moment]) -> None:
    """Keep when each of these was last keen; the latest moment counts."""
    known = tx.execute(_ENGAGED, {"ids": list(latest)}).all() if latest else ()
    update_many(
        tx,
        _contacts,
        ["id"],
        ["last_engaged_at"],
        [(latest[contact], contact) for contact, at in known if at < latest[contact]],
    )


_ENGAGED = select(_contacts.c.id, _contacts.c.last_engaged_at).where(one_of(_contacts.c.id, "ids"))


def meet(tx: Tx, ids: Ids, first_seen: Mapping[str, Moment], now: Moment) -> dict[str, int]:
    """The ids of contacts by address; who is not known yet is taken in, without consent to anything.

    `first_seen` says since when each is known to have been there: nobody is younger than their first order.
    """
    alone(tx)
    rows = tx.execute(
        select(_contacts.c.email, _contacts.c.id, _contacts.c.created_at).where(
            among(tx, _contacts.c.email, first_seen.keys())
        )
    ).all()
    found = {email: contact_id for email, contact_id, _ in rows}
    older = [(first_seen[email], contact_id) for email, contact_id, at in rows if first_seen[email] < at]
    update_many(tx, _contacts, ["id"], ["created_at"], older)
    unknown = [email for email in first_seen if email not in found]
    made = dict(zip(unknown, ids.take(len(unknown), now), strict=True))
    insert_many(
        tx,
        _contacts,
        ["id", "email", "created_at"],
        [(key, email, first_seen[email]) for email, key in made.items()],
    )
    put_on_agenda(tx, [(key, 0, first_seen[email]) for email, key in made.items()])
    return found | made


def change(tx: Tx, changes: Sequence[tuple[int, ChangeContact]], now: Moment) -> None:
    """Change contacts as steps of campaigns say, in order; those that differ then are put on the agenda."""
    if not changes:
        return
    alone(tx)
    known = by_ids(tx, {contact for contact, _ in changes})
    wanted = dict(known)
    for contact, what in changes:
        if contact in wanted:
            wanted[contact] = _changed(wanted[contact], what)
    different = [it for key, it in wanted.items() if it != known[key]]
    _write(tx, [], different, [])
    put_on_agenda(tx, [(it.id, 0, now) for it in different])


def _changed(contact: Contact, what: ChangeContact) -> Contact:
    tags = dict.fromkeys((*(it for it in contact.tags if it not in what.untag), *what.tag))
    attributes = {name: value for name, value in what.fields.items() if name not in SETTABLE}
    own = {name: str(what.fields.get(name, getattr(contact, name))) for name in SETTABLE}
    return replace(
        contact,
        tags=tuple(tags),
        attributes={**contact.attributes, **attributes},
        first_name=own["first_name"],
        last_name=own["last_name"],
        locale=own["locale"],
        timezone=own["timezone"],
        country=own["country"],
    )


def by_email(tx: Tx, email: str) -> Contact | None:
    """The contact with this address, however it is written."""
    row = tx.execute(select(*_OF_CONTACT).where(_contacts.c.email == email.strip().lower())).one_or_none()
    return _contact(row) if row else None


def emails_like(tx: Tx, email: str, limit: int = 500) -> list[str]:
    """Addresses that begin alike, among which a slip of the pen is to be found."""
    found: dict[str, None] = {}
    for letters in (4, 2, 1):
        start = email.strip().lower()[:letters]
        alike = _contacts.c.email.between(start, start + "\uffff")
        rows = tx.execute(select(_contacts.c.email).where(alike).order_by(_contacts.c.email).limit(limit))
        found |= dict.fromkeys(rows.scalars())
    return list(found)


LONGEST_SEARCH = 400
"""Characters of what somebody looks for; no address is longer."""


def starting_with(tx: Tx, text: str, limit: int) -> list[Contact]:
    """Contacts whose address begins with `text`, and those whose external id it is."""
    wanted = kept(text.strip(), LONGEST_SEARCH)
    start = wanted.lower()
    named = or_(_contacts.c.email.between(start, start + "\uffff"), _contacts.c.external_id == wanted)
    rows = tx.execute(select(*_OF_CONTACT).where(named).order_by(_contacts.c.email).limit(limit))
    return [_contact(row) for row in rows]


_OF_CONTACT = tuple(
    _contacts.c[name]
    for name in (
        "id",
        "email",
        "external_id",
        "first_name",
        "last_name",
        "locale",
        "timezone",
        "country",
        "tags",
        "attributes",
        "created_at",
    )
)
_BY_IDS = select(*_OF_CONTACT).where(one_of(_contacts.c.id, "ids"))


def by_ids(tx: Tx, contact_ids: Collection[int]) -> dict[int, Contact]:
    """Contacts by id; who is not there (erased) is left out."""
    return {row[0]: _contact(row) for row in tx.execute(_BY_IDS, {"ids": contact_ids}).all()}


def after(tx: Tx, contact_id: int, count: int) -> list[Contact]:
    """The next `count` contacts by id; 0: from the first."""
    wanted = select(*_OF_CONTACT).where(_contacts.c.id > contact_id).order_by(_contacts.c.id).limit(count)
    return [_contact(row) for row in tx.execute(wanted)]


def count(tx: Tx) -> int:
    """How many there are. Reads an index once."""
    number: int = tx.execute(select(func.count()).select_from(_contacts)).scalar_one()
    return number


def ids_by_email(tx: Tx, emails: Collection[str]) -> dict[str, int]:
    """Ids by address in lower case; who is not there is left out."""
    condition = among(tx, _contacts.c.email, emails)
    rows = tx.execute(select(_contacts.c.email, _contacts.c.id).where(condition))
    return dict(rows.all())


def ids_by_external_id(tx: Tx, external_ids: Collection[str]) -> dict[str, int]:
    """Ids by external id; the first of several that share one."""
    condition = among(tx, _contacts.c.external_id, [it for it in external_ids if it])
    rows = tx.execute(
        select(_contacts.c.external_id, _contacts.c.id).where(condition).order_by(_contacts.c.id.desc())
    )
    return dict(rows.all())


def _known(tx: Tx, given: Iterable[ContactGiven]) -> dict[int, Contact]:
    found: dict[int, Contact] = {}
    for part in chunks(given):
        for condition in (
            among(tx, _contacts.c.email, [it.email for it in part]),
            among(tx, _contacts.c.external_id, [it.external_id for it in part if it.external_id]),
        ):
            found.update((row.id, _contact(row)) for row in tx.execute(select(*_OF_CONTACT).where(condition)))
    return found


def _made(contact_id: int, row: ContactGiven, now: Moment) -> Contact:
    return Contact(
        id=contact_id,
        email=row.email,
        external_id=row.external_id,
        first_name=row.first_name,
        last_name=row.last_name,
        locale=row.locale,
        timezone=row.timezone,
        country=row.country,
        tags=row.tags,
        attributes=row.attributes,
        created_at=row.created_at or now,
    )


def _merged(contact: Contact, row: ContactGiven) -> Contact:
    return replace(
        contact,
        email=row.email,
        external_id=row.external_id or contact.external_id,
        first_name=row.first_name or contact.first_name,
        last_name=row.last_name or contact.last_name,
        locale=row.locale or contact.locale,
        timezone=row.timezone or contact.timezone,
        country=row.country or contact.country,
        tags=tuple(dict.fromkeys((*contact.tags, *row.tags))),
        attributes={**contact.attributes, **row.attributes},
        created_at=min(contact.created_at, row.created_at or contact.created_at),
    )


def _write(
    tx: Tx,
    new: Sequence[Contact],
    changed: Sequence[Contact],
    moved: Sequence[int],
    engaged: Mapping[int, Moment] = MappingProxyType({}),
) -> None:
    # Old addresses first leave the way: two contacts may have swapped theirs.
    update_many(tx, _contacts, ["id"], ["email"], [(f"#{key}", key) for key in moved])
    rows = [(it.id, engaged.get(it.id, 0), *_values(it)) for it in new]
    insert_many(tx, _contacts, ["id", "last_engaged_at", *_COLUMNS], rows)
    update_many(tx, _contacts, ["id"], _COLUMNS, [(*_values(it), it.id) for it in changed])


def _values(it: Contact) -> tuple[str | int, ...]:
    named = (it.email, it.external_id, it.first_name, it.last_name, it.locale, it.timezone, it.country)
    attributes = _as_json(dict(it.attributes)) if it.attributes else "{}"
    return (*named, _as_json(it.tags) if it.tags else "[]", attributes, it.created_at)


# Made once: json.dumps makes one at each call that asks for plain text.
_as_json = json.JSONEncoder(ensure_ascii=False).encode


def _contact(row: Sequence[Any]) -> Contact:
    # Taken apart at once: a row looks each column up by its name.
    (
        id_,
        email,
        external_id,
        first_name,
        last_name,
        locale,
        timezone,
        country,
        tags,
        attributes,
        created_at,
    ) = row
    return Contact(
        id=id_,
        email=email,
        external_id=external_id,
        first_name=first_name,
        last_name=last_name,
        locale=locale,
        timezone=timezone,
        country=country,
        tags=() if tags == "[]" else tuple(json.loads(tags)),
        created_at=created_at,
        attributes={} if attributes == "{}" else json.loads(attributes),
    )
