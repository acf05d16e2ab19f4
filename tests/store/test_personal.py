"""Where the tables keep something of a person."""

from __future__ import annotations

from nurture.store.personal import BY_CONTACT, BY_ENROLLMENT, MENTIONS, NOBODY, OTHERWISE
from support.one_person import tables

ERASED = {*(it.name for it in BY_CONTACT), *BY_ENROLLMENT, *OTHERWISE, "contacts"}


def test_every_table_is_either_erased_or_holds_nobody() -> None:
    assert ERASED | set(NOBODY) | set(MENTIONS) == set(tables())
    assert not ERASED & set(NOBODY)
    assert not set(MENTIONS) & set(NOBODY)


def test_every_table_that_names_a_contact_is_erased() -> None:
    named = {name for name, it in tables().items() if "contact_id" in it.c or "moves_id" in it.c}
    assert named <= ERASED


def test_every_table_that_names_an_enrollment_is_erased_by_it_or_by_the_contact() -> None:
    named = {name for name, it in tables().items() if "enrollment_id" in it.c}
    assert named <= {*BY_ENROLLMENT, *(it.name for it in BY_CONTACT)}
