"""A person of ours says that an address is not to be mailed, or that it may be again."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.clock import Moment
from nurture.journeys.reasons import Reason
from nurture.store import outbox, people, suppressions
from nurture.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Why and since when an address is not mailed."""

    reason: str
    at: Moment


def standing(store: Store, address: str, *, address_key: bytes) -> Standing | None:
    """Whether the address, in lower case, is suppressed; None: it is not."""
    with store.read() as tx:
        found = suppressions.standing(tx, address_key, [address]).get(address)
    return None if found is None else Standing(reason=found[0], at=found[1])


def suppress(store: Store, address: str, reason: str, now: Moment, *, address_key: bytes) -> int:
    """Never mail it again, and skip what waits; returns how many messages that were. Again is harmless."""
    said = f"{suppressions.BY_HAND}: {reason}" if reason else suppressions.BY_HAND
    with store.write() as tx:
        suppressions.suppress(tx, address_key, [address], reason=said, at=now)
        contact = people.by_email(tx, address)
        return len(outbox.skip_contact(tx, contact.id, Reason.SUPPRESSED, now)) if contact else 0


def lift(store: Store, address: str, *, address_key: bytes) -> bool:
    """Let it be mailed again, as far as its owner agrees; False where it was not suppressed."""
    with store.write() as tx:
        return suppressions.release(tx, address_key, [address]) > 0
