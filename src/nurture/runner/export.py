"""The answer to "what do you know of me": everything that is kept of one address, as one document."""

from __future__ import annotations

from nurture.clock import Moment, format_iso
from nurture.store import export as kept
from nurture.store import suppressions
from nurture.store.engine import Store


def export(store: Store, address: str, *, address_key: bytes, now: Moment) -> dict[str, object] | None:
    """All that is kept of whoever has the address; None where nothing is. Raises StoreError.

    Plain values that JSON can hold; times in ISO 8601, UTC. What came in from outside is as it came: hostile text.
    """
    plain = address.strip().lower()
    with store.read() as tx:
        found = kept.contact(tx, plain)
        suppressed = suppressions.standing(tx, address_key, [plain]).get(plain)
        contact_id, contact = found or (0, None)
        arrivals = kept.arrivals(tx, contact_id, plain)
        if found is None and suppressed is None and not arrivals:
            return None
        document: dict[str, object] = {
            "address": plain,
            "exported_at": format_iso(now),
            "contact": contact,
            "suppressed": None
            if suppressed is None
            else {"reason": suppressed[0], "at": format_iso(suppressed[1])},
        }
        if found is not None:
            document |= kept.sections(tx, contact_id)
        return {**document, "arrivals": arrivals}
