"""Erasing one person: all that is known goes, the address is never mailed again, and a receipt says what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nurture.clock import Moment, format_iso
from nurture.store import erase as everywhere
from nurture.store.engine import Store
from nurture.store.suppressions import hash_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was erased and when. It holds nothing of the person but the hash under which they stay suppressed."""

    id: str
    at: Moment
    address_hash: str
    """HMAC-SHA256 of the address under a key of the workspace: without that key it tells nothing."""
    erased: Mapping[str, int]
    """Rows that went or were emptied, by table; empty: nothing was known."""
    on_the_wire: int
    """Messages that were handed over already: a server may deliver them still."""
    files_are_clean: bool
    """Whether the bytes are gone from the database's file, too; else they go with its next clean-up (see docs)."""

    @property
    def known(self) -> bool:
        """Whether anything was there."""
        return bool(self.erased)

    def as_dict(self) -> dict[str, object]:
        """The receipt as JSON has it; times in ISO 8601."""
        return {
            "receipt": self.id,
            "at": format_iso(self.at),
            "address_hash": self.address_hash,
            "erased": dict(self.erased),
            "on_the_wire": self.on_the_wire,
            "files_are_clean": self.files_are_clean,
        }


def erase(store: Store, address: str, now: Moment, *, address_key: bytes) -> Receipt:
    """Erase whoever has the address, and suppress it; again is harmless. Raises StoreError.

    Messages that wait are gone with it; one that was handed over already may arrive. Pages that open from old messages
    answer as ever.
    """
    plain = address.strip().lower()
    number = store.ids.take(1, now)[0]
    with store.write() as tx:
        done = everywhere.erase(tx, plain, address_key, now)
    return Receipt(
        id=f"E{number:x}",
        at=now,
        address_hash=hash_address(address_key, plain),
        erased=done.rows,
        on_the_wire=len(done.on_the_wire),
        files_are_clean=store.clean_up(),
    )
