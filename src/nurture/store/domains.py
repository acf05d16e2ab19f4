"""Where mail for each domain goes, kept for all processes; and the messages that wait to learn it."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Row,
    Select,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    select,
    text,
    tuple_,
    update,
)

from nurture.audience.spans import say_span
from nurture.clock import Moment, format_iso
from nurture.delivery.outcome import MessageKey
from nurture.store.bulk import among
from nurture.store.engine import Tx
from nurture.store.keys import by_key
from nurture.store.outbox import WAITING, skip_contact
from nurture.store.settle import Settled, settle
from nurture.store.statements import one_of, table, upsert
from nurture.store.suppressions import suppress
from nurture.store.tables import ContactRow, DomainRow, OutboxRow

UNPLACED = "?"
"""A lane that begins so, and goes on with a domain, is not known yet. No sender claims from it."""

AT_ONCE = 1_000
"""Messages ended in one transaction."""

MOVED_AT_ONCE = 5_000
"""Messages of one domain moved in one transaction."""

_contacts = table(ContactRow)
_domains = table(DomainRow)
_outbox = table(OutboxRow)

_UNPLACED = text(
    "WITH RECURSIVE found(lane) AS ("
    " SELECT (SELECT min(lane) FROM outbox WHERE lane > :after AND lane < '@' AND state IN (0, 3))"
    " UNION ALL SELECT (SELECT min(lane) FROM outbox WHERE lane > found.lane AND lane < '@' AND state IN (0, 3))"
    " FROM found WHERE found.lane IS NOT NULL"
    ") SELECT lane FROM found WHERE lane IS NOT NULL LIMIT :most"
)
"""From one lane to the next by the index, however many messages wait in each. "@" comes behind "?"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """What was found out about one domain."""

    name: str
    status: str = "mail"
    """Where there can be no mail: why."""
    lane: str = ""
    """PROVIDER/SITE; empty where there can be no mail."""
    hosts: tuple[tuple[int, str], ...] = ()
    """Preference and name of each mail server."""
    looked_up_at: Moment
    expires_at: Moment


def keep(tx: Tx, found: Sequence[Domain]) -> None:
    """Note what was found out; the latest holds."""
    rows = [
        {
            "domain": it.name,
            "status": it.status,
            "lane": it.lane,
            "hosts": json.dumps(it.hosts),
            "looked_up_at": it.looked_up_at,
            "expires_at": it.expires_at,
        }
        for it in sorted(found, key=lambda it: it.name)
    ]
    columns = ("status", "lane", "hosts", "looked_up_at", "expires_at")
    upsert(tx, _domains, rows, key=("domain",), update=columns)


def known(tx: Tx, names: Collection[str]) -> dict[str, Domain]:
    """What is known of these, run out or not."""
    rows = tx.execute(select(_domains).where(among(tx, _domains.c.domain, names)))
    return {it.name: it for it in map(_domain, rows)}


def looked_up_since(tx: Tx, since: Moment) -> list[Domain]:
    """Everything found out from `since` on, oldest first."""
    rows = tx.execute(
        select(_domains).where(_domains.c.looked_up_at >= since).order_by(_domains.c.looked_up_at)
    )
    return [_domain(it) for it in rows]


def _domain(row: Row[Any]) -> Domain:
    return Domain(
        name=row.domain,
        status=row.status,
        lane=sys.intern(row.lane),
        hosts=_hosts(row.hosts),
        looked_up_at=row.looked_up_at,
        expires_at=row.expires_at,
    )


@lru_cache(maxsize=10_000)
def _hosts(written: str) -> tuple[tuple[int, str], ...]:
    """Read once: many domains have the same."""
    return tuple((preference, host) for preference, host in json.loads(written))


def unplaced(tx: Tx, *, after: str, most: int) -> list[str]:
    """The domains, in the order of their names behind `after`, that messages wait for."""
    rows = tx.execute(_UNPLACED, {"after": UNPLACED + after, "most": most})
    return [lane.removeprefix(UNPLACED) for lane in rows.scalars()]


def place(tx: Tx, domain: str, lane: str, *, most: int = MOVED_AT_ONCE) -> bool:
    """Move at most so many of the messages that wait for `domain` into its lane. True: there may be more."""
    given = {"of_lane": UNPLACED + domain, "to_lane": lane, "most": most}
    return tx.execute(_placing(), given).rowcount >= most


@cache
def _placing() -> Executable:
    waiting = _waiting_in(bindparam("of_lane")).limit(bindparam("most"))
    return (
        update(_outbox)
        .where(tuple_(_outbox.c.enrollment_id, _outbox.c.step_no).in_(waiting), WAITING)
        .values(lane=bindparam("to_lane"))
    )


