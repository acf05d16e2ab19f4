"""Messages that were handed over and came back: what was sent did not arrive after all, or the contact complained."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Executable, bindparam, delete, select, update

from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.store.bulk import insert_many
from nurture.store.engine import Tx
from nurture.store.keys import as_json, listed
from nurture.store.statements import one_of, table
from nurture.store.tables import ContactRow, MessageRow, SignRow

_contacts = table(ContactRow)
_messages = table(MessageRow)
_signs = table(SignRow)

COMPLAINT = "complaint"
"""The sign of a contact who called a message spam."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message as it stands."""

    contact_id: int
    email: str
    """The contact's address now, in lower case; empty: they are gone."""
    outcome: str
    done_at: Moment


_SENT = (
    select(
        _messages.c.enrollment_id,
        _messages.c.step_no,
        _messages.c.contact_id,
        _contacts.c.email,
        _messages.c.outcome,
        _messages.c.done_at,
    )
    .outerjoin(_contacts, _contacts.c.id == _messages.c.contact_id)
    .where(one_of(_messages.c.enrollment_id, "entries"))
)


def by_key(tx: Tx, keys: Collection[tuple[int, int]]) -> dict[tuple[int, int], Sent]:
    """Messages by their keys; those that are not there (any more) are left out."""
    wanted = set(keys)
    rows = tx.execute(_SENT, {"entries": {entry for entry, _ in wanted}}).all() if wanted else ()
    return {
        (entry, step): Sent(contact_id=contact, email=email or "", outcome=outcome, done_at=done_at)
        for entry, step, contact, email, outcome, done_at in rows
        if (entry, step) in wanted
    }


def came_back(tx: Tx, messages: Mapping[MessageKey, tuple[str, str]]) -> set[MessageKey]:
    """Write for messages that were sent (or of which nobody knew) that they came back: outcome and reason of each.

    They were not received then. When they were handed over stays, for that is what caps count by. Returns those that
    were changed: what has come back before stays as it is.
    """
    if not messages:
        return set()
    rows = [(*key, outcome, reason) for key, (outcome, reason) in messages.items()]
    changed = tx.execute(_coming_back(tx.dialect.name), {"back": as_json(rows)}).all()
    keys = {MessageKey(entry, step) for entry, step in changed}
    if keys:
        tx.execute(
            delete(_signs).where(
                _signs.c.enrollment_id == bindparam("entry"),
                _signs.c.step_no == bindparam("step"),
                _signs.c.kind == "received",
            ),
            [{"entry": entry, "step": step} for entry, step in sorted(keys)],
        )
    return keys


@cache
def _coming_back(dialect: str) -> Executable:
    rows = listed(dialect, "back", (("e", "int"), ("s", "int"), ("outcome", "text"), ("reason", "text")))
    return (
        update(_messages)
        .where(
            _messages.c.enrollment_id == rows.c.e,
            _messages.c.step_no == rows.c.s,
            _messages.c.outcome.in_(["sent", "unknown"]),
        )
        .values(outcome=rows.c.outcome, reason=rows.c.reason)
        .returning(_messages.c.enrollment_id, _messages.c.step_no)
    )


def complained(tx: Tx, messages: Sequence[tuple[MessageKey, int, Moment]]) -> None:
    """Keep for each (message, contact, moment) that the contact called it spam; the first time counts."""
    rows = [(*key, COMPLAINT, contact, at) for key, contact, at in messages]
    insert_many(tx, _signs, ["enrollment_id", "step_no", "kind", "contact_id", "at"], rows, keep_old=True)
