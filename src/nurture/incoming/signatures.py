"""Whether somebody who shares a secret with us said this, and just now."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence

from nurture.clock import DAY, HOUR, MINUTE, SECOND, Moment, Span

Headers = Mapping[str, str]
"""Of a request, their names in lower case."""

TOLERANCE: Span = 5 * MINUTE
"""How old a signature may be where each try is signed anew: Stripe, Standard Webhooks."""

LATE: Span = DAY + HOUR
"""The same where a later try may bear the time of the first: providers go on trying for up to a day. What came once
counts once, so that more time is no gain for who recorded it."""

_SECONDS = re.compile(r"\d{1,12}", re.ASCII)


def is_fresh(seconds: str, now: Moment, within: Span) -> bool:
    """Whether `seconds` since 1970 are no further away than `within`, before or after."""
    return bool(_SECONDS.fullmatch(seconds)) and abs(int(seconds) * SECOND - now) <= within


def mac(secret: bytes, content: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104)."""
    return hmac.digest(secret, content, "sha256")


def is_one_of(given: bytes, wanted: Iterable[bytes]) -> bool:
    """Whether `given` is among `wanted`. All are compared, each in constant time."""
    return sum(hmac.compare_digest(given, it) for it in wanted) > 0


def from_base64(text: str) -> bytes:
    """The bytes, or none where this is no base64; one spelling only."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode("ascii") == text else b""


def is_signed(signature: str, body: bytes, secrets: Sequence[str]) -> bool:
    """Whether `signature` is the base64 of the body's HMAC by one of `secrets`: Shopify and WooCommerce."""
    return is_one_of(from_base64(signature), [mac(it.encode(), body) for it in secrets])
