"""Who asked for something and has to confirm it first (double opt-in)."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, func, or_, select

from nurture.clock import NEVER, Moment
from nurture.journeys.direct import DIRECT_ID
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table, upsert
from nurture.store.tables import ConsentRow, ContactRow, MessageRow, OrderRow, SignUpRow

TOPICS = "topics"
ADDRESS = "address"
MOVED = "moved"
KINDS = (TOPICS, ADDRESS, MOVED)
"""See `SignUpRow`. The entry key of each message about one begins with its kind."""

_consents = table(ConsentRow)
_contacts = table(ContactRow)
_messages = table(MessageRow)
_orders = table(OrderRow)
_sign_ups = table(SignUpRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """One that is not confirmed yet; see `SignUpRow`."""

    id: int
    contact_id: int
    kind: str = TOPICS
    fresh: bool = False
    moves_id: int = 0
    was_suppressed: str = ""
    form: str = ""
    topics: tuple[str, ...] = ()
    wording: str = ""
    source: str = ""
    ip: str = ""
    asked_at: Moment
    reminded_at: Moment = 0
    due_at: Moment
    expires_at: Moment


_COLUMNS = tuple(column.name for column in _sign_ups.columns)
_ALL = select(_sign_ups)
_BY_CONTACT = _ALL.where(_sign_ups.c.contact_id == bindparam("contact")).order_by(_sign_ups.c.id)
_BY_MOVER = _ALL.where(_sign_ups.c.moves_id == bindparam("mover"), _sign_ups.c.moves_id > 0)
_DUE = (
    _ALL.where(_sign_ups.c.due_at <= bindparam("now"))
    .order_by(_sign_ups.c.due_at, _sign_ups.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_JOINED = or_(
    exists().where(_orders.c.contact_id == _sign_ups.c.contact_id),
    exists().where(_consents.c.contact_id == _sign_ups.c.contact_id),
)
"""They bought, or said something on a topic, in another way meanwhile: they are not here for the sign-up alone."""
_PENDING = select(_sign_ups.c.contact_id).where(
    one_of(_sign_ups.c.contact_id, "contacts"),
    # Who was suppressed before waits for the confirmation, whatever else is known of them.
    or_(_sign_ups.c.was_suppressed != "", and_(_sign_ups.c.fresh, ~_JOINED)),
)
_RELEASED = select(_sign_ups.c.contact_id).where(
    one_of(_sign_ups.c.contact_id, "contacts"), _sign_ups.c.was_suppressed != ""
)
_ALONE = select(_sign_ups.c.contact_id).where(
    one_of(_sign_ups.c.contact_id, "contacts"), _sign_ups.c.fresh, ~_JOINED
)
_ANY_HELD_BACK = select(exists().where(_sign_ups.c.was_suppressed != ""))
_HELD_BACK = (
    select(_contacts.c.email, _sign_ups.c.was_suppressed, _sign_ups.c.asked_at)
    .join(_contacts, _contacts.c.id == _sign_ups.c.contact_id)
    .where(_sign_ups.c.was_suppressed != "", one_of(_contacts.c.email, "emails"))
)
_ASKED = select(_messages.c.planned_at).where(
    _messages.c.contact_id == bindparam("contact"),
    _messages.c.campaign_id == DIRECT_ID,
    _messages.c.template.in_(bindparam("templates", expanding=True)),
    _messages.c.planned_at > bindparam("since"),
)


def keep(tx: Tx, it: SignUp) -> None:
    """Keep it, in place of what was kept under its id."""
    row: dict[str, Any] = {name: getattr(it, name) for name in _COLUMNS}
    row["topics"] = json.dumps(it.topics, ensure_ascii=False)
    upsert(tx, _sign_ups, [row], key=("id",), update=[name for name in _COLUMNS if name != "id"])


def by_id(tx: Tx, sign_up_id: int) -> SignUp | None:
    """None: it was confirmed, or ran out."""
    row = tx.execute(_ALL.where(_sign_ups.c.id == sign_up_id)).first()
    return None if row is None else _sign_up(row)


def of_contact(tx: Tx, contact_id: int) -> list[SignUp]:
    """What waits for a confirmation from this contact's mailbox, the oldest first."""
    return [_sign_up(row) for row in tx.execute(_BY_CONTACT, {"contact": contact_id})]


def of_mover(tx: Tx, contact_id: int) -> list[SignUp]:
    """The addresses that this contact asked to be written to, and those it was written to before."""
    return [_sign_up(row) for row in tx.execute(_BY_MOVER, {"mover": contact_id})]


def due(tx: Tx, now: Moment, most: int) -> list[SignUp]:
    """Those to be reminded or forgotten now, at most so many, and locked on PostgreSQL."""
    return [_sign_up(row) for row in tx.execute(_DUE, {"now": now, "most": most})]


def next_due(tx: Tx) -> Moment:
    """When the next one is to be reminded or forgotten; NEVER: there is none."""
    found = tx.execute(select(func.min(_sign_ups.c.due_at))).scalar()
    return NEVER if found is None else int(found)


def remove(tx: Tx, sign_up_ids: Collection[int]) -> None:
    """They are confirmed, or ran out."""
    tx.execute(delete(_sign_ups).where(one_of(_sign_ups.c.id, "ids")), {"ids": list(sign_up_ids)})


def pending(tx: Tx, contact_ids: Collection[int]) -> set[int]:
    """Who of them must get nothing but the mail that asks them to confirm: they are here for a sign-up alone, or their
    address was suppressed until they asked."""
    return set(tx.execute(_PENDING, {"contacts": contact_ids}).scalars())


def released(tx: Tx, contact_ids: Collection[int]) -> set[int]:
    """Whose address was suppressed until somebody typed it in: nothing but what asks them may go there."""
    return set(tx.execute(_RELEASED, {"contacts": contact_ids}).scalars()) if contact_ids else set()


def alone(tx: Tx, contact_ids: Collection[int]) -> set[int]:
    """Who of them is here for a sign-up alone: without it nothing is known of them."""
    return set(tx.execute(_ALONE, {"contacts": contact_ids}).scalars())


def held_back(tx: Tx, addresses: Collection[str]) -> dict[str, tuple[str, Moment]]:
    """Addresses that were suppressed until somebody typed them in, and have not confirmed: why, and when that was."""
    if not addresses or not tx.execute(_ANY_HELD_BACK).scalar():
        return {}
    rows = tx.execute(_HELD_BACK, {"emails": addresses})
    return {email: (why, int(at)) for email, why, at in rows}


def asked_since(tx: Tx, contact_id: int, templates: Sequence[str], since: Moment) -> list[Moment]:
    """When messages of these templates were planned for a contact outside of campaigns, since then."""
    given = {"contact": contact_id, "templates": list(templates), "since": since}
    return list(tx.execute(_ASKED, given).scalars())


def _sign_up(row: Any) -> SignUp:
    values = row._asdict()
    return SignUp(**{**values, "topics": tuple(json.loads(values["topics"])), "fresh": bool(values["fresh"])})
