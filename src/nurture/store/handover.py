"""Handing messages over: results and leaves of a group in one transaction, and what a dead sender leaves behind.

What a relay accepted is noted in the outbox in the same statement that marks the next messages, and goes into the books
with many others a moment later: a commit for every handful of messages has to be cheap.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy import Executable, bindparam, delete, literal_column, select, tuple_, update

from nurture.clock import Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.store.bulk import insert_many
from nurture.store.destinations import forget_soft, note_soft
from nurture.store.engine import Tx
from nurture.store.keys import Kind, as_json, by_key, listed
from nurture.store.outbox import ACCEPTED, CLAIMED, DEFERRED, HANDED, PLANNED, skip_contact
from nurture.store.settle import Settled, settle
from nurture.store.statements import one_of, table
from nurture.store.tables import OutboxRow, SuppressionRow

_outbox = table(OutboxRow)
_suppressions = table(SuppressionRow)

_in_hand = by_key(_outbox.c.state).in_((CLAIMED, HANDED))

SENDER_DIED = "the sender stopped before the relay's answer came"


class Done(NamedTuple):
    """This is the end of a message. A tuple: there is one for each."""

    key: MessageKey
    outcome: Literal["sent", "bounced", "refused", "expired", "unknown", "skipped"]
    at: Moment
    """When it became known; sent and unknown: when it was handed over."""
    reason: str
    leaves: bool = False
    """Whether the contact leaves the campaign with it."""
    suppress: str = ""
    """The hash of the address, where nothing is ever to be sent to it again."""
    soft: str = ""
    """The hash of the address where its mailbox bounced softly: once too often, and nothing is sent there either."""
    saw: Mapping[str, str] = MappingProxyType({})
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
    an answer that comes late settles a message that was given up as unknown. Sent messages are noted only;
    `settle_accepted` puts them into the books. `expires`: see `settle`.
    """
    sent = [it for it in results if isinstance(it, Done) and it.outcome == "sent"]
    done = [it for it in results if isinstance(it, Done) and it.outcome != "sent"]
    if done:
        _end(tx, sender, done, now)
    back = [it for it in results if isinstance(it, Back)]
    if back:
        _put_back(tx, sender, back)
    if not sent and not marks:
        return set()
    rows = [(*it.key, HANDED, ACCEPTED, it.at, it.reason) for it in sent]
    rows += [(*key, CLAIMED, HANDED, now, "") for key in marks]
    given = {"moves": as_json(rows), "holder": sender}
    moved = {MessageKey(e, s) for e, s in tx.execute(_moving(tx.dialect.name), given)}
    late = [it for it in sent if it.key not in moved]
    if late:
        settle(tx, [_settled(it) for it in late], was="unknown", expires=expires)
    return moved.intersection(marks)


@cache
def _moving(dialect: str) -> Executable:
    """From the handover on `due_at` says when that was."""
    columns: tuple[tuple[str, Kind], ...] = (
        ("e", "int"),
        ("s", "int"),
        ("was", "int"),
        ("state", "int"),
        ("at", "int"),
        ("reply", "text"),
    )
    rows = listed(dialect, "moves", columns)
    return (
        update(_outbox)
        .where(
            _outbox.c.enrollment_id == rows.c.e,
            _outbox.c.step_no == rows.c.s,
            by_key(_outbox.c.sender) == bindparam("holder"),
            by_key(_outbox.c.state) == rows.c.was,
        )
        .values(state=rows.c.state, due_at=rows.c.at, last_reply=rows.c.reply)
        .returning(_outbox.c.enrollment_id, _outbox.c.step_no)
    )


def settle_accepted(
    tx: Tx, senders: Collection[int], expires: Mapping[str, Span | None], *, delivered: bool = False
) -> int:
    """Put into the books what was accepted of what `senders` handed over. Returns how many. `expires`: see `settle`.

    `delivered`: it was accepted by the recipients' own servers, so their mailboxes do not bounce softly any more.
    """
    rows = tx.execute(_ACCEPTED, {"senders": list(senders)}).all()
    settle(
        tx,
        [Settled(key=MessageKey(e, s), outcome="sent", at=at, reason=reply) for e, s, _, at, reply in rows],
        expires=expires,
    )
    if delivered and rows:
        forget_soft(tx, [row.contact_id for row in rows])
    return len(rows)


_ACCEPTED = (
    delete(_outbox)
    .where(
        one_of(_outbox.c.sender, "senders"),
        _outbox.c.sender != literal_column("0"),
        _outbox.c.state == ACCEPTED,
    )
    .returning(
        _outbox.c.enrollment_id,
        _outbox.c.step_no,
        _outbox.c.contact_id,
        _outbox.c.due_at,
        _outbox.c.last_reply,
    )
)


def _end(tx: Tx, sender: int, done: Sequence[Done], now: Moment) -> None:
    given = {"keys": as_json([it.key for it in done]), "holder": sender}
    rows = tx.execute(_taking_out(tx.dialect.name), given)
    held = {MessageKey(e, s): contact for e, s, contact in rows}
    settle(tx, [_settled(it) for it in done if it.key in held])
    late = [it for it in done if it.key not in held and it.outcome not in ("skipped", "unknown")]
    if late:
        settle(tx, [_settled(it) for it in late], was="unknown")
    soft = {held[it.key]: it for it in done if it.soft and it.key in held}
    reached = note_soft(tx, [(contact, it.at) for contact, it in soft.items()]) if soft else set()
    for it in done:
        if it.suppress:
            _suppress(tx, it.suppress, it.reason, now)
            if it.key in held:
                skip_contact(tx, held[it.key], "suppressed", now)
    for contact in reached:
        _suppress(tx, soft[contact].soft, f"too often: {soft[contact].reason}", now)
        skip_contact(tx, contact, "suppressed", now)


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


def _suppress(tx: Tx, hashed: str, reason: str, now: Moment) -> None:
    row = (hashed, f"bounced: {reason}", now)
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


def recover(tx: Tx, senders: Collection[int], now: Moment, expires: Mapping[str, Span | None]) -> Recovered:
    """Take from dead `senders` what they held: claimed messages wait again, handed ones are unknown from now
    on, accepted ones are put into the books."""
    if not senders:
        return Recovered()
    settle_accepted(tx, senders, expires)
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
