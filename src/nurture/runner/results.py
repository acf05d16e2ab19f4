"""What an outcome does to a message: its end, or when it is tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, assert_never

from nurture.clock import Moment
from nurture.delivery.outcome import Accepted, Outcome, Refused, TryLater, Unknown
from nurture.delivery.retry import next_try
from nurture.store.claims import Claimed
from nurture.store.handover import Back, Change, Done

HashAddress: TypeAlias = Callable[[str], str]
"""The keyed hash under which an address is suppressed."""


def change_for(
    claimed: Claimed,
    outcome: Outcome,
    *,
    now: Moment,
    handed_at: Moment,
    recipient: str,
    hash_address: HashAddress,
) -> Change:
    """The change to write for `outcome`, which came in at `now`; `handed_at` is 0 where the body never
    went."""
    key = claimed.key
    match outcome:
        case Accepted(reply=reply):
            return Done(key=key, outcome="sent", at=handed_at or now, reason=reply)
        case Refused(reply=reply, kind="policy"):
            return Done(key=key, outcome="refused", at=now, reason=reply)
        case Refused(reply=reply, kind=kind):
            hashed = hash_address(recipient)
            hard, soft = (hashed, "") if kind == "hard" else ("", hashed)
            return Done(key=key, outcome="bounced", at=now, reason=reply, suppress=hard, soft=soft)
        case Unknown(reason=reason):
            return Done(key=key, outcome="unknown", at=handed_at or now, reason=reason)
        case TryLater(reply=reply, pause=pause):
            attempts, first_tried_at = claimed.attempts + 1, claimed.first_tried_at or now
            at = next_try(
                attempts=attempts,
                first_tried_at=first_tried_at,
                now=now,
                key=key,
                stale_at=claimed.stale_at,
                pause=pause,
            )
            if at is None:
                return Done(key=key, outcome="expired", at=now, reason=reply)
            return Back(
                key=key,
                state="deferred",
                due_at=at,
                attempts=attempts,
                first_tried_at=first_tried_at,
                reply=reply,
            )
        case _:
            assert_never(outcome)
