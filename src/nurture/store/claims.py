"""Claiming: what waits where, and taking it in fair shares, so that no campaign and no destination is kept waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Executable, bindparam, literal_column, select, text, update

from nurture.clock import NEVER, Moment
from nurture.delivery.outcome import MessageKey
from nurture.store.engine import Tx
from nurture.store.keys import as_json, listed
from nurture.store.outbox import CLAIMED, IN_HAND, WAITING
from nurture.store.statements import table
from nurture.store.tables import OutboxRow, SenderRow

_CLAIM_LOCK = 0x6F757462
"""Advisory lock on PostgreSQL ("outb"): one claim at a time, so that no two take messages of one contact."""

PLENTY = 1_000_000
"""Room where there is no limit."""

_PASSES = 10
"""In so many what some groups leave is shared out among the others."""

_outbox = table(OutboxRow)
_senders = table(SenderRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Messages that wait for the same lane, with the same priority, of the same campaign."""

    lane: str
    priority: int
    """A sort key: the smallest goes first."""
    campaign_id: int
    due_at: Moment
    """Of the first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much may be claimed: altogether, and where there is less, for lanes and campaigns."""

    total: int
    lanes: Mapping[str, int] = field(default_factory=dict)
    campaigns: Mapping[int, int] = field(default_factory=dict)
    only: Collection[str] | None = None
    """Nothing but these lanes; None: all."""
    turn: int = 0
    """How many were claimed before: where there is less room than there are groups, others come first each time."""


class Claimed(NamedTuple):
    """A message that this sender holds, as its row said when it was claimed. A tuple: there are many."""

    key: MessageKey
    contact_id: int
    campaign_id: int
    lane: str
    priority: int
    due_at: Moment
    wanted_at: Moment
    stale_at: Moment
    attempts: int
    first_tried_at: Moment


def waiting_groups(tx: Tx) -> list[Group]:
    """What waits, in order of lane, priority and campaign; lanes that are not looked up yet (`?DOMAIN`) too.

    Jumps from group to group by the index `outbox_due`: about 3 µs for each group on SQLite, however much waits.
    """
    return [
        Group(lane=lane, priority=priority, campaign_id=campaign, due_at=due_at)
        for lane, priority, campaign, due_at in tx.execute(_GROUPS[tx.dialect.name])
    ]


def next_due(tx: Tx) -> Moment:
    """When the first message that nobody holds, and whose lane is known, is due; NEVER where none is."""
    return min((it.due_at for it in waiting_groups(tx) if not it.lane.startswith("?")), default=NEVER)


