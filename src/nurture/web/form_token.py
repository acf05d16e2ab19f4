"""The token in a form that we showed: it says which form, and when, and nobody else can make one."""

from __future__ import annotations

import hmac
import re

from nurture.clock import DAY, SECOND, Moment, Span

QUICKEST: Span = 2 * SECOND
"""No person fills a form in faster."""
LONGEST: Span = DAY

_WRITTEN = re.compile(r"([0-9]{1,15})-([0-9a-f]{32})", re.ASCII)


def make(key: bytes, name: str, now: Moment) -> str:
    """A token for the form of that name: HMAC-SHA256 cut to 128 bits (RFC 2104 section 5)."""
    seconds = now // SECOND
    return f"{seconds}-{_mac(key, name, seconds)}"


def is_good(key: bytes, name: str, token: str, now: Moment) -> bool:
    """Whether it is of this form, and was made a while ago, but not too long."""
    written = _WRITTEN.fullmatch(token)
    if written is None:
        return False
    seconds = int(written[1])
    age = now - seconds * SECOND
    return hmac.compare_digest(written[2], _mac(key, name, seconds)) and QUICKEST <= age <= LONGEST


def _mac(key: bytes, name: str, seconds: int) -> str:
    return hmac.digest(key, f"form {name} {seconds}".encode(), "sha256")[:16].hex()
