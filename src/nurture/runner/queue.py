"""Asking what waits to be sent, why, and under which limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nurture.clock import NEVER, Moment
from nurture.delivery.measures import SOUND, Health
from nurture.delivery.shaping import Shaping, shaping_of
from nurture.delivery.warm_up import day_of
from nurture.journeys.caps import Cap
from nurture.reports.queue import OTHERS, UNPLACED, Destination, Hold, Why, normal, why
from nurture.runner.limits import limits_of
from nurture.settings import Settings
from nurture.settings.destinations import PROVIDERS
from nurture.settings.relays import Relay
from nurture.store import destinations, queue, versions
from nurture.store.engine import Tx
from nurture.store.queue import Deferral, Picked, Queued, Sender, Tally
from nurture.store.versions import CampaignRecord

_FEW = 20
"""So many messages are shown by themselves where nobody asks for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Messages of one group that wait for the same reason."""

    why: Why
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What waits for one destination, of one campaign."""

    destination: str
    campaign: str
    count: int
    due: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message that waits."""

    email: str
    message: str
    """CAMPAIGN/STEP."""
    destination: str
    why: Why
    it: Queued
    sender: str
    """Who has it in hand; empty: nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayState:
    """A relay, and what holds mail through it back."""

    relay: Relay
    health: Health


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits, and what holds it."""

    at: Moment
    count: int
    due: int
    senders: tuple[Sender, ...]
    groups: tuple[Group, ...]
    """The largest first."""
    destinations: tuple[Destination, ...]
    relays: tuple[RelayState, ...]
    """None where mail goes to the destinations directly, or nowhere."""
    lines: tuple[Line, ...]
    """Messages by themselves: where they are asked for, or few."""
    more: int
    """So many are not among `lines`; 0 as well where none were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Deferred messages of one destination that were put off with the same words."""

    destination: str
    reply: str
    count: int
    campaigns: Mapping[str, int]
    least_attempts: int
    most_attempts: int
    first_at: Moment
    gives_up_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """What is tried again."""

    at: Moment
    count: int
    answers: tuple[Answer, ...]
    """The most frequent first."""
    lines: tuple[Line, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which messages are asked about, and how many of them by themselves."""

    destination: str = ""
    """As it is shown; empty: all."""
    campaign: str = ""
    """Empty: all."""
    all: bool = False

    @property
    def is_part(self) -> bool:
        """Whether only some are asked about."""
        return bool(self.destination or self.campaign)


class View:
    """What is known about everything that messages may wait for, at one moment."""

    def __init__(self, tx: Tx, settings: Settings, now: Moment) -> None:
        self.now = now
        self.settings = settings
        self.records: Mapping[str, CampaignRecord] = versions.records(tx)
        self.direct = settings.provider == "smtp" and settings.deliver == "mx"
        self._tx = tx
        self._healths = destinations.load_healths(tx)
        self._shaping: Shaping = shaping_of(settings)
        self._used = destinations.sent_on(tx, day_of(now)) if self._shaping.ramp else {}
        self._caps: Sequence[Cap] = limits_of(settings).caps
        self._by_id = {it.id: it for it in self.records.values()}
        keys = {*self._healths, *settings.destinations}
        self.own = sorted(key for key in keys if key.startswith("/"))

    @property
    def names(self) -> set[str]:
        """Destinations that can be asked about."""
        held = {key for key in self._healths if key and not key.startswith(("relay ", "campaign "))}
        return {*PROVIDERS, *self.own, *held, OTHERS, UNPLACED}

    @property
    def resumable(self) -> set[str]:
        """What `key_of` knows: destinations and relays."""
        names = self.names - {UNPLACED} | {it.called for it in self.settings.relays}
        return names | {key for key in self._healths if key}

    def key_of(self, name: str) -> str | None:
        """Under which key the health of a destination or a relay is kept; None: there is none of that name."""
        if name in self._healths or name in self.names - {UNPLACED}:
            return _stored(name)
        return next((it.key for it in self.settings.relays if name in (it.called, it.key)), None)

    def destination(self, name: str) -> Destination:
        """With its limits as they are now."""
        key = _stored(name)
        quota = self._shaping.ramp.quota(day_of(self.now)) if self._shaping.ramp else None
        shape = self._shaping.shape(key)
        health = self._healths.get(key, SOUND)
        return Destination(
            name=name,
            shape=shape,
            health=health,
            quota=quota,
            used=self._used.get(key, 0),
            each=self.direct and name == OTHERS,
        )

    def relays(self) -> tuple[RelayState, ...]:
        """Those that mail goes through."""
        if self.settings.provider != "smtp" or self.direct:
            return ()
        return tuple(
            RelayState(relay=it, health=self._healths.get(it.key, SOUND)) for it in self.settings.relays
        )

    def hold(self, name: str, campaign_id: int) -> Hold:
        """What is true of these messages."""
        record = self._by_id.get(campaign_id)
        until = [NEVER if it.health.stopped else it.health.paused_until for it in self.relays()]
        return Hold(
            destination=self.destination(name),
            campaign_paused=bool(record and record.paused_at),
            campaign_rate=self.settings.rates.get(record.key) if record else None,
            relays_until=min(until, default=0),
            caps=self._caps,
        )

    def picked(self, asked: Asked) -> Picked:
        """The part of the outbox that is asked about."""
        record = self.records.get(asked.campaign)
        return Picked(
            own=self.own,
            destination=_stored(asked.destination) if asked.destination else None,
            campaign_id=record.id if record else None,
        )

    def campaign(self, campaign_id: int) -> str:
        """Its key."""
        record = self._by_id.get(campaign_id)
        return record.key if record else "?"

    def line(self, it: Queued, senders: Mapping[int, Sender]) -> Line:
        """One message, and why it waits."""
        record = self._by_id.get(it.campaign_id)
        step = record.step_ids.get(it.key.step_no, "?") if record else "?"
        name, holder = shown(it.destination), senders.get(it.sender)
        # With nobody between, each of the others has limits of its own.
        held_by = it.lane if self.direct and name == OTHERS and it.lane else name
        return Line(
            email=it.email,
            message=f"{self.campaign(it.campaign_id)}/{step}",
            destination=name,
            why=why(
                state=it.state,
                word=it.reply,
                first_at=it.due_at,
                reply=it.reply,
                hold=self.hold(held_by, it.campaign_id),
                now=self.now,
            ),
            it=it,
            sender=f"process {holder.pid} on {holder.host}" if holder else "",
        )


