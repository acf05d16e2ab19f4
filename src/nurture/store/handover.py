"""Handing messages over: results and leaves of a group in one transaction, and what a dead sender leaves
behind."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, TypeAlias

from sqlalchemy import Executable, bindparam, delete, select, tuple_, update

from nurture.clock import Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.store.bulk import insert_many
from nurture.store.engine import Tx
from nurture.store.keys import Kind, as_json, by_key, listed
from nurture.store.outbox import CLAIMED, DEFERRED, HANDED, PLANNED, skip_contact
from nurture.store.settle import Settled, settle
from nurture.store.statements import table
from nurture.store.tables import OutboxRow, SuppressionRow

_outbox = table(OutboxRow)
_suppressions = table(SuppressionRow)

_in_hand = by_key(_outbox.c.state).in_((CLAIMED, HANDED))

SENDER_DIED = "the sender stopped before the relay's answer came"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """This is the end of a message."""

    key: MessageKey
    outcome: Literal["sent", "bounced", "refused", "expired", "unknown", "skipped"]
    at: Moment
    """When it became known; sent and unknown: when it was handed over."""
    reason: str
    leaves: bool = False
    """Whether the contact leaves the campaign with it."""
    suppress: str = ""
    """The hash of the address, where nothing is ever to be sent to it again."""
    saw: Mapping[str, str] = field(default_factory=dict)
    """The facts behind the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """A message goes back to wait until `due_at`: `deferred` after a try, `planned` where it was not
    tried."""

    key: MessageKey
    state: Literal["planned", "deferred"]
    due_at: Moment
    attempts: int
    first_tried_at: Moment
    reply: str = ""


Change: TypeAlias = Done | Back


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What dead senders had in hand."""

    planned: int = 0
    """Claimed but not handed over: they wait again."""
    unknown: int = 0
    """Handed over without an answer."""


def commit_group(
    tx: Tx,
    sender: int,
    results: Sequence[Change],
    marks: Sequence[MessageKey],
    now: Moment,
    *,
    expires: Mapping[str, Span | None] | None = None,
) -> set[MessageKey]:
    """Write `results`, then mark as handed over those of `marks` that `sender` still holds; return these.

    A key of `marks` that is missing from the answer was skipped meanwhile, or the sender's lease is over: its
    body must not be written. Results for what the sender does not hold any more change nothing, but for one:
    an answer that comes late settles a message that was given up as unknown. `expires`: see `settle`.
    """
    done = [it for it in results if isinstance(it, Done)]
    if done:
        _end(tx, sender, done, now, expires)
    back = [it for it in results if isinstance(it, Back)]
    if back:
        _put_back(tx, sender, back)
    return _mark(tx, sender, marks, now) if marks else set()


def _end(
    tx: Tx, sender: int, done: Sequence[Done], now: Moment, expires: Mapping[str, Span | None] | None
) -> None:
    given = {"keys": as_json([it.key for it in done]), "holder": sender}
    rows = tx.execute(_taking_out(tx.dialect.name), given)
    held = {MessageKey(e, s): contact for e, s, contact in rows}
    settle(tx, [_settled(it) for it in done if it.key in held], expires=expires)
    late = [it for it in done if it.key not in held and it.outcome not in ("skipped", "unknown")]
    if late:
        settle(tx, [_settled(it) for it in late], was="unknown", expires=expires)
    for it in done:
        if it.suppress:
            _suppress(tx, it, now)
            if it.key in held:
                skip_contact(tx, held[it.key], "suppressed", now)


@cache
def _taking_out(dialect: str) -> Executable:
    keys = listed(dialect, "keys", (("e", "int"), ("s", "int")))
    return (
        delete(_outbox)
        .where(
            tuple_(_outbox.c.enrollment_id, _outbox.c.step_no).in_(select(keys.c.e, keys.c.s)),
            by_key(_outbox.c.sender) == bindparam("holder"),
            _in_hand,
        )
        .returning(_outbox.c.enrollment_id, _outbox.c.step_no, _outbox.c.contact_id)
    )


def _settled(it: Done) -> Settled:
    return Settled(key=it.key, outcome=it.outcome, at=it.at, reason=it.reason, leaves=it.leaves, saw=it.saw)


def _suppress(tx: Tx, it: Done, now: Moment) -> None:
    row = (it.suppress, f"bounced: {it.reason}", now)
    insert_many(tx, _suppressions, ["address_hash", "reason", "at"], [row], keep_old=True)


def _put_back(tx: Tx, sender: int, back: Sequence[Back]) -> None:
    rows = [
        (
            *it.key,
            DEFERRED if it.state == "deferred" else PLANNED,
            it.due_at,
            it.attempts,
            it.first_tried_at,
            it.reply,
        )
        for it in back
    ]
    tx.execute(_putting_back(tx.dialect.name), {"back": as_json(rows), "holder": sender})


@cache
def _putting_back(dialect: str) -> Executable:
    columns: tuple[tuple[str, Kind], ...] = (
        ("state", "int"),
        ("due_at", "int"),
        ("attempts", "int"),
        ("first_tried_at", "int"),
        ("last_reply", "text"),
    )
    rows = listed(dialect, "back", (("e", "int"), ("s", "int"), *columns))
    return (
        update(_outbox)
        .where(
            _outbox.c.enrollment_id == rows.c.e,
            _outbox.c.step_no == rows.c.s,
            by_key(_outbox.c.sender) == bindparam("holder"),
            _in_hand,
        )
        .values(sender=0, **{name: rows.c[name] for name, _ in columns})
    )


def _mark(tx: Tx, sender: int, marks: Sequence[MessageKey], now: Moment) -> set[MessageKey]:
    given = {"keys": as_json(marks), "holder": sender, "at": now}
    return {MessageKey(e, s) for e, s in tx.execute(_marking(tx.dialect.name), given)}


@cache
def _marking(dialect: str) -> Executable:
    """From here on `due_at` says when the message was handed over."""
    keys = listed(dialect, "keys", (("e", "int"), ("s", "int")))
    return (
        update(_outbox)
        .where(
            _outbox.c.enrollment_id == keys.c.e,
            _outbox.c.step_no == keys.c.s,
            by_key(_outbox.c.sender) == bindparam("holder"),
            by_key(_outbox.c.state) == CLAIMED,
        )
        .values(state=HANDED, due_at=bindparam("at"))
        .returning(_outbox.c.enrollment_id, _outbox.c.step_no)
    )


def recover(tx: Tx, senders: Collection[int], now: Moment) -> Recovered:
    """Take from dead `senders` what they held: claimed messages wait again, handed ones are unknown from now
    on."""
    if not senders:
        return Recovered()
    theirs = _outbox.c.sender.in_(senders)
    planned = tx.execute(
        update(_outbox).where(theirs, _outbox.c.state == CLAIMED).values(state=PLANNED, sender=0)
    ).rowcount
    rows = tx.execute(
        delete(_outbox)
        .where(theirs, _outbox.c.state == HANDED)
        .returning(_outbox.c.enrollment_id, _outbox.c.step_no, _outbox.c.due_at)
    ).all()
    unknown = [
        Settled(key=MessageKey(e, s), outcome="unknown", at=at, reason=SENDER_DIED) for e, s, at in rows
    ]
    settle(tx, unknown)
    return Recovered(planned=planned, unknown=len(unknown))
