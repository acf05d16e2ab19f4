"""Words that a message must not lack: how to leave, and who sends it."""

from __future__ import annotations

from nurture.messages.compiled import Compiled

_WAYS_OUT = ("unsubscribe_url", "preferences_url")
_ADDRESS = "sender.address"


def can_be_left(compiled: Compiled) -> bool:
    """Whether both parts show a way to unsubscribe."""
    return all(any(it in part for it in _WAYS_OUT) for part in (compiled.html, compiled.text))


def says_where_from(compiled: Compiled, address: str) -> bool:
    """Whether both parts show the postal address of the sender, `address`, as a value or written out.

    CAN-SPAM (15 U.S.C. 7704 (a)(5)) asks for it, and so do the laws of most other countries.
    """
    street = address.partition(",")[2].strip() or address
    return all(
        _ADDRESS in part or (bool(street) and street in " ".join(part.split()))
        for part in (compiled.html, compiled.text)
    )
