"""Addresses of our own that say which message or which reply a mail is about (VERP)."""

from __future__ import annotations

import re

from nurture.messages.tokens import Key, Signer, TokenKind

_LONGEST = 320
_OURS = re.compile(r"<?\s*([bur])\+([a-z2-7]{48})(?:@[a-z0-9.-]+)?\s*>?", re.IGNORECASE)


def return_path(key: Key, domain: str, signer: Signer) -> str:
    """The envelope's sender of one message: what comes back to it bounced. 50 characters before the @."""
    return f"b+{signer.sign_mailed('bounce', key)}@{domain}"


def read_return_path(address: str, signer: Signer) -> Key | None:
    """Which message `address` is the return path of, or None where we did not make it.

    Its case may have changed, and it may stand in `<>`.
    """
    return _read(address, "b", "bounce", signer)


def unsubscribe_address(key: Key, domain: str, signer: Signer) -> str:
    """The address that unsubscribes who writes to it (RFC 2369 section 3.2)."""
    return f"u+{signer.sign_mailed('unsubscribe', key)}@{domain}"


def read_unsubscribe_address(address: str, signer: Signer) -> Key | None:
    """Which message `address` unsubscribes from, read as a return path is."""
    return _read(address, "u", "unsubscribe", signer)


def reply_address(reply_id: int, domain: str, signer: Signer) -> str:
    """Where a copy of the answer to somebody's mail goes, so that it counts as answered."""
    return f"r+{signer.sign_mailed('reply', (reply_id, 0))}@{domain}"


def read_reply_address(address: str, signer: Signer) -> int | None:
    """Whose mail was answered: the id of the reply, or None where we did not make the address."""
    key = _read(address, "r", "reply", signer)
    return key[0] if key else None


def _read(address: str, letter: str, kind: TokenKind, signer: Signer) -> Key | None:
    found = _OURS.fullmatch(address.strip()) if len(address) <= _LONGEST else None
    if found is None or found[1].lower() != letter:
        return None
    return signer.read_mailed(found[2].lower(), kind)
