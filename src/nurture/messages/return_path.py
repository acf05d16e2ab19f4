"""Addresses of our own that say which message a bounce or an unsubscribing mail is about (VERP)."""

from __future__ import annotations

import re

from nurture.messages.tokens import Key, Signer

_LONGEST = 320
_OURS = re.compile(r"<?\s*([bu])\+([a-z2-7]{48})(?:@[a-z0-9.-]+)?\s*>?", re.IGNORECASE)


def return_path(key: Key, domain: str, signer: Signer) -> str:
    """The envelope's sender of one message: what comes back to it bounced. 50 characters before the @."""
    return f"b+{signer.sign_mailed('bounce', key)}@{domain}"


def unsubscribe_mailto(key: Key, domain: str, signer: Signer) -> str:
    """Where a mail unsubscribes who got this message (RFC 2369 section 3.2)."""
    return f"u+{signer.sign_mailed('unsubscribe', key)}@{domain}"


def read_return_path(address: str, signer: Signer) -> Key | None:
    """Which message `address` is the return path of, or None where we did not make it.

    Its case may have changed, and it may stand in `<>`.
    """
    token = _token(address, "b")
    return signer.read_mailed(token, "bounce") if token else None


def read_unsubscribe_mailto(address: str, signer: Signer) -> Key | None:
    """Which message `address` unsubscribes from, or None where we did not make it."""
    token = _token(address, "u")
    return signer.read_mailed(token, "unsubscribe") if token else None


def _token(address: str, kind: str) -> str:
    found = _OURS.fullmatch(address.strip()) if len(address) <= _LONGEST else None
    return found[2].lower() if found and found[1].lower() == kind else ""
