"""The end of messages: what became of them, and everything that hangs on it, a few statements for a whole
group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Executable, Subquery, bindparam, literal_column, select, update

from nurture.clock import NEVER, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.store import codes_back, feed
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import insert_many
from nurture.store.engine import Tx
from nurture.store.keys import Kind, as_json, by_key, listed
from nurture.store.seen_facts import as_text
from nurture.store.statements import chunks, table
from nurture.store.tables import CodeRow, EnrollmentRow, MessageRow, SignRow

_codes = table(CodeRow)
_enrollments = table(EnrollmentRow)
_messages = table(MessageRow)
_signs = table(SignRow)

_SIGN = ("enrollment_id", "step_no", "kind", "contact_id", "at")


class Settled(NamedTuple):
    """What became of one message, known at `at` (sent: when it was handed over). A tuple: there is one for each."""

    key: MessageKey
    outcome: str
    at: Moment
    reason: str
    leaves: bool = False
    """Whether the contact leaves the campaign with it."""
    saw: Mapping[str, str] = MappingProxyType({})
    """The facts behind the reason."""


def settle(
    tx: Tx,
    settled: Sequence[Settled],
    *,
    was: str = "",
    expires: Mapping[str, Span | None] | None = None,
) -> set[MessageKey]:
    """Write the outcome of those messages whose outcome is `was` ("" open, or `unknown`), and return their
    keys.

    Where they were open, the enrollments that wait for them go on: due at once, counted from the moment each was
    done. One that has gone on already, since this is the message's second time, is not touched. For what was sent
    the contact has received it, and codes that it carries begin to run: `expires` maps an offer's key to how long
    its code holds (None: for ever). Codes of what reached nobody go back.
    """
    done: set[MessageKey] = set()
    for some in chunks(settled):
        given = {it.key: it for it in some}
        rows = _write_outcomes(tx, some, was)
        written = [given[MessageKey(enrollment, step_no)] for enrollment, step_no, *_ in rows]
        done.update(it.key for it in written)
        _receive(tx, rows, given, expires or {})
        _return_codes(tx, rows, given)
        _tell(tx, rows, given)
        if was == "":
            _go_on(tx, [it for it in written if not it.leaves])
            _leave(tx, [it for it in written if it.leaves])
    return done


def settle_arrived(
    tx: Tx, key: MessageKey, reason: str, expires: Mapping[str, Span | None] | None = None
) -> None:
    """A message of which nobody knew whether it arrived (RFC 1047) was touched by its recipient: so it did."""
    its = select(_messages.c.done_at).where(
        _messages.c.enrollment_id == key.enrollment_id,
        _messages.c.step_no == key.step_no,
        _messages.c.outcome == "unknown",
    )
    handed_at = tx.execute(its).scalar()
    if handed_at is not None:
        it = Settled(key=key, outcome="sent", at=handed_at, reason=reason)
        settle(tx, [it], was="unknown", expires=expires)


def _write_outcomes(tx: Tx, settled: Sequence[Settled], was: str) -> Sequence[Any]:
    rows = [(*it.key, it.outcome, it.at, it.reason, as_text(it.saw)) for it in settled]
    return tx.execute(_writing(tx.dialect.name), {"done": as_json(rows), "was": was}).all()


@cache
def _writing(dialect: str) -> Executable:
    rows = listed(
        dialect,
        "done",
        (("e", "int"), ("s", "int"), ("outcome", "text"), ("at", "int"), ("reason", "text"), ("saw", "text")),
    )
    return (
        update(_messages)
        .where(
            _messages.c.enrollment_id == rows.c.e,
            _messages.c.step_no == rows.c.s,
            _messages.c.outcome == bindparam("was"),
        )
        .values(outcome=rows.c.outcome, done_at=rows.c.at, reason=rows.c.reason, saw=rows.c.saw)
        .returning(_messages.c.enrollment_id, _messages.c.step_no, _messages.c.contact_id, _messages.c.offer)
    )


def _receive(
    tx: Tx,
    rows: Sequence[Any],
    given: Mapping[MessageKey, Settled],
    expires: Mapping[str, Span | None],
) -> None:
    signs, carried = [], []
    for enrollment, step_no, contact, offer in rows:
        it = given[MessageKey(enrollment, step_no)]
        if it.outcome != "sent":
            continue
        signs.append((enrollment, step_no, "received", contact, it.at))
        if offer:
            span = expires.get(offer)
            end = 0 if span is None else it.at + span
            carried.append({"of_offer": offer, "of_contact": contact, "at": it.at, "end": end})
    if signs:
        insert_many(tx, _signs, _SIGN, signs, keep_old=True)
    if carried:
        tx.execute(
            update(_codes)
            .where(
                _codes.c.offer == bindparam("of_offer"),
                _codes.c.contact_id == bindparam("of_contact"),
                _codes.c.contact_id > literal_column("0"),
                _codes.c.handed_at == 0,
            )
            .values(handed_at=bindparam("at"), expires_at=bindparam("end")),
            carried,
        )


def _return_codes(tx: Tx, rows: Sequence[Any], given: Mapping[MessageKey, Settled]) -> None:
    """What they carried, and nobody has received."""
    holders = {
        (offer, contact)
        for entry, step, contact, offer in rows
        if offer and given[MessageKey(entry, step)].outcome in codes_back.ENDED
    }
    if holders:
        codes_back.give_back(tx, holders)


def _tell(tx: Tx, rows: Sequence[Any], given: Mapping[MessageKey, Settled]) -> None:
    for kind in feed.OUTCOMES:
        if feed.wanted(tx, kind):
            its = ((given[MessageKey(entry, step)], contact) for entry, step, contact, _ in rows)
            ended = ((it.key, contact, it.at, it.reason) for it, contact in its if it.outcome == kind)
            feed.messages(tx, kind, ended)


def _go_on(tx: Tx, settled: Sequence[Settled]) -> None:
    if settled:
        rows = [(*it.key, it.at) for it in settled]
        tx.execute(_going_on(tx.dialect.name), {"done": as_json(rows), "never": NEVER})


@cache
def _going_on(dialect: str) -> Executable:
    rows = listed(dialect, "done", (("e", "int"), ("s", "int"), ("at", "int")))
    return (
        update(_enrollments)
        .where(
            *_wait_for(rows),
            by_key(_enrollments.c.due_at) == bindparam("never"),
        )
        .values(since=rows.c.at, due_at=rows.c.at)
    )


def _leave(tx: Tx, settled: Sequence[Settled]) -> None:
    if settled:
        rows = [(*it.key, it.at, it.reason, as_text(it.saw)) for it in settled]
        left = tx.execute(_leaving(tx.dialect.name), {"done": as_json(rows)}).all()
        # What comes next for them, another line of the campaign, begins at their next review.
        put_on_agenda(tx, [(contact, 0, at) for contact, at in left])


@cache
def _leaving(dialect: str) -> Executable:
    columns: tuple[tuple[str, Kind], ...] = (
        ("e", "int"),
        ("s", "int"),
        ("at", "int"),
        ("reason", "text"),
        ("saw", "text"),
    )
    rows = listed(dialect, "done", columns)
    return (
        update(_enrollments)
        .where(*_wait_for(rows))
        .values(closed_at=rows.c.at, reason=rows.c.reason, saw=rows.c.saw)
        .returning(_enrollments.c.contact_id, _enrollments.c.closed_at)
    )


def _wait_for(rows: Subquery) -> tuple[ColumnElement[bool], ...]:
    """Open, and standing behind this very message: whoever was sent it a second time has gone on since."""
    return (
        _enrollments.c.id == rows.c.e,
        by_key(_enrollments.c.step_no) == rows.c.s,
        _enrollments.c.behind.is_(True),
        by_key(_enrollments.c.closed_at) == 0,
    )
