"""Looking up where mail for each domain goes, beside everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from nurture.clock import DAY, MINUTE, SECOND, Clock, Moment, Span
from nurture.errors import ServiceError, StoreError
from nurture.journeys.reasons import Reason
from nurture.providers.dns import Dns, Silent
from nurture.providers.mx_hosts import MailHosts, NoMail, mail_hosts
from nurture.runner.lanes import Lanes, found_lane
from nurture.runner.troubles import Troubles
from nurture.store import domains
from nurture.store.domains import Domain
from nurture.store.engine import Store

_PART = "looking up"

AT_ONCE = 200
"""Domains in one round."""
A_FEW = 5
"""In a round while no name server answers."""

AGAIN: Span = MINUTE
"""A domain about which nobody answered is asked for again after this."""
RELAYED: Span = DAY
"""How long an answer holds at least where a relay delivers: all that matters then is whose servers they are."""


@dataclass(slots=True)
class _Round:
    """What one round is about."""

    wanted: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """Those whose messages wait for the answer."""
    misplaced: set[tuple[str, str]] = field(default_factory=set)
    before: dict[str, Domain] = field(default_factory=dict)
    """What is known of them, run out or not."""
    found: list[Domain] = field(default_factory=list)
    silent: dict[str, Silent] = field(default_factory=dict)
    """Domains of which nobody would say anything."""


class LookUps:
    """Looks up domains that are new or whose answer has run out, and puts the messages that wait for it in their lanes.

    Where mail goes directly (`deliver = "mx"`), messages to domains that do not exist or take no mail bounce.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        lanes: Lanes,
        dns: Dns,
        *,
        address_key: bytes,
        look_every: float = 1.0,
        refresh_every: Span = 20 * SECOND,
        troubles: Troubles | None = None,
    ) -> None:
        """`look_every`: seconds between rounds in which nothing was left over."""
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._dns = dns
        self._address_key = address_key
        self._look_every = look_every
        self._refresh_every = refresh_every
        self._refreshed_at: Moment = 0
        self._again: dict[str, Moment] = {}
        self._after = ""
        self._dumb = False
        """No name server answers."""
        self._troubles = troubles or Troubles()
        self._log = structlog.get_logger("nurture.lanes")

    async def run(self, stop: asyncio.Event) -> None:
        """Look up what there is to look up until `stop` is set. Outlives a database or name servers that are gone."""
        while not stop.is_set():
            more = False
            try:
                more = await self.look()
                self._troubles.over("database", by=_PART)
            except StoreError as error:
                self._troubles.say("database", error, "waiting for it", by=_PART)
            if not more:
                try:
                    await asyncio.wait_for(stop.wait(), self._look_every)
                except TimeoutError:
                    continue

    async def look(self) -> bool:
        """One round. Says whether there is more to look up at once. Raises StoreError."""
        now = self._clock.now()
        if now - self._refreshed_at >= self._refresh_every:
            await asyncio.to_thread(self._lanes.refresh)
            self._refreshed_at = now
        it = await asyncio.to_thread(self._gather, now)
        if not it.wanted and not it.waiting:
            return False
        ask = [
            name
            for name in dict.fromkeys(it.waiting + it.wanted)
            if name not in self._again and not _holds(it.before.get(name), now)
        ]
        if self._dumb:
            self._later(ask[A_FEW:], now)
            ask = ask[:A_FEW]
        await self._ask(it, ask)
        self._say(it)
        await asyncio.to_thread(self._write, it)
        return not self._dumb and len(it.wanted) + len(it.waiting) >= AT_ONCE

    def _gather(self, now: Moment) -> _Round:
        """What is wanted now, in a worker thread."""
        again = [name for name, at in self._again.items() if at <= now][:AT_ONCE]
        for name in again:
            del self._again[name]
        wanted, misplaced = self._lanes.take_wanted(AT_ONCE - len(again))
        it = _Round(wanted=again + wanted, misplaced=misplaced)
        with self._store.read() as tx:
            if self._lanes.direct:
                it.waiting = domains.unplaced(tx, after=self._after, most=AT_ONCE)
                # Round after round from the first to the last, so that some that cannot be placed hold up nobody.
                self._after = it.waiting[-1] if len(it.waiting) == AT_ONCE else ""
            if it.wanted or it.waiting:
                it.before = domains.known(tx, [*it.wanted, *it.waiting])
        return it

    async def _ask(self, it: _Round, names: Sequence[str]) -> None:
        answers = await asyncio.gather(*(mail_hosts(self._dns, name) for name in names))
        now = self._clock.now()
        for name, answer in zip(names, answers, strict=True):
            if isinstance(answer, Silent):
                it.silent[name] = answer
            else:
                least = 0 if self._lanes.direct else RELAYED
                it.found.append(_as_domain(name, answer, now, least=least))
        self._later(it.silent, now)

    def _later(self, names: Collection[str], now: Moment) -> None:
        self._again.update(dict.fromkeys(names, now + AGAIN))

    def _say(self, it: _Round) -> None:
        """One line where nobody answers at all; that some cannot speak for a domain is that domain's trouble."""
        mute = [name for name, silent in it.silent.items() if not silent.answered]
        if it.found or len(mute) < len(it.silent):
            if self._dumb:
                self._again = dict.fromkeys(self._again, 0)
            self._dumb = False
            self._troubles.over("dns")
        elif mute:
            self._dumb = True
            about = f" about {mute[0]}" if len(mute) == 1 else ""
            error = ServiceError(
                f"no name server answers{about}: {it.silent[mute[0]].reason}",
                remedy="Look whether those in /etc/resolv.conf can be reached; it goes on by itself.",
            )
            self._troubles.say("dns", error, self._meanwhile)

    @property
    def _meanwhile(self) -> str:
        if self._lanes.direct:
            return "messages to domains that are not known yet wait"
        return "messages to domains that are not known yet go without the limits of their provider"

    def _write(self, it: _Round) -> None:
        """Keep what was found, and move or end what waited for it; in a worker thread."""
        now = self._clock.now()
        self._lanes.learn([*it.before.values(), *it.found])
        latest = {**it.before, **{found.name: found for found in it.found}}
        if it.found:
            with self._store.write() as tx:
                domains.keep(tx, it.found)
        if self._lanes.direct:
            # Also by what has run out, where nobody says anything newer.
            self._place(
                {name: latest[name].lane for name in it.waiting if name in latest and latest[name].lane}
            )
            moved = _moved(it, latest)
            if moved:
                with self._store.write() as tx:
                    for name, old, new in moved:
                        domains.move(tx, name, old, new)
            self._end(
                [name for name in it.waiting if name not in latest or not latest[name].lane], latest, now
            )

    def _place(self, lanes: dict[str, str]) -> None:
        while lanes:
            with self._store.write() as tx:
                lanes = {name: lane for name, lane in lanes.items() if domains.place(tx, name, lane)}

    def _end(self, names: list[str], latest: Mapping[str, Domain], now: Moment) -> None:
        """End what waits and is due where no mail can go, and what would come too late where nobody can say."""
        dead = {name: latest[name].status for name in names if _holds(latest.get(name), now)}
        with self._store.read() as tx:
            due = domains.due(tx, dead, now)
            stale = domains.stale(tx, [name for name in names if name not in dead], now)
        for name in sorted(due):
            self._log.info("messages bounce", domain=name, reason=dead[name])
        while due:
            with self._store.write() as tx:
                due = {
                    name
                    for name in sorted(due)
                    if domains.bounce_due(tx, name, dead[name], now, address_key=self._address_key)
                }
        if stale:
            with self._store.write() as tx:
                for name in sorted(stale):
                    domains.skip_stale(tx, name, Reason.STALE, now)


def _holds(known: Domain | None, now: Moment) -> bool:
    return known is not None and known.expires_at > now


def _moved(it: _Round, latest: dict[str, Domain]) -> list[tuple[str, str, str]]:
    """Domain, old lane and new lane of what waits in a lane that is not its domain's any more."""
    old = {(found.name, it.before[found.name].lane) for found in it.found if found.name in it.before}
    return sorted(
        (name, lane, latest[name].lane)
        for name, lane in old | it.misplaced
        if name in latest and lane and latest[name].lane and latest[name].lane != lane
    )


def _as_domain(name: str, answer: MailHosts | NoMail, now: Moment, *, least: Span) -> Domain:
    ends = now + max(answer.ttl, least)
    if isinstance(answer, NoMail):
        return Domain(name=name, status=answer.reason, looked_up_at=now, expires_at=ends)
    lane = found_lane(name, answer.hosts)
    return Domain(name=name, lane=lane, hosts=answer.hosts, looked_up_at=now, expires_at=ends)
