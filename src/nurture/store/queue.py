"""What waits in the outbox, as an operator asks about it: counted by destination, campaign and reason; and one by
one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, literal_column, or_, select, text

from nurture.clock import Moment
from nurture.delivery.outcome import OPEN_STATES, MessageKey
from nurture.delivery.retry import GIVE_UP_AFTER
from nurture.journeys.reasons import Reason
from nurture.store.engine import Tx
from nurture.store.outbox import DEFERRED, PLANNED, URGENT
from nurture.store.senders import DEAD_AFTER
from nurture.store.statements import table
from nurture.store.tables import ContactRow, OutboxRow, SenderRow

OTHERS = ""
"""Stands for all lanes of no provider that has a name."""
UNPLACED = "?"
"""Stands for all lanes of domains that are not looked up yet."""

_contacts = table(ContactRow)
_outbox = table(OutboxRow)
_senders = table(SenderRow)

_OUR_WORDS = tuple(map(str, Reason))
_SIZE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """Which part of the outbox is asked about."""

    own: Collection[str] = ()
    """Lanes without a provider that are looked at by themselves, not with the others."""
    destination: str | None = None
    """A provider, one of `own`, OTHERS, UNPLACED, or a lane as it is; None: all."""
    campaign_id: int | None = None
    """None: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Messages that wait for the same reason."""

    destination: str
    campaign_id: int
    state: str
    word: str
    """Why a planned one was held last, in our words; empty: it was not."""
    due: bool
    count: int
    first_at: Moment
    """When the first of them is due."""
    reply: str
    """One of the answers, where they are deferred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """One message that waits."""

    key: MessageKey
    email: str
    """Empty: the contact is gone."""
    campaign_id: int
    destination: str
    lane: str
    state: str
    urgent: bool
    due_at: Moment
    wanted_at: Moment
    gives_up_at: Moment
    """When it is not sent any more, at the latest."""
    attempts: int
    reply: str
    sender: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """Messages of one destination and campaign that were put off with the same words."""

    destination: str
    campaign_id: int
    reply: str
    count: int
    least_attempts: int
    most_attempts: int
    first_at: Moment
    """When the first of them is tried again."""
    gives_up_at: Moment
    """When the last of them is given up, at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A process that sends."""

    host: str
    pid: int
    claimed: int = 0
    handed: int = 0


def tallies(tx: Tx, now: Moment, picked: Picked) -> list[Tally]:
    """What waits, counted. One walk over all that waits in what is picked: a second for a million on SQLite."""
    destination = _destination(tx, picked.own).label("destination")
    word = case((_outbox.c.state != PLANNED, ""), (_is_ours(), _outbox.c.last_reply), else_="").label("word")
    reply = func.max(case((_outbox.c.state == DEFERRED, _outbox.c.last_reply), else_=""))
    by = (destination, _outbox.c.campaign_id, _outbox.c.state, word, (_outbox.c.due_at <= now).label("due"))
    # By their places: on PostgreSQL the same expression with a parameter of its own counts as another one.
    places = [text(str(place)) for place in range(1, len(by) + 1)]
    asked = select(*by, func.count(), func.min(_outbox.c.due_at), reply).where(*_of(picked)).group_by(*places)
    return [
        Tally(
            destination=name,
            campaign_id=campaign,
            state=OPEN_STATES[state],
            word=said,
            due=bool(due),
            count=int(count),
            first_at=int(first_at),
            reply=answer,
        )
        for name, campaign, state, said, due, count, first_at, answer in tx.execute(asked)
    ]


def queued(tx: Tx, picked: Picked, *, limit: int | None, deferred: bool = False) -> list[Queued]:
    """The messages themselves, those first that are tried first; with `deferred` only these. None: all of them."""
    destination = _destination(tx, picked.own).label("destination")
    only = (_outbox.c.state == DEFERRED,) if deferred else ()
    asked = (
        select(_outbox, _contacts.c.email, destination)
        .outerjoin(_contacts, _contacts.c.id == _outbox.c.contact_id)
        .where(*_of(picked), *only)
        .order_by(_outbox.c.due_at, _outbox.c.enrollment_id, _outbox.c.step_no)
        .limit(limit)
    )
    return [_queued(row) for row in tx.execute(asked)]


