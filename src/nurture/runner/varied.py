"""A few contacts out of many that differ from one another."""

from __future__ import annotations

from collections.abc import Iterable

from nurture.audience.contact import Contact


def varied(contacts: Iterable[Contact], most: int) -> list[Contact]:
    """Up to `most` contacts that differ from one another as much as can be; always the same ones."""
    waiting = {it.id: (it, _kinds(it)) for it in sorted(contacts, key=lambda it: it.id)}
    seen: set[str] = set()
    chosen: list[Contact] = []
    while waiting and len(chosen) < most:
        id_, (contact, kinds) = max(waiting.items(), key=lambda it: len(it[1][1] - seen))
        chosen.append(contact)
        seen |= kinds
        del waiting[id_]
    return chosen


def _kinds(it: Contact) -> frozenset[str]:
    """What is special about a contact: which names, places and attributes there are, and of which kind."""
    values = {
        "first_name": it.first_name,
        "last_name": it.last_name,
        "external_id": it.external_id,
        "tags": it.tags,
        **it.attributes,
    }
    return frozenset(
        [
            *(f"{name} {type(value).__name__} {bool(value)}" for name, value in values.items()),
            f"locale {it.locale}",
            f"country {it.country}",
            f"timezone {it.timezone}",
        ]
    )