def _waiting_in(lane: ColumnElement[str]) -> Select[tuple[int, int]]:
    waiting = _outbox.alias("waiting")
    return select(waiting.c.enrollment_id, waiting.c.step_no).where(
        waiting.c.lane == lane, waiting.c.state.in_([literal_column("0"), literal_column("3")])
    )


def move(tx: Tx, domain: str, old: str, new: str) -> int:
    """Move what waits for `domain` from its old lane to its new one. Reads the whole old lane: domains seldom move."""
    ending = f"@{domain}"
    theirs = select(_contacts.c.id).where(
        _contacts.c.id == _outbox.c.contact_id,
        func.substr(_contacts.c.email, func.length(_contacts.c.email) - len(ending) + 1) == literal(ending),
    )
    return tx.execute(
        update(_outbox).where(_outbox.c.lane == old, WAITING, theirs.exists()).values(lane=new)
    ).rowcount


def due(tx: Tx, names: Collection[str], now: Moment) -> set[str]:
    """Those of these domains that a message which is due waits for."""
    return _having(tx, names, "due_at", now)


def stale(tx: Tx, names: Collection[str], now: Moment) -> set[str]:
    """Those of these domains that a message waits for which would come too late by now."""
    return _having(tx, names, "stale_at", now)


def _having(tx: Tx, names: Collection[str], column: str, now: Moment) -> set[str]:
    if not names:
        return set()
    lanes = tx.execute(
        _lanes_having(column), {"lanes": [UNPLACED + name for name in names], "now": now}
    ).scalars()
    return {lane.removeprefix(UNPLACED) for lane in lanes}


@cache
def _lanes_having(column: str) -> Executable:
    return (
        select(_outbox.c.lane)
        .where(one_of(_outbox.c.lane, "lanes"), WAITING, by_key(_outbox.c[column]) <= bindparam("now"))
        .distinct()
    )


def bounce_due(
    tx: Tx, domain: str, reason: str, now: Moment, *, address_key: bytes, most: int = AT_ONCE
) -> bool:
    """End at most so many of what waits for `domain` and is due, as hard bounces. True: there may be more.

    Of each contact one message bounces; the address is suppressed, and whatever else waits for it is skipped.
    """
    given = {"of_lane": UNPLACED + domain, "now": now, "most": most}
    rows = tx.execute(_taking_due(), given).all()
    first: dict[int, MessageKey] = {}
    for it in sorted(rows, key=lambda it: (it.due_at, it.enrollment_id)):
        first.setdefault(it.contact_id, MessageKey(it.enrollment_id, it.step_no))
    bounced = set(first.values())
    keys = [MessageKey(it.enrollment_id, it.step_no) for it in rows]
    settle(tx, [_ended(key, key in bounced, reason, now) for key in keys])
    emails = select(_contacts.c.email).where(among(tx, _contacts.c.id, first.keys()))
    suppress(tx, address_key, tx.execute(emails).scalars(), reason=f"bounced: {reason}", at=now)
    for contact_id in first:
        skip_contact(tx, contact_id, "suppressed", now)
    return len(rows) >= most


def _ended(key: MessageKey, bounced: bool, reason: str, now: Moment) -> Settled:
    if bounced:
        return Settled(key=key, outcome="bounced", at=now, reason=reason)
    return Settled(key=key, outcome="skipped", at=now, reason="suppressed")


@cache
def _taking_due() -> Executable:
    waiting = _outbox.alias("waiting")
    keys = (
        select(waiting.c.enrollment_id, waiting.c.step_no)
        .where(
            waiting.c.lane == bindparam("of_lane"),
            waiting.c.state.in_([literal_column("0"), literal_column("3")]),
            waiting.c.due_at <= bindparam("now"),
        )
        .limit(bindparam("most"))
    )
    return (
        delete(_outbox)
        .where(tuple_(_outbox.c.enrollment_id, _outbox.c.step_no).in_(keys), WAITING)
        .returning(_outbox.c.enrollment_id, _outbox.c.step_no, _outbox.c.contact_id, _outbox.c.due_at)
    )


def skip_stale(tx: Tx, domain: str, reason: str, now: Moment) -> None:
    """Skip what waits for `domain` and would come too late by now."""
    stale = delete(_outbox).where(_outbox.c.lane == UNPLACED + domain, WAITING, _outbox.c.stale_at <= now)
    returned = stale.returning(
        _outbox.c.enrollment_id, _outbox.c.step_no, _outbox.c.wanted_at, _outbox.c.stale_at
    )
    over = [
        Settled(
            key=MessageKey(it.enrollment_id, it.step_no),
            outcome="skipped",
            at=now,
            reason=reason,
            saw={"wanted at": format_iso(it.wanted_at), "stale after": say_span(it.stale_at - it.wanted_at)},
        )
        for it in tx.execute(returned)
    ]
    settle(tx, over)
