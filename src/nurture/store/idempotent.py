"""Answers to requests that bore an Idempotency-Key, to be given again (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import delete, select, update

from nurture.clock import DAY, MINUTE, Moment
from nurture.store.bulk import insert_new
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import IdempotentRow

_answers = table(IdempotentRow)

KEPT = DAY
"""How long an answer is given again."""

ABANDONED = 5 * MINUTE
"""After so long a request that has no answer yet is taken for dead, with the process that had it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The same request was answered before."""

    status: int
    answer: str


Begun: TypeAlias = Again | Literal["fresh", "other", "under way"]
"""fresh: it is the first, and is now under way; other: the key was used for another request."""


def begin(tx: Tx, key_id: int, key: str, request: str, now: Moment) -> Begun:
    """Claim `key` for `request` (its hash). To be ended by `finish` or `release` where the answer is "fresh"."""
    columns = ("key_id", "key", "request", "status", "answer", "at")
    if insert_new(tx, _answers, columns, [(key_id, key, request, 0, "", now)], ["key_id"]):
        return "fresh"
    here = (_answers.c.key_id == key_id) & (_answers.c.key == key)
    row = tx.execute(select(_answers).where(here).with_for_update()).one_or_none()
    if row is None:
        # It was released, or cleaned away, a moment ago: whoever asks again will be the first.
        return "under way"
    if row.at <= now - (KEPT if row.status else ABANDONED):
        tx.execute(update(_answers).where(here).values(request=request, status=0, answer="", at=now))
        return "fresh"
    if row.request != request:
        return "other"
    return Again(status=row.status, answer=row.answer) if row.status else "under way"


def finish(tx: Tx, key_id: int, key: str, *, status: int, answer: str) -> None:
    """Keep the answer."""
    here = (_answers.c.key_id == key_id) & (_answers.c.key == key)
    tx.execute(update(_answers).where(here).values(status=status, answer=answer))


def release(tx: Tx, key_id: int, key: str) -> None:
    """Forget a request that came to nothing, so that it may be made again."""
    here = (_answers.c.key_id == key_id) & (_answers.c.key == key) & (_answers.c.status == 0)
    tx.execute(delete(_answers).where(here))


def forget_answers(tx: Tx, before: Moment) -> int:
    """Drop what was begun before that moment; returns how many."""
    return tx.execute(delete(_answers).where(_answers.c.at < before)).rowcount
