"""Which contact is meant, and what is kept of them: shared by the routes about people."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.audience.contact import Contact
from nurture.clock import Moment
from nurture.runner.intake_cells import BadRow, address, text
from nurture.store import people
from nurture.store.engine import Store, Tx
from nurture.web.api.problems import Problem
from nurture.web.api.shapes import Somebody


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody, by one of two names that were read with care."""

    email: str
    external_id: str


def named(body: Somebody) -> Named:
    """Who is meant. Raises Problem 422 where neither or both are said, or the address is none."""
    if bool(body.email) == bool(body.external_id):
        raise Problem("not-valid", "say who it is by email or by external_id: one of the two")
    try:
        if body.email:
            return Named(address({"email": body.email}), "")
        return Named("", text({"external_id": body.external_id}, "external_id", 200))
    except BadRow as error:
        raise Problem("not-valid", str(error)) from None


def find(tx: Tx, who: Named) -> Contact | None:
    """The contact, where there is one."""
    if who.email:
        return people.by_email(tx, who.email)
    id_ = people.ids_by_external_id(tx, [who.external_id]).get(who.external_id)
    return people.by_ids(tx, [id_]).get(id_) if id_ is not None else None


def meet(store: Store, tx: Tx, who: Named, now: Moment) -> int:
    """The contact's id; an address that is not known is taken in, without consent to anything, so that nobody learns
    from the answer whether it was. Raises Problem 422 for an external id that is not known."""
    if who.email:
        return people.meet(tx, store.ids, {who.email: now}, now)[who.email]
    id_ = people.ids_by_external_id(tx, [who.external_id]).get(who.external_id)
    if id_ is None:
        raise Problem("not-valid", f"no contact has the external_id {who.external_id[:100]!r}")
    return id_


def line(value: str, name: str) -> str:
    """A text of one line, without what no database keeps. Raises Problem 422."""
    try:
        return text({name: value}, name)
    except BadRow as error:
        raise Problem("not-valid", str(error)) from None
