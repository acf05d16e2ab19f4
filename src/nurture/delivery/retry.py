"""When a message that was not taken is tried again."""

from __future__ import annotations

import hashlib

from nurture.clock import HOUR, MINUTE, Moment, Span
from nurture.delivery.outcome import MessageKey

GIVE_UP_AFTER: Span = 72 * HOUR

_STEPS: tuple[Span, ...] = (5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR)
_MAX_DOUBLINGS = 10


def next_try(
    *,
    attempts: int,
    first_tried_at: Moment,
    now: Moment,
    key: MessageKey,
    stale_at: Moment,
    pause: Span | None = None,
) -> Moment | None:
    """When to try again after the attempt number `attempts` (from 1), or None: give up.

    After 5, 15, 30 minutes, 1, 2, 4, 8 hours and so on, each by up to 20 % earlier or later, so that what
    failed together does not come back together; never before `pause` is over, where the answer asked for one.
    None where that is later than 72 hours after the first try or not before `stale_at`. The same arguments
    give the same moment.
    """
    if attempts <= len(_STEPS):
        step = _STEPS[max(attempts, 1) - 1]
    else:
        step = _STEPS[-1] * 2 ** min(attempts - len(_STEPS), _MAX_DOUBLINGS)
    share = _share(key, attempts)
    wait = step * (800 + 400 * share // 1000) // 1000
    if pause is not None:
        wait = max(wait, pause * (1000 + 200 * share // 1000) // 1000)
    at = now + wait
    return at if at <= first_tried_at + GIVE_UP_AFTER and at < stale_at else None


def _share(key: MessageKey, attempts: int) -> int:
    """0 to 999, the same on every machine (`hash` is not)."""
    text = f"{key.enrollment_id} {key.step_no} {attempts}".encode("ascii")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") % 1000
