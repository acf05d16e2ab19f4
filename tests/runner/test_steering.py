"""What destinations answer holds mail back: here, in the database, and with every other sender."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Literal

from nurture.clock import DAY, HOUR, MINUTE, NEVER, SECOND, VirtualClock
from nurture.delivery.breaker import TRIPS_AT
from nurture.delivery.measures import Pause, Slow, Stop
from nurture.delivery.outcome import Accepted, Refused
from nurture.delivery.throttle import Throttle
from nurture.delivery.warm_up import day_of
from nurture.runner.steering import LEARN_EVERY, Steering
from nurture.store import destinations, senders
from nurture.store.engine import Store, open_store
from support.corner import settings

NOW = 1_790_000_000_000_000
POLICY = Refused(reply="550 5.7.1 blocked", kind="policy")
OK = Accepted(reply="250 ok")


class Ending(asyncio.Event):
    """Tells when somebody begins to wait for it: here, between two looks."""

    def __init__(self) -> None:
        super().__init__()
        self.is_awaited = asyncio.Event()

    async def wait(self) -> Literal[True]:
        self.is_awaited.set()
        return await super().wait()


class Desk:
    """A sender's steering, and whom it alerted of what."""

    def __init__(self, store: Store, clock: VirtualClock, sender: int = 0, **more: object) -> None:
        self.alerts: list[tuple[str, str]] = []
        self.clock = clock
        made = settings(Path("/"), **more)
        self.it = Steering(store, made, clock, lambda key, reply: self.alerts.append((key, reply)))
        self.it.sender = sender

    @property
    def throttle(self) -> Throttle:
        return self.it.throttle

    def look(self, later: int = 0) -> None:
        """One look at the database, and no end of this sender."""

        async def run() -> None:
            stop = Ending()
            work = asyncio.create_task(self.it.run(stop))
            await stop.is_awaited.wait()
            work.cancel()
            await asyncio.wait({work})

        self.clock.move_to(self.clock.now() + later)
        asyncio.run(run())

    def end(self) -> None:
        async def run() -> None:
            stop = Ending()
            work = asyncio.create_task(self.it.run(stop))
            await stop.is_awaited.wait()
            stop.set()
            await work

        asyncio.run(run())


def sent_today(store: Store, at: int = NOW) -> Mapping[str, int]:
    with store.read() as tx:
        return destinations.sent_on(tx, day_of(at))


def test_a_measure_holds_mail_back_at_once_and_is_told_to_all(store: Store) -> None:
    clock = VirtualClock(NOW)
    one, other = Desk(store, clock), Desk(store, clock)
    one.it.measure("google", Pause(span=HOUR), "421 4.7.0 later")
    one.it.measure("yahoo", Stop(reason="not authenticated"), "550 5.7.26 no")
    one.it.measure("", Slow(span=HOUR, per_minute=10), "421 4.7.28 rate")
    assert one.throttle.when("google", NOW) == NOW + HOUR
    assert one.throttle.when("yahoo", NOW) == NEVER
    assert other.throttle.when("google", NOW) == NOW
    one.look()
    other.look()
    assert other.throttle.when("google", NOW) == NOW + HOUR
    assert other.throttle.when("yahoo", NOW) == NEVER
    assert other.throttle.health("").slow_per_minute == 10
    assert other.throttle.health("yahoo").reply == "550 5.7.26 no"
    assert other.throttle.when("apple", NOW) == NOW
    assert [key for key, _ in one.alerts] == ["yahoo"], "what is over by itself is no alert"


def test_what_an_earlier_life_was_told_still_holds(store: Store) -> None:
    clock = VirtualClock(NOW)
    before = Desk(store, clock)
    before.look()
    before.it.measure("google", Pause(span=HOUR), "421 later")
    before.end()
    clock.move_to(NOW + MINUTE)
    after = Desk(store, clock)
    after.look()
    assert after.throttle.when("google", clock.now()) == NOW + HOUR


def test_what_a_person_resumes_goes_on_everywhere_within_seconds(store: Store) -> None:
    clock = VirtualClock(NOW)
    one, other = Desk(store, clock), Desk(store, clock)
    one.it.measure("google", Stop(reason="not authenticated"), "550 5.7.26 no")
    one.look()
    other.look()
    with store.write() as tx:
        assert destinations.resume(tx, "google", NOW + SECOND)
    clock.move_to(NOW + LEARN_EVERY + SECOND)
    for it in (one, other):
        it.look()
        assert it.throttle.when("google", clock.now()) == clock.now()
    one.look(LEARN_EVERY)
    with store.read() as tx:
        assert destinations.load_healths(tx)["google"].is_sound(clock.now()), "and nobody says it anew"


