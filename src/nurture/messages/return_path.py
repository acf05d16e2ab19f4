"""Addresses of our own that say which message a bounce is about (VERP)."""

from __future__ import annotations

import re

from nurture.messages.tokens import Key, Signer

_LONGEST = 320
_OURS = re.compile(r"<?\s*b\+([a-z2-7]{48})(?:@[a-z0-9.-]+)?\s*>?", re.IGNORECASE)


def return_path(key: Key, domain: str, signer: Signer) -> str:
    """The envelope's sender of one message: what comes back to it bounced. 50 characters before the @."""
    return f"b+{signer.sign_mailed('bounce', key)}@{domain}"


def read_return_path(address: str, signer: Signer) -> Key | None:
    """Which message `address` is the return path of, or None where we did not make it.

    Its case may have changed, and it may stand in `<>`.
    """
    token = _token(address)
    return signer.read_mailed(token, "bounce") if token else None


def _token(address: str) -> str:
    found = _OURS.fullmatch(address.strip()) if len(address) <= _LONGEST else None
    return found[1].lower() if found else ""
