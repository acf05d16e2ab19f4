"""How fast mail may go, kept true: the throttle, what destinations answered, and the other senders' share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from nurture.clock import SECOND, Clock, Span
from nurture.delivery.breaker import Breaker
from nurture.delivery.lanes import limits_key
from nurture.delivery.measures import Health, Measure, wants_alert
from nurture.delivery.outcome import Outcome
from nurture.delivery.shaping import shaping_of
from nurture.delivery.throttle import Throttle
from nurture.delivery.warm_up import Draw, day_of
from nurture.errors import StoreError
from nurture.runner.counts import Counts
from nurture.runner.flow import Flow
from nurture.runner.world import World
from nurture.settings import Settings
from nurture.settings.relays import relay_rates
from nurture.store import destinations, senders
from nurture.store.engine import Store

LOOK_EVERY = 1.0
"""Seconds."""
LEARN_EVERY: Span = 5 * SECOND

Alert = Callable[[str, str], None]
"""Told the key of the limits and the answer that a person should hear of."""


@dataclass(slots=True)
class _Told:
    """What the database says."""

    granted: Mapping[str, int] = field(default_factory=dict)
    healths: Mapping[str, Health] = field(default_factory=dict)
    alive: Sequence[int] = ()


class Steering:
    """One for each process that sends. All of it is called on the event loop."""

    def __init__(
        self, store: Store, settings: Settings, clock: Clock, alert: Alert, counts: Counts | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._alert = alert
        self._counts = counts or Counts()
        self._rates = settings.rates
        shaping = shaping_of(settings).with_rates(relay_rates(settings.relays))
        self.throttle = Throttle(shaping, clock.now())
        self.sender = 0
        """The incarnation that sends here; 0: none does."""
        self._breaker = Breaker()
        self._unsaved: dict[str, Health] = {}
        self._learned_at = 0
        self._log = structlog.get_logger("nurture.sending")

    def flow(self, world: World) -> Flow:
        """What the desk asks, with the campaigns of this version."""
        campaigns = {
            live.record.id: f"campaign {live.record.key}"
            for live in world.live.values()
            if live.record.key in self._rates
        }
        return Flow(self.throttle, campaigns)

    def measure(self, key: str, measure: Measure, reply: str) -> None:
        """A destination or a relay said something that concerns all mail to it."""
        health = self.throttle.apply(key, measure, self._clock.now(), reply)
        self._unsaved[key] = health
        self._counts.measured(type(measure).__name__.lower())
        self._log.warning("mail is held back", destination=key or "others", measure=str(measure), reply=reply)
        if wants_alert(measure):
            self._alert(key, reply)

    def note(self, lane: str, outcome: Outcome) -> None:
        """What became of one message: many refusals in a row hold up all that goes there."""
        key = limits_key(lane)
        measure = self._breaker.note(key, outcome)
        if measure is not None:
            self.measure(key, measure, getattr(outcome, "reply", ""))

    async def run(self, stop: asyncio.Event) -> None:
        """Share what is known with the other senders until `stop` is set."""
        while not stop.is_set():
            await self._look()
            try:
                await asyncio.wait_for(stop.wait(), LOOK_EVERY)
            except TimeoutError:
                continue
        await self._give_back()

    async def _look(self) -> None:
        now = self._clock.now()
        unsaved, self._unsaved = self._unsaved, {}
        wants = self.throttle.wants(now) if self.sender else {}
        learns = now - self._learned_at >= LEARN_EVERY
        if not (unsaved or wants or learns):
            return
        try:
            told = await asyncio.to_thread(self._exchange, unsaved, wants, self.sender, learns)
        except StoreError:
            # The parts that send say so; nothing that was to be told is forgotten.
            self._unsaved = {**unsaved, **self._unsaved}
            return
        self.throttle.grant(told.granted, now)
        if learns:
            self._learned_at = now
            self.throttle.learn(told.healths)
            if self.sender in told.alive:
                self.throttle.set_share(told.alive.index(self.sender), len(told.alive))

    def _exchange(
        self, unsaved: Mapping[str, Health], wants: Mapping[str, Draw], sender: int, learns: bool
    ) -> _Told:
        told = _Told()
        if unsaved or wants:
            with self._store.write() as tx:
                destinations.save_healths(tx, unsaved)
                told.granted = destinations.draw(tx, sender, wants, day_of(self._clock.now()))
        if learns:
            with self._store.read() as tx:
                told.healths = destinations.load_healths(tx)
                told.alive = senders.alive(tx)
        return told

    async def _give_back(self) -> None:
        now = self._clock.now()
        unused = {key: -count for key, count in self.throttle.unused(now).items()}
        try:
            await asyncio.to_thread(self._end, unused, self.sender)
        except StoreError:
            return

    def _end(self, unused: Mapping[str, int], sender: int) -> None:
        if unused or self._unsaved:
            with self._store.write() as tx:
                destinations.save_healths(tx, self._unsaved)
                destinations.count_sent(tx, sender, unused, day_of(self._clock.now()))
