"""Planned messages and the letters that come of them, for tests of sending."""

from __future__ import annotations

from collections.abc import Sequence

from nurture.clock import NEVER, Moment
from nurture.delivery.outcome import MessageKey
from nurture.providers.base import Letter
from nurture.store.claims import Claimed, Room, claim, waiting_groups
from nurture.store.engine import Store, Tx
from nurture.store.journeys import Enrollment, enroll
from nurture.store.outbox import Planned, plan
from nurture.store.statements import table
from nurture.store.tables import CodeRow

FILLING = (b"x" * 76 + b"\r\n") * 12


def message_id(key: MessageKey) -> str:
    """The Message-ID of a letter, without its brackets."""
    return f"{key.enrollment_id}.{key.step_no}@shop.test"


def letter(key: MessageKey, recipient: str = "") -> Letter:
    """A finished letter."""
    to = recipient or f"c{key.enrollment_id}@example.test"
    head = f"Message-ID: <{message_id(key)}>\r\nSubject: Hello\r\nTo: {to}\r\n\r\n"
    return Letter(
        key=key,
        sender="hello@shop.test",
        recipient=to,
        content=head.encode() + b".a dot in front\r\n" + FILLING,
    )


def prepare(claims: list[Claimed]) -> Sequence[Letter]:
    """A letter for each, whatever the gates would say."""
    return [letter(it.key) for it in claims]


def hold_code(tx: Tx, issued_at: Moment, handed_at: Moment = 0, expires_at: Moment = 0) -> None:
    """Contact 1 has a code of their own of the offer `welcome`."""
    row = CodeRow(
        id=1,
        offer="welcome",
        code="WELCOME-1",
        canonical="WELCOME1",
        own=True,
        contact_id=1,
        made_at=issued_at,
        issued_at=issued_at,
        handed_at=handed_at,
        expires_at=expires_at,
    )
    tx.execute(table(CodeRow).insert(), row.model_dump())


def plan_messages(
    store: Store,
    count: int,
    now: Moment,
    *,
    stale_at: Moment = NEVER,
    offer: str = "",
    campaign: int = 1,
) -> list[MessageKey]:
    """Messages that are due, each for a contact of its own, with enrollments that wait for them."""
    ids = store.ids.take(count, now)
    keys = [MessageKey(id_, 1) for id_ in ids]
    with store.write() as tx:
        enroll(
            tx,
            [
                Enrollment(
                    id=id_,
                    campaign_id=campaign,
                    contact_id=number,
                    entry_key=f"entry {id_}",
                    entered_at=now,
                    step_no=1,
                    behind=True,
                    since=now,
                    due_at=NEVER,
                )
                for number, id_ in enumerate(ids, start=1)
            ],
        )
        plan(
            tx,
            [
                Planned(
                    key=key,
                    contact_id=number,
                    campaign_id=campaign,
                    template="hello",
                    offer=offer,
                    planned_at=now,
                    due_at=now,
                    stale_at=stale_at,
                )
                for number, key in enumerate(keys, start=1)
            ],
        )
    return keys


def outcomes(store: Store) -> dict[MessageKey, tuple[str, str]]:
    """The outcome and reason of every message; an open one has its outbox state (as a digit) instead of a
    reason."""
    with store.read() as tx:
        rows = tx.exec_driver_sql(
            "SELECT m.enrollment_id, m.step_no, m.outcome, m.reason, o.state FROM messages m "
            "LEFT JOIN outbox o ON o.enrollment_id = m.enrollment_id AND o.step_no = m.step_no"
        ).all()
    found = {}
    for enrollment_id, step_no, outcome, reason, state in rows:
        assert (outcome == "") == (state is not None), "open means: has an outbox row"
        found[MessageKey(enrollment_id, step_no)] = (outcome, reason if outcome else str(state))
    return found


def claim_due(tx: Tx, sender: int, now: Moment, limit: int) -> list[Claimed]:
    """Take what is due, at most `limit`."""
    return claim(tx, sender, now, waiting_groups(tx), Room(total=limit))
