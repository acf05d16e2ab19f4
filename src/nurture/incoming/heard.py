"""The one vocabulary for what others tell us about a message or a contact, whoever tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.clock import Moment
from nurture.messages.tokens import Key

HeardKind: TypeAlias = Literal[
    "delivered",
    "deferred",
    "bounced",
    "complained",
    "unsubscribed",
    "opened",
    "clicked",
    "auto-reply",
    "replied",
    "ignored",
]

Severity: TypeAlias = Literal["hard", "soft", "other", ""]
"""Of a bounce. hard: there is no such mailbox; soft: it is full or switched off; other: policy, content, not said."""

Proof: TypeAlias = Literal["verp", "original", "signed", ""]
"""Why we believe it: it came to an address that only the message bore; our own Message-ID is in it, with the recipient
that the message had; a provider signed it. Empty: anybody may have said so."""

LONGEST_SAID = 2_000
"""Characters kept of the text that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One thing that somebody told us. All its text is hostile."""

    kind: HeardKind
    recipient: str = ""
    """The address it is about, in lower case; empty: not told."""
    key: Key | None = None
    """Enrollment and step of the message, where it is known."""
    proof: Proof = ""
    severity: Severity = ""
    reason: str = ""
    """A status code (RFC 3463), or the provider's word."""
    said: str = ""
    """The text that says so."""
    at: Moment = 0
    """0: not told."""
    id: str = ""
    """The source's own id of this: the same again is harmless."""
    link: str = ""
    agent: str = ""
    ip: str = ""
