"""Keys to the API: how they are made and told from a slip of the pen, and what they may be for.

A key is `nk_` (publishable: `npk_`), 43 letters and digits of chance, and six that check them, so that a typo is told
without asking the database, and programs that look for leaked secrets find it by `n(p)?k_[0-9A-Za-z]{49}`.
"""

from __future__ import annotations

import hashlib
import re
import string
import zlib
from collections.abc import Callable, Sequence

ALPHABET = string.digits + string.ascii_letters
_DIGITS = 43
"""Letters of chance: 256 bits."""
_CHECK = 6
"""Letters that hold a CRC-32."""
_SHAPE = re.compile(rf"(npk|nk)_[0-9A-Za-z]{{{_DIGITS + _CHECK}}}", re.ASCII)

SCOPES = {
    "contacts:write": "take contacts and their consents in",
    "contacts:read": "look contacts up",
    "events:write": "take events in, and make tokens for visitors",
    "orders:write": "take orders in",
    "products:write": "take products in",
    "codes:read": "ask whether a code is good",
    "messages:send": "send single messages, and see what became of them",
    "privacy": "export and erase everything about a person",
    "browser": "report what visitors do; may stand in a web page",
}
"""What a key may be for, in words."""

BROWSER = "browser"
"""The only scope of a publishable key, which has no other."""


def new_key(choose: Callable[[Sequence[str]], str], *, publishable: bool) -> str:
    """A key, each of its letters chosen by `choose`: `secrets.choice`."""
    body = f"{'npk' if publishable else 'nk'}_{''.join(choose(ALPHABET) for _ in range(_DIGITS))}"
    return body + _check(body)


def is_well_formed(text: str) -> bool:
    """Whether it can be a key at all: what is not was mistyped or cut off."""
    return _SHAPE.fullmatch(text) is not None and _check(text[:-_CHECK]) == text[-_CHECK:]


def hash_of(key: str) -> str:
    """What is kept of a key: its SHA-256, in hexadecimal. It holds 256 random bits, so a slow hash adds nothing."""
    return hashlib.sha256(key.encode()).hexdigest()


def _check(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(_CHECK):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