def look(tx: Tx, view: View, asked: Asked) -> Queue:
    """What waits, and why."""
    picked = view.picked(asked)
    tallies = queue.tallies(tx, view.now, picked)
    senders = queue.senders(tx, view.now)
    count = sum(it.count for it in tallies)
    lines: tuple[Line, ...] = ()
    if count and (asked.is_part or asked.all or count <= _FEW):
        found = queue.queued(tx, picked, limit=None if asked.all else _FEW)
        lines = tuple(view.line(it, senders) for it in found)
    asked_for = {asked.destination} - {"", UNPLACED}
    names = dict.fromkeys((*PROVIDERS, *view.own, OTHERS, *asked_for))
    return Queue(
        at=view.now,
        count=count,
        due=sum(it.count for it in tallies if _is_due(it)),
        senders=tuple(senders.values()),
        groups=tuple(_groups(view, tallies)),
        destinations=tuple(view.destination(name) for name in names),
        relays=view.relays(),
        lines=lines,
        more=count - len(lines) if lines else 0,
    )


def _is_due(it: Tally) -> bool:
    return it.due and it.state in ("planned", "deferred")


def _groups(view: View, tallies: Iterable[Tally]) -> list[Group]:
    by_group: dict[tuple[str, int], list[Tally]] = {}
    for it in tallies:
        by_group.setdefault((it.destination, it.campaign_id), []).append(it)
    groups = []
    for (destination, campaign_id), found in by_group.items():
        name = shown(destination)
        hold = view.hold(name, campaign_id)
        groups.append(
            Group(
                destination=name,
                campaign=view.campaign(campaign_id),
                count=sum(it.count for it in found),
                due=sum(it.count for it in found if _is_due(it)),
                parts=tuple(_parts(found, hold, view.now)),
            )
        )
    return sorted(groups, key=lambda it: (-it.count, it.destination, it.campaign))


def _parts(tallies: Iterable[Tally], hold: Hold, now: Moment) -> list[Part]:
    parts: dict[tuple[str, str], Part] = {}
    for it in tallies:
        found = why(state=it.state, word=it.word, first_at=it.first_at, reply=it.reply, hold=hold, now=now)
        before = parts.get((found.kind, found.says))
        if before is None:
            parts[found.kind, found.says] = Part(why=found, count=it.count)
        else:
            first = min((at for at in (found.first_at, before.why.first_at) if at is not None), default=None)
            parts[found.kind, found.says] = Part(
                why=replace(found, first_at=first), count=before.count + it.count
            )
    return sorted(parts.values(), key=lambda it: -it.count)


def look_at_deferred(tx: Tx, view: View, asked: Asked) -> Deferred:
    """What is tried again, by destination and answer."""
    picked = view.picked(asked)
    answers: dict[tuple[str, str], Answer] = {}
    for it in queue.deferrals(tx, picked):
        key = (shown(it.destination), normal(it.reply))
        answers[key] = _added(answers.get(key), key, it, view.campaign(it.campaign_id))
    count = sum(it.count for it in answers.values())
    lines: tuple[Line, ...] = ()
    if count and (asked.is_part or asked.all or count <= _FEW):
        found = queue.queued(tx, picked, limit=None if asked.all else _FEW, deferred=True)
        lines = tuple(view.line(it, {}) for it in found)
    return Deferred(
        at=view.now,
        count=count,
        answers=tuple(sorted(answers.values(), key=lambda it: (-it.count, it.destination, it.reply))),
        lines=lines,
        more=count - len(lines) if lines else 0,
    )


def _added(before: Answer | None, key: tuple[str, str], it: Deferral, campaign: str) -> Answer:
    if before is None:
        return Answer(
            destination=key[0],
            reply=key[1],
            count=it.count,
            campaigns={campaign: it.count},
            least_attempts=it.least_attempts,
            most_attempts=it.most_attempts,
            first_at=it.first_at,
            gives_up_at=it.gives_up_at,
        )
    return replace(
        before,
        count=before.count + it.count,
        campaigns={**before.campaigns, campaign: before.campaigns.get(campaign, 0) + it.count},
        least_attempts=min(before.least_attempts, it.least_attempts),
        most_attempts=max(before.most_attempts, it.most_attempts),
        first_at=min(before.first_at, it.first_at),
        gives_up_at=max(before.gives_up_at, it.gives_up_at),
    )


def shown(destination: str) -> str:
    """A destination as people read it."""
    return OTHERS if destination == queue.OTHERS else destination


def _stored(name: str) -> str:
    """And as the database has it."""
    return queue.OTHERS if name == OTHERS else name
