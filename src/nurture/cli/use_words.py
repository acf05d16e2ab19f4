"""How a code was used, in words: of its offer, and of the contact who has it."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.offers.redemption import Verdict

OF_AN_OFFER: Mapping[Verdict, str] = {
    "again": "used before",
    "expired": "over by then",
    "somebody else": "another one's, or never given to them",
    "not given": "nobody had been given it",
    "early": "before they were given it",
}
"""What was not as meant, behind the code and its order."""

OF_A_CONTACT: Mapping[Verdict, str] = {
    "redeemed": "redeemed it",
    "again": "used it, and it had been used before",
    "expired": "used it when it was over",
    "somebody else": "used it",
    "not given": "used it, and nobody had been given it",
    "early": "used it before they were given it",
}
"""What somebody did with it."""
