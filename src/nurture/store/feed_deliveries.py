"""Entries of the feed on their way to subscribers.

Some are claimed for a time; what a process that died had claimed falls due again at the end of it, since an entry's id
lets the receiver drop what it has already.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias

from sqlalchemy import Executable, bindparam, func, literal_column, select, update

from nurture.clock import MINUTE, Moment, Span
from nurture.settings.webhooks import Kind
from nurture.store.engine import Tx
from nurture.store.keys import as_json, by_key, listed
from nurture.store.statements import table
from nurture.store.tables import FeedDeliveryRow, FeedRow

PLANNED, HANDED, DONE = 0, 1, 2

LEASE: Span = 15 * MINUTE
"""How long a process may keep what it has claimed: longer than all its calls together can take."""

_deliveries = table(FeedDeliveryRow)
_feed = table(FeedRow)

Outcome: TypeAlias = Literal["sent", "refused", "expired", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An entry that is ours to deliver for a while."""

    feed_id: int
    at: Moment
    kind: Kind
    contact_id: int
    told: Mapping[str, Any]
    attempt: int
    """From 1."""
    first_tried_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """This is the end of a delivery."""

    it: Claimed
    outcome: Outcome
    at: Moment
    reply: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A delivery is tried again at `due_at`; with `untried` it was not tried this time either."""

    it: Claimed
    due_at: Moment
    reply: str = ""
    untried: bool = False


# Written out here and below, since only so does the partial index apply.
_OPEN = _deliveries.c.state < literal_column("2")
_OF = _deliveries.c.subscriber == bindparam("of")

# Of rows that are found by their key, never by the index of a subscriber, which SQLite's planner would walk along.
_BY_KEY = _deliveries.c.subscriber.concat(literal_column("''")) == bindparam("of")

_IS_DUE = select(_deliveries.c.feed_id).where(_OF, _OPEN, _deliveries.c.due_at <= bindparam("now")).limit(1)
_DUE = (
    select(_deliveries)
    .where(_OF, _OPEN, _deliveries.c.due_at <= bindparam("now"))
    .order_by(_deliveries.c.due_at, _deliveries.c.feed_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


def is_due(tx: Tx, subscriber: str, now: Moment) -> bool:
    """Whether there is anything to tell the subscriber now."""
    return tx.execute(_IS_DUE, {"of": subscriber, "now": now}).first() is not None


def claim(tx: Tx, subscriber: str, now: Moment, limit: int) -> list[Claimed]:
    """Claim what is due, oldest first, at most `limit`."""
    rows = tx.execute(_DUE, {"of": subscriber, "now": now, "most": limit}).all()
    if not rows:
        return []
    held = [(it.feed_id, it.attempts + 1, it.first_tried_at or now) for it in rows]
    given = {"held": as_json(held), "of": subscriber, "until": now + LEASE}
    tx.execute(_claiming(tx.dialect.name), given)
    known = {it.id: it for it in tx.execute(_entries(tx.dialect.name), {"held": given["held"]}).all()}
    return [
        Claimed(
            feed_id=id_,
            at=known[id_].at,
            kind=known[id_].kind,
            contact_id=known[id_].contact_id,
            told=json.loads(known[id_].told),
            attempt=attempt,
            first_tried_at=first,
        )
        for id_, attempt, first in held
        if id_ in known
    ]


@cache
def _claiming(dialect: str) -> Executable:
    rows = listed(dialect, "held", (("id", "int"), ("attempt", "int"), ("first", "int")))
    return (
        update(_deliveries)
        .where(_deliveries.c.feed_id == rows.c.id, _BY_KEY)
        .values(state=HANDED, attempts=rows.c.attempt, first_tried_at=rows.c.first, due_at=bindparam("until"))
    )


@cache
def _entries(dialect: str) -> Executable:
    rows = listed(dialect, "held", (("id", "int"), ("attempt", "int"), ("first", "int")))
    return select(_feed).join(rows, rows.c.id == _feed.c.id)


def finish(tx: Tx, subscriber: str, results: Sequence[Ended | Again]) -> None:
    """Write what became of claimed entries. An answer to an earlier attempt than the last changes nothing."""
    rows = [
        (it.it.feed_id, it.it.attempt, DONE, it.it.attempt, it.it.first_tried_at, it.at, it.outcome, it.reply, it.at)
        if isinstance(it, Ended)
        else _again(it)
        for it in results
    ]  # fmt: skip
    if rows:
        tx.execute(_finishing(tx.dialect.name), {"ends": as_json(rows), "of": subscriber})


def _again(it: Again) -> tuple[int, int, int, int, int, Moment, str, str, int]:
    first = it.it.first_tried_at
    if it.untried:
        # Its time to be tried in has not begun, where this would have been the first try.
        tried = it.it.attempt - 1
        return (it.it.feed_id, it.it.attempt, PLANNED, tried, first if tried else 0, it.due_at, "", "", 0)
    return (it.it.feed_id, it.it.attempt, PLANNED, it.it.attempt, first, it.due_at, "", it.reply, 0)


@cache
def _finishing(dialect: str) -> Executable:
    rows = listed(
        dialect,
        "ends",
        (
            ("id", "int"),
            ("attempt", "int"),
            ("state", "int"),
            ("attempts", "int"),
            ("first", "int"),
            ("due", "int"),
            ("outcome", "text"),
            ("reply", "text"),
            ("at", "int"),
        ),
    )
    return (
        update(_deliveries)
        .where(
            _deliveries.c.feed_id == rows.c.id,
            _BY_KEY,
            _deliveries.c.attempts == rows.c.attempt,
            by_key(_deliveries.c.state) == HANDED,
        )
        .values(
            state=rows.c.state,
            attempts=rows.c.attempts,
            first_tried_at=rows.c.first,
            due_at=rows.c.due,
            outcome=rows.c.outcome,
            last_reply=rows.c.reply,
            done_at=rows.c.at,
        )
    )


def end_all(tx: Tx, subscriber: str, at: Moment, reply: str) -> int:
    """The subscriber wants no more: whatever waits for it is refused. Returns how many entries that were."""
    given = {"of": subscriber, "refused": "refused", "at": at, "said": reply}
    return tx.execute(_REFUSING, given).rowcount


_REFUSING = (
    update(_deliveries)
    .where(_OF, _OPEN)
    .values(state=DONE, outcome=bindparam("refused"), done_at=bindparam("at"), last_reply=bindparam("said"))
)


def bring_forward(tx: Tx, subscriber: str, now: Moment) -> tuple[int, int]:
    """Try everything now that waits, and once more what came to nothing. Returns how many those are."""
    waiting = tx.execute(
        update(_deliveries)
        .where(_OF, _OPEN, by_key(_deliveries.c.state) == PLANNED)
        .values(due_at=bindparam("now")),
        {"of": subscriber, "now": now},
    ).rowcount
    failed = tx.execute(
        update(_deliveries)
        .where(_OF, _FAILED)
        .values(state=PLANNED, outcome="", attempts=0, first_tried_at=0, done_at=0, due_at=bindparam("now")),
        {"of": subscriber, "now": now},
    ).rowcount
    return waiting, failed


_FAILED = (_deliveries.c.state == literal_column("2")) & (_deliveries.c.outcome != literal_column("'sent'"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What there is for a subscriber, and what came of the last."""

    waiting: int
    oldest_at: Moment
    """When the oldest of them happened; 0: none waits."""
    failed: int
    """Of the last 30 days: refused, expired or skipped."""
    last_at: Moment
    """When the last one ended; 0: none did."""
    last_outcome: str