def test_many_refusals_in_a_row_stop_the_destination_and_a_person_is_told_once(store: Store) -> None:
    desk = Desk(store, VirtualClock(NOW))
    for _ in range(TRIPS_AT - 1):
        desk.it.note("google/aspmx.l.google.com", POLICY)
    desk.it.note("google/aspmx.l.google.com", OK)
    for _ in range(TRIPS_AT - 1):
        desk.it.note("google/alt1.google.com", POLICY)
        desk.it.note("yahoo/mta.yahoodns.net", POLICY)
    assert desk.alerts == []
    assert desk.throttle.when("google", NOW) == NOW
    desk.it.note("google/aspmx.l.google.com", POLICY)
    assert desk.alerts == [("google", POLICY.reply)]
    assert desk.throttle.when("google", NOW) == NOW + HOUR
    assert desk.throttle.when("yahoo", NOW) == NOW


def test_a_days_quota_is_drawn_from_the_database_and_what_is_left_is_given_back(store: Store) -> None:
    warm_up = {"since": "2026-09-21", "steps": [100, 200]}
    assert day_of(NOW) == 20_717, "that is the first day"
    clock = VirtualClock(NOW)
    desk = Desk(store, clock, 1, warm_up=warm_up)
    assert desk.throttle.when("google", NOW) > NOW, "nothing is drawn yet"
    desk.look()
    drawn = sent_today(store)["google"]
    assert drawn == 5
    went = 0
    while desk.throttle.when("google", clock.now()) <= clock.now():
        desk.throttle.took("google", clock.now())
        went += 1
    assert went == drawn
    desk.look(SECOND)
    assert sent_today(store)["google"] == 2 * drawn
    desk.throttle.took("google", clock.now())
    desk.end()
    assert sent_today(store)["google"] == drawn + 1


def test_a_quota_that_others_used_up_lets_nothing_go_until_the_next_day(store: Store) -> None:
    clock = VirtualClock(NOW)
    with store.write() as tx:
        destinations.count_sent(tx, 99, {"google": 100}, day_of(NOW))
    desk = Desk(store, clock, 1, warm_up={"since": "2026-09-21", "steps": [100, 200]})
    desk.throttle.when("google", NOW)
    desk.look()
    midnight = (day_of(NOW) + 1) * DAY
    assert desk.throttle.when("google", NOW) == midnight
    clock.move_to(midnight)
    desk.throttle.when("google", midnight)
    desk.look()
    assert desk.throttle.when("google", midnight) == midnight
    assert sent_today(store, midnight)["google"] == 10


def test_the_senders_that_live_share_what_there_is(store: Store) -> None:
    clock = VirtualClock(NOW)
    with store.write() as tx:
        for sender in (1, 2, 3):
            senders.register(tx, sender, host="a", pid=sender, now=NOW)
        senders.end(tx, 3, NOW)
    limits = {"google": {"connections": 5, "per_minute": 10}}
    one, two, gone = (Desk(store, clock, sender, destinations=limits) for sender in (1, 2, 3))
    for it in (one, two, gone):
        it.look()
    assert [it.throttle.connections("google") for it in (one, two, gone)] == [3, 2, 5]
    with store.write() as tx:
        senders.end(tx, 1, NOW)
    clock.move_to(NOW + LEARN_EVERY)
    two.look()
    assert two.throttle.connections("google") == 5


def test_a_database_that_cannot_be_written_for_a_while_makes_nothing_forgotten(sqlite_url: str) -> None:
    store = open_store(sqlite_url, now=NOW, durable=False, patience=0.02)
    desk = Desk(store, VirtualClock(NOW))
    desk.it.measure("google", Pause(span=HOUR), "421 later")
    with closing(sqlite3.connect(store.where, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        desk.look()
        other.execute("ROLLBACK")
    with store.read() as tx:
        assert destinations.load_healths(tx) == {}
    desk.look()
    with store.read() as tx:
        assert destinations.load_healths(tx)["google"].paused_until == NOW + HOUR
    store.close()
