"""New rows of `codes`, and what they are spelled from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nurture.clock import Moment
from nurture.offers.codes import canonical
from nurture.store.ids import Ids

Chance = Callable[[int], int]
"""A random integer of so many bits."""

COLUMNS = ("id", "offer", "code", "canonical", "own", "contact_id", "made_at", "issued_at", "known_at", "stands_for",
           "handed_at", "expires_at", "redeemed_at", "discount", "for_others")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What new codes are made of."""

    ids: Ids
    chance: Chance


def new_code(
    id_: int,
    offer: str,
    code: str,
    now: Moment,
    *,
    own: bool = True,
    contact_id: int = 0,
    known_at: Moment = 0,
    stands_for: str = "",
    discount: str = "",
    for_others: bool = False,
) -> tuple[Any, ...]:
    """A row of COLUMNS: a code that is made now, and issued at once where it is for a contact."""
    issued_at = now if contact_id else 0
    whose = (own, contact_id, now, issued_at, known_at, stands_for)
    return (id_, offer, code, canonical(code), *whose, 0, 0, 0, discount, for_others)
