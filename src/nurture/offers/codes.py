"""Codes that nobody can guess and everybody can read aloud."""

from __future__ import annotations

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No 0 or O, no 1, I or L, no U: nothing that sounds or looks like something else."""

LENGTH = 10
"""Signs of chance in a code: 30^10 is 5.9e14, so guessing a thousand a second finds one of a million in a week."""

BITS = 64
"""How much chance `spell` wants, so that every sign is as likely as the others to 1 part in 10,000."""


def prefix(offer: str) -> str:
    """The first word of an offer's key in capitals, so that a code says what it is for."""
    word = offer.partition("-")[0].upper()
    return "".join(sign for sign in word if sign in ALPHABET or sign.isalpha())[:8]


def spell(chance: int, offer: str) -> str:
    """A code such as FIRST-7KX9M-2MPQA out of `chance`, a random integer of BITS bits."""
    signs = []
    for _ in range(LENGTH):
        chance, index = divmod(chance, len(ALPHABET))
        signs.append(ALPHABET[index])
    text = "".join(signs)
    return f"{prefix(offer)}-{text[:5]}-{text[5:]}"