def waiting(tx: Tx, subscriber: str) -> Waiting:
    """What there is for a subscriber."""
    given = {"of": subscriber}
    count, oldest = tx.execute(
        select(func.count(), func.min(_deliveries.c.feed_id)).where(_OF, _OPEN), given
    ).one()
    oldest_at = tx.execute(select(_feed.c.at).where(_feed.c.id == oldest)).scalar() if count else 0
    last = tx.execute(
        select(_deliveries.c.done_at, _deliveries.c.outcome)
        .where(_OF, _deliveries.c.done_at > 0)
        .order_by(_deliveries.c.done_at.desc())
        .limit(1),
        given,
    ).first()
    return Waiting(
        waiting=count,
        oldest_at=oldest_at or 0,
        failed=tx.execute(select(func.count()).where(_OF, _FAILED), given).scalar_one(),
        last_at=last.done_at if last else 0,
        last_outcome=last.outcome if last else "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the log: one entry for one subscriber, as it stands."""

    feed_id: int
    at: Moment
    kind: str
    contact_id: int
    state: str
    """planned, deferred (tried, and to be tried again) or handed while it is open; else its outcome."""
    attempts: int
    due_at: Moment
    """When it is tried next; 0: it is done."""
    done_at: Moment
    """0: it is not."""
    reply: str


_LOG = select(_deliveries, _feed.c.at, _feed.c.kind, _feed.c.contact_id).join(
    _feed, _feed.c.id == _deliveries.c.feed_id
)
_TRIED = _LOG.where(_OF, _OPEN, _deliveries.c.attempts > 0).order_by(_deliveries.c.due_at)
_ENDED = _LOG.where(_OF, _deliveries.c.done_at > 0).order_by(_deliveries.c.done_at.desc())
_ENDED_BADLY = _LOG.where(_OF, _FAILED).order_by(_deliveries.c.done_at.desc())


def log(tx: Tx, subscriber: str, limit: int, *, failed: bool = False) -> list[Line]:
    """What was told or tried: what is still open, then the newest of what is done; at most `limit` of each.

    With `failed` what is to be tried again and what came to nothing.
    """
    given = {"of": subscriber}
    ended = _ENDED_BADLY if failed else _ENDED
    rows = [
        *tx.execute(_TRIED.limit(limit), given).all(),
        *tx.execute(ended.limit(limit), given).all(),
    ]
    return [_line(it) for it in rows if not failed or it.last_reply or it.state == DONE]


def _line(row: Any) -> Line:
    open_as = "handed" if row.state == HANDED else "deferred" if row.attempts else "planned"
    return Line(
        feed_id=row.feed_id,
        at=row.at,
        kind=row.kind,
        contact_id=row.contact_id,
        state=row.outcome or open_as,
        attempts=row.attempts,
        due_at=0 if row.state == DONE else row.due_at,
        done_at=row.done_at,
        reply=row.last_reply,
    )
