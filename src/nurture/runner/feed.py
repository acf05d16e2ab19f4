"""The feed leaves: subscribers are told what happened, each by a loop of its own, for as long as the daemon runs.

Any number of processes may do so at once. What was claimed by one that died falls due again, so that an entry may come
twice, always under the same id.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

import structlog

from nurture.clock import NEVER, Clock
from nurture.delivery.outcome import Accepted, MessageKey, Outcome, Refused, TryLater, Unknown
from nurture.delivery.retry import next_try
from nurture.delivery.subscriber_health import PATIENCE, SubscriberHealth, after
from nurture.errors import StoreError
from nurture.messages.feed_body import Told, body, entry_name
from nurture.messages.webhook import signed
from nurture.providers.base import Call, Caller
from nurture.runner.feed_turns import Turns
from nurture.runner.troubles import Troubles
from nurture.settings.webhooks import Subscriber
from nurture.store import feed_deliveries, subscribers
from nurture.store.engine import Store
from nurture.store.feed_deliveries import Again, Claimed, Ended
from nurture.store.feed_details import details

AT_ONCE = 8
"""Calls to one subscriber at once, from one process."""
BATCH = 100
"""Entries claimed at once for one subscriber."""

ERASED = "the contact was erased"

Work: TypeAlias = tuple[Claimed, Told | None]
"""An entry and what it tells; None: its contact is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds."""

    look_every: float = 1.0
    write_every: float = 1.0
    """For so long at most an answer is in memory only."""
    grace: float = 30.0
    """For writing it down once the daemon is stopped and the database is gone."""


@dataclass(slots=True)
class _Batch:
    """What was claimed, and what came of it since the last time it was written down."""

    waiting: deque[Work]
    results: list[Ended | Again] = field(default_factory=list)
    answers: list[str | None] = field(default_factory=list)
    in_a_row: int = 0
    """Failures without a success between."""
    gone: str = ""
    """What it said when it wanted no more."""

    def take(self) -> Work | None:
        """The next entry; None: there is none, or the subscriber is to be left alone."""
        if not self.waiting or self.gone or self.in_a_row >= PATIENCE:
            return None
        return self.waiting.popleft()

    def note(self, result: Ended | Again, failure: str | None) -> None:
        """What came of one that was told."""
        self.results.append(result)
        self.answers.append(failure)
        self.in_a_row = 0 if failure is None else self.in_a_row + 1


class FeedLoop:
    """Tells subscribers what is due until it is stopped."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        given: Sequence[tuple[Subscriber, Sequence[str]]],
        hooks: Caller,
        *,
        alert: Callable[[str, str], None] | None = None,
        pace: Pace | None = None,
        troubles: Troubles | None = None,
        turns: Turns | None = None,
    ) -> None:
        """`given`: the subscribers, each with the secrets that sign what it is told. `alert` is called on the event
        loop with the name of one that has failed for long, and what it said."""
        self._turns = turns or Turns()
        self._store = store
        self._clock = clock
        self._given = given
        self._hooks = hooks
        self._alert = alert
        self._pace = pace or Pace()
        self._troubles = troubles or Troubles()
        self._log = structlog.get_logger("nurture.webhooks")

    async def run(self, stop: asyncio.Event) -> None:
        """Tell them until `stop` is set, then finish what is in hand."""
        try:
            # One that fails ends the others too: half of it would go unnoticed.
            async with asyncio.TaskGroup() as group:
                for it, secrets in self._given:
                    group.create_task(self._serve(it, secrets, stop))
        finally:
            await self._hooks.close()

    async def _serve(self, it: Subscriber, secrets: Sequence[str], stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                work, health = await asyncio.to_thread(self._claim, it.name)
                self._troubles.over("database", by=f"webhooks to {it.name}")
            except StoreError as error:
                self._troubles.say("database", error, "waiting for it", by=f"webhooks to {it.name}")
                work, health = [], SubscriberHealth()
            if work:
                await self._hand_over(it, secrets, work, health, stop)
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self._pace.look_every)

    def _claim(self, name: str) -> tuple[list[Work], SubscriberHealth]:
        """Claim what is due, as much as the subscriber may be given now, and load what it tells."""
        now = self._clock.now()
        with self._store.read() as tx:
            health = subscribers.health(tx, name)
            due = feed_deliveries.is_due(tx, name, now)
        if not due:
            return [], health
        if health.gone_at:
            with self._store.write() as tx:
                feed_deliveries.end_all(tx, name, now, health.last_reply)
            return [], health
        room = health.room(now, BATCH)
        if not room:
            return [], health
        with self._store.write() as tx:
            claimed = feed_deliveries.claim(tx, name, now, room)
        with self._store.read() as tx:
            told = details(tx, claimed)
        return [(it, told.get(it.feed_id)) for it in claimed], health

    async def _hand_over(
        self,
        it: Subscriber,
        secrets: Sequence[str],
        work: Sequence[Work],
        health: SubscriberHealth,
        stop: asyncio.Event,
    ) -> None:
        """Tell all of it, some at once; what is not begun when the subscriber fails or we are stopped waits on."""
        batch = _Batch(deque(work), in_a_row=0 if health.failures >= PATIENCE else health.failures)

        async def one_by_one() -> None:
            while not stop.is_set() and (next_ := batch.take()) is not None:
                await self._turns.take()
                await self._tell(it, secrets, *next_, batch)

        workers = {asyncio.create_task(one_by_one()) for _ in range(min(AT_ONCE, len(work)))}
        while workers:
            done, workers = await asyncio.wait(workers, timeout=self._pace.write_every)
            for task in done:
                task.result()
            if workers:
                await self._record(it, batch, stop)
        now = self._clock.now()
        batch.results += [Again(it=left, due_at=now, untried=True) for left, _ in batch.waiting]
        await self._record(it, batch, stop)

    async def _tell(
        self, it: Subscriber, secrets: Sequence[str], claimed: Claimed, told: Told | None, batch: _Batch
    ) -> None:
        if told is None:
            batch.results.append(Ended(it=claimed, outcome="skipped", at=self._clock.now(), reply=ERASED))
            return
        outcome = await self._call(call_of(it, secrets, told, self._clock.now()))
        now = self._clock.now()
        match outcome:
            case Accepted(reply=reply):
                batch.note(Ended(it=claimed, outcome="sent", at=now, reply=reply), None)
            case Refused(reply=reply, kind="gone"):
                batch.gone = reply
                batch.note(Ended(it=claimed, outcome="refused", at=now, reply=reply), reply)
            case Refused(reply=reply) | Unknown(reason=reply):
                # A fault of the address, not of the entry: once that is put right, it goes.
                batch.note(_later(claimed, now, reply, None), reply)
            case TryLater(reply=reply, pause=pause):
                batch.note(_later(claimed, now, reply, pause), reply)
            case _:
                assert_never(outcome)

    async def _call(self, call: Call) -> Outcome:
        try:
            return await self._hooks.call(call)
        except Exception as error:
            # Whatever a stranger's server brings about: it must not end the daemon.
            self._log.exception("a webhook failed as it should not", entry=call.key.enrollment_id)
            return TryLater(reply=f"it failed: {type(error).__name__}")

    async def _record(self, it: Subscriber, batch: _Batch, stop: asyncio.Event) -> None:
        """Write down what came of some, however long the database is gone; where that cannot be, they come again."""
        results, answers = batch.results, batch.answers
        batch.results, batch.answers = [], []
        patience = self._pace.grace
        while results and patience > 0:
            try:
                said = await asyncio.to_thread(self._write, it.name, results, answers, batch.gone)
                self._troubles.over("database", by="results of webhooks")
            except StoreError as error:
                self._troubles.say("database", error, "waiting for it", by="results of webhooks")
                await asyncio.sleep(self._pace.look_every)
                patience -= self._pace.look_every if stop.is_set() else 0
                continue
            if said and self._alert is not None:
                self._alert(it.name, said)
            return

    def _write(
        self, name: str, results: Sequence[Ended | Again], answers: Sequence[str | None], gone: str
    ) -> str:
        """What a person is to be told of the subscriber by now; empty: nothing."""
        now = self._clock.now()
        with self._store.write() as tx:
            feed_deliveries.finish(tx, name, results)
            before = subscribers.health(tx, name)
            health = after(before, answers, now, gone=bool(gone))
            if health != before:
                subscribers.keep(tx, name, health)
            if health.gone_at and not before.gone_at:
                feed_deliveries.end_all(tx, name, now, gone)
        return health.last_reply if health.told_at and not before.told_at else ""


def _later(it: Claimed, now: int, reply: str, pause: int | None) -> Ended | Again:
    at = next_try(
        attempts=it.attempt,
        first_tried_at=it.first_tried_at,
        now=now,
        key=MessageKey(it.feed_id, 0),
        stale_at=NEVER,
        pause=pause,
    )
    if at is None:
        return Ended(it=it, outcome="expired", at=now, reply=reply)
    return Again(it=it, due_at=at, reply=reply)


def call_of(it: Subscriber, secrets: Sequence[str], told: Told, now: int) -> Call:
    """The call that tells a subscriber of one entry, signed for now."""
    content = body(told)
    headers = signed(secrets, entry_name(told.feed_id), now, content)
    return Call(key=MessageKey(told.feed_id, 0), url=it.url, headers=headers, content=content)
