"""Codes that nobody can guess and everybody can read aloud."""

from __future__ import annotations

import unicodedata

from nurture.offers.offer import Offer

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No 0 or O, no 1, I or L, no U: nothing that sounds or looks like something else."""

LENGTH = 10
"""Signs of chance in a code: 30^10 is 5.9e14, so guessing a thousand a second finds one of a million in a week."""

BITS = 64
"""How much chance `spell` wants, so that every sign is as likely as the others to 1 part in 10,000."""


_PAIRS = tuple(one + two for two in ALPHABET for one in ALPHABET)
"""Two signs are drawn at once: a million codes are made at a time."""
_NO_SIGNS = {ord(sign): None for sign in map(chr, range(128)) if not sign.isalnum()}

MOST_PREFIX = 12
"""Letters and digits that a prefix may have: a code is to be read aloud."""


def prefix(offer: str) -> str:
    """The first word of an offer's key in capitals, so that a code says what it is for."""
    word = offer.partition("-")[0].upper()
    return "".join(sign for sign in word if sign in ALPHABET or sign.isalpha())[:8]


def spell(chance: int, first: str) -> str:
    """A code such as FIRST-7KX9M-2MPQA out of `chance`, a random integer of BITS bits, that begins with `first`."""
    pairs = []
    for _ in range(LENGTH // 2):
        chance, index = divmod(chance, len(_PAIRS))
        pairs.append(_PAIRS[index])
    text = "".join(pairs)
    return f"{first}-{text[:5]}-{text[5:]}" if first else f"{text[:5]}-{text[5:]}"


def first_of(offer: Offer) -> str:
    """What the codes that are made for an offer begin with."""
    return offer.prefix or prefix(offer.key)


def canonical(code: str) -> str:
    """What a code is looked up by: its letters, as capitals, and digits, however somebody typed it.

    Empty where there are none.
    """
    if code.isascii():
        return code.upper().translate(_NO_SIGNS)
    upper = unicodedata.normalize("NFKC", code).upper()
    return "".join(sign for sign in upper if sign.isalnum())