def claim(tx: Tx, sender: int, now: Moment, groups: Sequence[Group], room: Room) -> list[Claimed]:
    """Take what is due of `groups`: by priority, with equal shares for all groups of one priority, oldest first.

    Never two of one contact at a time. Nothing where the lease of `sender` is over.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CLAIM_LOCK})
    # Locked, so that whoever takes this sender for dead meanwhile waits for the claim, and takes it back.
    if tx.execute(select(_senders.c.ended_at).where(_senders.c.id == sender).with_for_update()).scalar():
        return []
    known = (it for it in groups if not it.lane.startswith("?"))
    due = [it for it in known if it.due_at <= now and (room.only is None or it.lane in room.only)]
    picking = _Picking(tx, now, room)
    for _, level in groupby(sorted(due, key=lambda it: it.priority), key=lambda it: it.priority):
        picking.pick(_turned(list(level), room.turn))
    claims = list(picking.found.values())
    if claims:
        given = {"keys": as_json([it.key for it in claims]), "holder": sender}
        tx.execute(_claiming(tx.dialect.name), given)
    return claims


def _turned(groups: list[Group], by: int) -> list[Group]:
    first = by % len(groups)
    return groups[first:] + groups[:first]


class _Division:
    """Room divided among so many; the first get what cannot be divided."""

    def __init__(self, room: int, among: int) -> None:
        self._each, self._more = divmod(room, among)

    def next(self) -> int:
        """The next share."""
        self._more -= 1
        return self._each + (self._more >= 0)


class _Picking:
    """One claim while it is put together."""

    def __init__(self, tx: Tx, now: Moment, room: Room) -> None:
        self.found: dict[int, Claimed] = {}
        """By contact."""
        self._tx = tx
        self._now = now
        self._left = room.total
        self._lanes = dict(room.lanes)
        self._campaigns = dict(room.campaigns)

    def pick(self, groups: list[Group]) -> None:
        """Take of these in equal shares, then of what is left over, until nothing is."""
        seen = dict.fromkeys(groups, 0)
        for _ in range(_PASSES):
            seen = {it: count for it, count in seen.items() if self._room(it) > 0}
            if not seen:
                return
            share = self._shares(seen)
            # What cannot be divided goes to those who got less.
            for group in sorted(seen, key=lambda it: seen[it]):
                asked = min(share(group), self._room(group))
                if asked <= 0:
                    continue
                got = self._take(group, asked, skip=seen[group])
                seen[group] += got
                if got < asked:
                    del seen[group]

    def _shares(self, groups: Collection[Group]) -> Callable[[Group], int]:
        """What is left, altogether and of each lane and campaign, divided among `groups`."""
        every = _Division(self._left, len(groups))
        of_lane, of_campaign = Counter(it.lane for it in groups), Counter(it.campaign_id for it in groups)
        lanes = {it: _Division(room, of_lane[it]) for it, room in self._lanes.items() if it in of_lane}
        campaigns = {
            it: _Division(room, of_campaign[it]) for it, room in self._campaigns.items() if it in of_campaign
        }

        def share(group: Group) -> int:
            divided = (every, lanes.get(group.lane), campaigns.get(group.campaign_id))
            return min(it.next() for it in divided if it is not None)

        return share

    def _room(self, group: Group) -> int:
        lane, campaign = self._lanes.get(group.lane, PLENTY), self._campaigns.get(group.campaign_id, PLENTY)
        return min(self._left, lane, campaign)

    def _take(self, group: Group, room: int, *, skip: int) -> int:
        """One range of the index outbox_due: what is planned for later is never walked over."""
        given = {"of_lane": group.lane, "of_priority": group.priority, "of_campaign": group.campaign_id}
        rows = self._tx.execute(_due(), {**given, "now": self._now, "room": room, "skip": skip}).all()
        before = len(self.found)
        for row in rows:
            self.found.setdefault(row.contact_id, _claimed(row))
        taken = len(self.found) - before
        self._left -= taken
        if group.lane in self._lanes:
            self._lanes[group.lane] -= taken
        if group.campaign_id in self._campaigns:
            self._campaigns[group.campaign_id] -= taken
        return len(rows)


@cache
def _claiming(dialect: str) -> Executable:
    keys = listed(dialect, "keys", (("e", "int"), ("s", "int")))
    return (
        update(_outbox)
        .where(_outbox.c.enrollment_id == keys.c.e, _outbox.c.step_no == keys.c.s)
        .values(state=CLAIMED, sender=bindparam("holder"))
    )


@cache
def _due() -> Executable:
    held = _outbox.alias("held")
    in_hand = select(held.c.step_no).where(
        held.c.contact_id == _outbox.c.contact_id,
        held.c.state.in_([literal_column(str(it)) for it in IN_HAND]),
    )
    # In the order of Claimed.
    wanted = ("enrollment_id", "step_no", *Claimed._fields[1:])
    return (
        select(*(_outbox.c[name] for name in wanted))
        .where(
            _outbox.c.lane == bindparam("of_lane"),
            _outbox.c.priority == bindparam("of_priority"),
            _outbox.c.campaign_id == bindparam("of_campaign"),
            _outbox.c.due_at <= bindparam("now"),
            WAITING,
            ~in_hand.exists(),
        )
        .order_by(_outbox.c.due_at)
        .limit(bindparam("room"))
        .offset(bindparam("skip"))
        .with_for_update(skip_locked=True, of=_outbox)
    )


def _claimed(row: Sequence[Any]) -> Claimed:
    enrollment, step_no, *others = row
    return Claimed(MessageKey(enrollment, step_no), *others)


_ORDER = "n.lane, n.priority, n.campaign_id, n.due_at"
_ROW = "o.lane, o.priority, o.campaign_id, o.due_at"

# SQLite uses no more than the first column of an index for (a, b, c) > (x, y, z), so each is asked for by itself.
_GROUPS = {
    "sqlite": text(f"""
        WITH RECURSIVE g(lane, priority, campaign_id, due_at) AS (
            SELECT {_ROW} FROM outbox o WHERE o.rowid = (
                SELECT n.rowid FROM outbox n WHERE n.state IN (0, 3) ORDER BY {_ORDER} LIMIT 1)
            UNION ALL
            SELECT {_ROW} FROM g JOIN outbox o ON o.rowid = coalesce(
                (SELECT n.rowid FROM outbox n WHERE n.state IN (0, 3) AND n.lane = g.lane
                    AND n.priority = g.priority AND n.campaign_id > g.campaign_id ORDER BY {_ORDER} LIMIT 1),
                (SELECT n.rowid FROM outbox n WHERE n.state IN (0, 3) AND n.lane = g.lane
                    AND n.priority > g.priority ORDER BY {_ORDER} LIMIT 1),
                (SELECT n.rowid FROM outbox n WHERE n.state IN (0, 3) AND n.lane > g.lane
                    ORDER BY {_ORDER} LIMIT 1)))
        SELECT lane, priority, campaign_id, due_at FROM g"""),
    "postgresql": text(f"""
        WITH RECURSIVE g AS (
            (SELECT n.lane, n.priority, n.campaign_id, n.due_at FROM outbox n WHERE n.state IN (0, 3)
                ORDER BY {_ORDER} LIMIT 1)
            UNION ALL
            SELECT o.* FROM g CROSS JOIN LATERAL (
                SELECT n.lane, n.priority, n.campaign_id, n.due_at FROM outbox n WHERE n.state IN (0, 3)
                    AND (n.lane, n.priority, n.campaign_id) > (g.lane, g.priority, g.campaign_id)
                ORDER BY {_ORDER} LIMIT 1) o)
        SELECT lane, priority, campaign_id, due_at FROM g"""),
}
