"""What became of one message that was handed to a provider, and the states of a message on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from nurture.clock import Span
from nurture.delivery.measures import Measure


class MessageKey(NamedTuple):
    """Names one message for ever: the entry it belongs to and the number of its step."""

    enrollment_id: int
    step_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The next hop has taken responsibility for it."""

    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It will not be taken, now or later. `kind` says whose fault it is.

    hard: no such mailbox; soft: a mailbox that is full or switched off; policy: the content or we are not
    wanted; gone: a receiver of webhooks wants no more of any kind.
    """

    reply: str
    kind: Literal["hard", "soft", "policy", "gone"]
    measure: Measure | None = None
    """What the answer means for other mail to that destination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """Definitely not taken this time; the same message may be tried again, after `pause` where the reply asks
    so."""

    reply: str
    pause: Span | None = None
    measure: Measure | None = None
    """What the answer means for other mail to that destination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The body went and no reply came back (RFC 1047): it is never sent again by itself."""

    reason: str


Outcome: TypeAlias = Accepted | Refused | TryLater | Unknown

OPEN_STATES = ("planned", "claimed", "handed", "deferred", "accepted")
"""A message in one of these has a row in the outbox; `accepted` is sent, and not in the books yet."""

FINAL_STATES = ("sent", "bounced", "refused", "expired", "unknown", "skipped")
"""`unknown` may still be settled by a later sign of life or bounce."""
