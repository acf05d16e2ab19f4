"""What a web server's answer to a webhook means (Standard Webhooks 1.0, "Delivery success and failure")."""

from __future__ import annotations

from nurture.clock import DAY, SECOND, Span
from nurture.delivery.outcome import Accepted, Outcome, Refused, TryLater

MAX_REPLY = 500
"""As many characters of an answer are kept."""
LONGEST_PAUSE: Span = DAY
"""A receiver cannot put us off for longer."""


def judge_answer(status: int, said: str, *, moved_to: str = "", retry_after: str = "") -> Outcome:
    """What the answer `status` with the text `said` means for the notice.

    `moved_to` and `retry_after` are the headers Location and Retry-After; of the latter, seconds are understood and
    dates are not (RFC 9110 10.2.3). Whatever a later version of the receiver may put right is tried again.
    """
    reply = f"{status} {said}".strip()[:MAX_REPLY]
    if 200 <= status <= 299:
        return Accepted(reply=reply)
    if 300 <= status <= 399:
        where = f" to {moved_to[:200]}" if moved_to else ""
        told = (
            f"{status}: it sends us on{where}, which is not followed; write the address that answers itself"
        )
        return Refused(reply=told, kind="policy")
    if status == 410:
        return Refused(reply=f"{reply} (it wants no more)"[:MAX_REPLY], kind="gone")
    return TryLater(reply=reply, pause=_pause(retry_after))


def _pause(retry_after: str) -> Span | None:
    if not (retry_after.isascii() and retry_after.isdigit()):
        return None
    return min(int(retry_after[:9]) * SECOND, LONGEST_PAUSE)
