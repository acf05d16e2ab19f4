"""Contacts who are here for a sign-up alone: taken in, and given an address."""

from __future__ import annotations

from sqlalchemy import update

from nurture.audience.contact import Contact
from nurture.clock import Moment
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import insert_many, update_many
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import ContactRow

_contacts = table(ContactRow)


def meet(tx: Tx, it: Contact) -> None:
    """Take in somebody new who has not confirmed yet: on no agenda, so that nothing begins for them."""
    columns = ["id", "email", "external_id", "first_name", "last_name", "locale", "timezone", "country"]
    columns += ["tags", "attributes", "created_at", "last_engaged_at", "reviewed_at"]
    named = (it.id, it.email, "", it.first_name, it.last_name, it.locale, it.timezone, it.country)
    insert_many(tx, _contacts, columns, [(*named, "[]", "{}", it.created_at, 0, 0)])


def arrive(tx: Tx, contact_id: int, now: Moment) -> None:
    """They confirmed: that is when they came."""
    tx.execute(update(_contacts).where(_contacts.c.id == contact_id).values(created_at=now))
    put_on_agenda(tx, [(contact_id, 0, now)])


def swap_addresses(tx: Tx, one: Contact, other: Contact, now: Moment) -> None:
    """Each takes the other's address; what hangs on the address of the first is looked at again."""
    for row in ((f"#{one.id}", one.id), (one.email, other.id), (other.email, one.id)):
        update_many(tx, _contacts, ["id"], ["email"], [row])
    put_on_agenda(tx, [(one.id, 0, now)])