def deferrals(tx: Tx, picked: Picked) -> Iterator[Deferral]:
    """What is tried again, by destination, campaign and answer; to be read while the transaction is open."""
    destination = _destination(tx, picked.own).label("destination")
    by = (destination, _outbox.c.campaign_id, _outbox.c.last_reply)
    asked = (
        select(
            *by,
            func.count(),
            func.min(_outbox.c.attempts),
            func.max(_outbox.c.attempts),
            func.min(_outbox.c.due_at),
            func.max(_gives_up()),
        )
        .where(*_of(picked), _outbox.c.state == DEFERRED)
        .group_by(*[text(str(place)) for place in range(1, len(by) + 1)])
        .execution_options(yield_per=_SIZE)
    )
    for name, campaign, reply, count, least, most, first_at, gives_up_at in tx.execute(asked):
        yield Deferral(
            destination=name,
            campaign_id=campaign,
            reply=reply,
            count=int(count),
            least_attempts=int(least),
            most_attempts=int(most),
            first_at=int(first_at),
            gives_up_at=int(gives_up_at),
        )


def senders(tx: Tx, now: Moment) -> dict[int, Sender]:
    """Who sends, by the id under which messages are held, with how many each holds. Those that are dead by their
    signs of life are named only while they hold something."""
    in_hand: dict[int, dict[int, int]] = {}
    held = (
        select(_outbox.c.sender, _outbox.c.state, func.count())
        .where(_outbox.c.sender != literal_column("0"))
        .group_by(_outbox.c.sender, _outbox.c.state)
    )
    for sender, state, count in tx.execute(held):
        in_hand.setdefault(sender, {})[state] = int(count)
    alive = and_(_senders.c.ended_at == 0, _senders.c.heartbeat_at >= now - DEAD_AFTER)
    known = tx.execute(select(_senders).where(or_(alive, _senders.c.id.in_(list(in_hand)))))
    return {row.id: _sender(row, in_hand.get(row.id, {})) for row in known}


def _sender(row: Row[Any], holds: dict[int, int]) -> Sender:
    claimed = sum(count for state, count in holds.items() if OPEN_STATES[state] == "claimed")
    return Sender(host=row.host, pid=row.pid, claimed=claimed, handed=sum(holds.values()) - claimed)


def _queued(row: Row[Any]) -> Queued:
    return Queued(
        key=MessageKey(row.enrollment_id, row.step_no),
        email=row.email or "",
        campaign_id=row.campaign_id,
        destination=row.destination,
        lane=row.lane,
        state=OPEN_STATES[row.state],
        urgent=row.priority == URGENT,
        due_at=row.due_at,
        wanted_at=row.wanted_at,
        gives_up_at=min(row.stale_at, row.first_tried_at + GIVE_UP_AFTER)
        if row.first_tried_at
        else row.stale_at,
        attempts=row.attempts,
        reply=row.last_reply,
        sender=row.sender,
    )


def _gives_up() -> ColumnElement[int]:
    tried = _outbox.c.first_tried_at + GIVE_UP_AFTER
    return case((tried < _outbox.c.stale_at, tried), else_=_outbox.c.stale_at)


def _is_ours() -> ColumnElement[bool]:
    """What is held without a try was held by us, in our words; after a try the relay's may still stand there."""
    return or_(_outbox.c.attempts == 0, _outbox.c.last_reply.in_(_OUR_WORDS))


def _destination(tx: Tx, own: Collection[str]) -> ColumnElement[str]:
    lane = _outbox.c.lane
    slash = (func.instr if tx.dialect.name == "sqlite" else func.strpos)(lane, "/")
    first = func.substr(lane, 1, 1)
    return case(
        (lane.in_(list(own)), lane),
        (or_(lane == "", first == "/"), OTHERS),
        (first == UNPLACED, UNPLACED),
        (slash == 0, lane),
        else_=func.substr(lane, 1, slash - 1),
    )


def _of(picked: Picked) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if picked.campaign_id is not None:
        wanted.append(_outbox.c.campaign_id == picked.campaign_id)
    lane, name = _outbox.c.lane, picked.destination
    if name == OTHERS:
        sites = and_(lane >= "/", lane < "0", lane.not_in(list(picked.own)))
        wanted.append(or_(lane == "", sites))
    elif name == UNPLACED:
        wanted.append(and_(lane >= "?", lane < "@"))
    elif name is not None:
        # "/" is followed by "0": all lanes that begin with the provider.
        wanted.append(or_(lane == name, and_(lane >= f"{name}/", lane < f"{name}0")))
    return wanted
