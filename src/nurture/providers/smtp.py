"""The provider `smtp`: hands letters to one relay or several, over several connections at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from nurture.clock import SECOND, Clock, SystemClock
from nurture.delivery.measures import Measure
from nurture.delivery.outcome import Outcome, TryLater
from nurture.delivery.replies import relay_measure
from nurture.delivery.shaping import Shaping
from nurture.delivery.throttle import Throttle
from nurture.providers.base import Desk, Letter, RelayDown
from nurture.providers.one_letter import OneLetter
from nurture.providers.smtp_connect import NotConnected
from nurture.providers.smtp_replies import Reply
from nurture.providers.smtp_round import Now, Round, Share
from nurture.providers.smtp_site import Keeping, Line, Site
from nurture.providers.smtp_talk import Limits
from nurture.providers.smtp_turns import Heard, Turns
from nurture.settings import Relay
from nurture.settings.relays import relay_rates

OnMeasure = Callable[[str, Measure, str], None]
"""Told of a limits key, what to do there, and the answer that led to it."""
OnDown = Callable[[str, RelayDown | None], None]
"""Told of a relay's name and why it is down; None: it works."""


class SmtpProvider:
    """Hands letters to relays. Connections are opened when there are letters, and kept for a while behind the last.

    `throttle` holds the rates and pauses of the relays (`relay NAME`); left out, their rates alone hold.
    """

    def __init__(
        self,
        relays: Relay | Sequence[Relay],
        *,
        limits: Limits | None = None,
        keeping: Keeping | None = None,
        clock: Clock | None = None,
        throttle: Throttle | None = None,
        on_measure: OnMeasure | None = None,
        on_down: OnDown | None = None,
    ) -> None:
        relays = (relays,) if isinstance(relays, Relay) else tuple(relays)
        self._sites = [Site(it, limits or Limits(), keeping or Keeping()) for it in relays]
        self._shared = Now()
        self._clock = clock or SystemClock()
        rates = relay_rates(relays)
        if throttle is None and rates:
            throttle = Throttle(Shaping().with_rates(rates), self._clock.now())
        self._throttle = throttle
        self._on_measure = on_measure
        self._on_down = on_down

    async def deliver(self, desk: Desk) -> None:
        """See `Provider.deliver`."""
        self._wake_up()
        round_ = Round(desk, self._sites, self._shared, self._clock, self._throttle)
        try:
            async with asyncio.TaskGroup() as group:
                for site in self._sites:
                    for _ in range(site.relay.connections):
                        group.create_task(self._work(site, desk, round_))
        finally:
            await round_.close()
        if round_.moved == 0 and not any(it.stands for it in self._sites):
            down = [it.down for it in self._sites if it.down is not None]
            if down:
                raise _all_down(down)

    async def post(self, letter: Letter) -> Outcome:
        """See `Provider.post`. Over a connection of its own, to the first relay that gives one."""
        self._wake_up()
        downs: list[RelayDown] = []
        ended = ""
        for site in sorted(self._sites, key=_is_down):
            now = self._clock.now()
            if self._throttle is not None and self._throttle.when(site.key, now) > now + SECOND:
                said = self._throttle.health(site.key).reply or "its rate is used up"
                downs.append(RelayDown(f"mail through it waits: {said}", where=site.endpoint.where))
                continue
            try:
                talk = await site.open()
            except NotConnected as down:
                downs.append(down)
                continue
            if self._throttle is not None:
                self._throttle.took(site.key, now)
            desk = OneLetter()
            ended = await Turns(talk, desk, heard=self._ear(site)).run(letter)
            if desk.outcome is not None:
                return desk.outcome
        if ended:
            return TryLater(reply=ended)
        raise _all_down(downs)

    async def close(self) -> None:
        """See `Provider.close`."""
        await asyncio.gather(*(it.close() for it in self._sites))

    def _wake_up(self) -> None:
        for site in self._sites:
            site.wake_up()
        if not any(it.stands for it in self._sites):
            for site in self._sites:
                site.try_at_once()

    async def _work(self, site: Site, desk: Desk, round_: Round) -> None:
        """Keep one connection to `site` busy for as long as there are letters."""
        share = Share(round_, site, desk)
        round_.begins(site)
        try:
            while await round_.waits_for(site):
                if site.stands:
                    await self._carry(site, share, round_)
                    continue
                site.leader = me = asyncio.current_task()
                try:
                    await self._carry(site, share, round_)
                finally:
                    if site.leader is me:
                        site.leader = None
                    round_.wake()
        finally:
            round_.leaves(site)

    async def _carry(self, site: Site, share: Share, round_: Round) -> None:
        """Take letters over one connection, until it ends or there are none. Where `site` was down, one letter only,
        to see whether it works again."""
        letter = await share.take()
        if letter is None:
            return
        line = await self._line(site, letter, share, round_)
        if line is None:
            return
        trial = site.down is not None
        if not trial:
            site.stands, site.leader = True, None
            round_.wake()
        fresh = line.carried == 0
        turns = Turns(
            line.talk,
            share,
            most=1 if trial else site.room_on(line) or 0,
            heard=self._ear(site),
            move_on=lambda it, looked_at: round_.move_on(
                site, it, again=not looked_at and (not fresh or turns.moved > 0)
            ),
        )
        ended = await turns.carry(letter)
        line.carried += turns.begun
        round_.moved += turns.moved
        if not ended:
            site.keep(line)
        if turns.moved:
            self._works(site)
        elif ended and fresh:
            self._fails(site, RelayDown(ended, where=site.endpoint.where), round_)

    async def _line(self, site: Site, letter: Letter, share: Share, round_: Round) -> Line | None:
        """A connection for `letter`; None: there is none, and it is with another relay or given back."""
        try:
            return await site.line(alone=len(self._sites) == 1)
        except NotConnected as down:
            self._fails(site, down, round_)
            if down.reply is not None:
                self._hear(site, down.reply)
            if not round_.move_on(site, letter, again=False):
                share.give_back(letter.key)
            return None
        except BaseException:
            share.give_back(letter.key)
            raise

    def _works(self, site: Site) -> None:
        if site.down is not None and self._on_down is not None:
            self._on_down(site.relay.called, None)
        site.works()

    def _fails(self, site: Site, down: RelayDown, round_: Round) -> None:
        site.fails(down)
        round_.fails(site)
        if self._on_down is not None:
            self._on_down(site.relay.called, down)

    def _ear(self, site: Site) -> Heard:
        return lambda reply, _phase: self._hear(site, reply)

    def _hear(self, site: Site, reply: Reply) -> None:
        measure = relay_measure(reply.code, reply.text)
        if measure is not None and self._on_measure is not None:
            self._on_measure(site.key, measure, f"{reply.code} {reply.text}")


def _is_down(site: Site) -> bool:
    return not site.stands and site.down is not None


def _all_down(downs: Sequence[RelayDown]) -> RelayDown:
    """One error for all relays."""
    first, *others = downs
    if not others:
        return first
    said = "; ".join(f"{it.where}: {it.message}" for it in downs)
    return RelayDown(f"no relay can be had: {said}", remedy=first.remedy)
