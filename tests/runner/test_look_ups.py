"""Looking up where mail goes: a real name server, a real database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from nurture.clock import DAY, HOUR, MINUTE, SECOND, VirtualClock
from nurture.providers.dns import Dns
from nurture.runner.lanes import Lanes
from nurture.runner.look_ups import AT_ONCE, LookUps
from nurture.store import domains, suppressions
from nurture.store.engine import Store, open_store
from support.addressed import lanes_of, plan_for
from support.letters import outcomes
from support.name_server import NameServer
from support.on_loop import on_loop

NOW = 1_790_000_000_000_000
KEY = b"k" * 32
GOOGLE = "google/aspmx.l.google.com"


@dataclass(slots=True)
class Office:
    """All that looking up needs."""

    store: Store
    clock: VirtualClock
    names: NameServer
    lanes: Lanes
    look_ups: LookUps

    async def look(self) -> None:
        """Rounds until nothing is left over."""
        while await self.look_ups.look():
            pass


@contextlib.asynccontextmanager
async def office(store: Store, *, direct: bool = True, seconds: float = 10) -> AsyncIterator[Office]:
    """`seconds`: after which a name server counts as silent."""
    clock = VirtualClock(NOW)
    async with NameServer() as names:
        names.put("google.example", "MX", "10 aspmx.l.google.com", "20 alt1.aspmx.l.google.com", ttl=3600)
        names.put("own.example", "MX", "10 MX.own.example", ttl=3600)
        names.put("plain.example", "A", "192.0.2.7", ttl=3600)
        names.put("quiet.example", "MX", "0 .", ttl=3600)
        lanes = Lanes(store, clock, direct=direct)
        dns = Dns(clock, ("127.0.0.1",), port=names.port, seconds=seconds)
        look_ups = LookUps(store, clock, lanes, dns, address_key=KEY, look_every=0.01)
        yield Office(store, clock, names, lanes, look_ups)


@on_loop
async def test_waiting_messages_come_into_their_lanes(store: Store) -> None:
    async with office(store) as it:
        emails = ["a@google.example", "b@google.example", "c@own.example", "d@plain.example"]
        keys = plan_for(store, emails, NOW, lane_of=it.lanes.lane_of)
        assert set(lanes_of(store).values()) == {"?google.example", "?own.example", "?plain.example"}
        await it.look()
        wanted = [GOOGLE, GOOGLE, "/mx.own.example", "/plain.example"]
        assert lanes_of(store) == dict(zip(keys.values(), wanted, strict=True))
        assert [it.lanes.lane_of(email) for email in emails] == wanted, "the next ones go there at once"


@on_loop
async def test_what_is_known_is_not_asked_for_again_until_it_runs_out(store: Store) -> None:
    async with office(store) as it:
        plan_for(store, ["a@own.example"], NOW)
        await it.look()
        # Planned by a process that did not know yet.
        plan_for(store, ["b@own.example"], NOW)
        await it.look()
        assert set(lanes_of(store).values()) == {"/mx.own.example"}
        assert it.names.asked == [("own.example", "MX")]
        it.clock.move_to(NOW + HOUR)
        plan_for(store, ["c@own.example"], NOW)
        await it.look()
        assert len(it.names.asked) == 2


@on_loop
async def test_mail_to_a_domain_that_is_not_there_or_takes_none_bounces(store: Store) -> None:
    async with office(store) as it:
        keys = plan_for(store, ["a@nowhere.example", "b@quiet.example"], NOW)
        later = plan_for(store, ["c@nowhere.example"], NOW, due_at=NOW + MINUTE)
        await it.look()
        said = outcomes(store)
        assert said[keys["a@nowhere.example"]] == ("bounced", "no such domain")
        assert said[keys["b@quiet.example"]] == ("bounced", "the domain takes no mail (null MX)")
        assert said[later["c@nowhere.example"]] == ("", "0")
        with store.read() as tx:
            assert suppressions.suppressed(tx, KEY, ["a@nowhere.example"])
        it.clock.move_to(NOW + MINUTE)
        await it.look()
        assert outcomes(store)[later["c@nowhere.example"]] == ("bounced", "no such domain")


@on_loop
async def test_a_domain_that_came_into_being_gets_what_waited(store: Store) -> None:
    async with office(store) as it:
        plan_for(store, ["c@young.example"], NOW, due_at=NOW + DAY)
        await it.look()
        it.names.put("young.example", "MX", "10 mx.young.example")
        it.clock.move_to(NOW + DAY)
        await it.look()
        assert list(lanes_of(store).values()) == ["/mx.young.example"]


@on_loop
async def test_while_nobody_answers_everything_waits_and_goes_on_by_itself(store: Store) -> None:
    async with office(store, seconds=0.3) as it:
        keys = plan_for(store, ["a@own.example", "b@nowhere.example"], NOW)
        it.names.silent = True
        with capture_logs() as said:
            await it.look()
            it.clock.move_to(NOW + 2 * MINUTE)
            await it.look()
        warnings = [line for line in said if line["log_level"] == "warning"]
        assert [line["event"] for line in warnings] == [
            "no name server answers: no name server answered for 0.3 seconds"
        ]
        assert {outcomes(store)[key] for key in keys.values()} == {("", "0")}
        it.names.silent = False
        it.clock.move_to(NOW + 4 * MINUTE)
        with capture_logs() as said:
            await it.look()
            await it.look()
        assert "it works again" in [line["event"] for line in said]
        assert lanes_of(store) == {keys["a@own.example"]: "/mx.own.example"}
        assert outcomes(store)[keys["b@nowhere.example"]] == ("bounced", "no such domain")


@on_loop
async def test_a_domain_nobody_can_speak_for_holds_up_no_other_and_is_no_alarm(store: Store) -> None:
    async with office(store) as it:
        keys = plan_for(store, ["a@ill.example", "b@own.example"], NOW, stale_at=NOW + HOUR)
        it.names.fail("ill.example", "SERVFAIL")
        with capture_logs() as said:
            await it.look()
        assert [line for line in said if line["log_level"] == "warning"] == []
        assert lanes_of(store) == {
            keys["a@ill.example"]: "?ill.example", keys["b@own.example"]: "/mx.own.example"
        }  # fmt: skip
        asked = len(it.names.asked)
        it.clock.move_to(NOW + 10 * SECOND)
        await it.look()
        assert len(it.names.asked) == asked, "not again within the minute"
        with capture_logs() as said:
            it.clock.move_to(NOW + HOUR)
            await it.look()
        assert len(it.names.asked) > asked
        assert [line for line in said if line["log_level"] == "warning"] == [], "the name servers do answer"
        assert outcomes(store)[keys["a@ill.example"]] == ("skipped", "stale")


@on_loop
async def test_where_nobody_says_anything_newer_what_was_known_holds(store: Store) -> None:
    async with office(store, seconds=0.3) as it:
        plan_for(store, ["a@own.example"], NOW)
        await it.look()
        it.clock.move_to(NOW + 2 * HOUR)
        it.names.silent = True
        plan_for(store, ["b@own.example"], NOW)
        await it.look()
        assert set(lanes_of(store).values()) == {"/mx.own.example"}


@on_loop
async def test_a_domain_that_moves_takes_its_waiting_messages_along(store: Store) -> None:
    async with office(store) as it:
        plan_for(store, ["a@own.example"], NOW)
        await it.look()
        it.names.put("own.example", "MX", "10 aspmx.l.google.com")
        it.clock.move_to(NOW + 2 * HOUR)
        it.lanes.refresh()
        assert it.lanes.lane_of("b@own.example") == "/mx.own.example", "as long as nothing newer is known"
        await it.look()
        assert set(lanes_of(store).values()) == {GOOGLE}


@on_loop
async def test_what_a_sender_finds_misplaced_is_moved(store: Store) -> None:
    async with office(store) as it:
        plan_for(store, ["a@own.example"], NOW, lane_of=lambda _: "/old.example")
        plan_for(store, ["b@other.example"], NOW, lane_of=lambda _: "/old.example")
        it.lanes.misplaced("own.example", "/old.example")
        await it.look()
        assert sorted(lanes_of(store).values()) == ["/mx.own.example", "/old.example"]


@on_loop
async def test_more_domains_than_go_in_one_round_all_come_to_their_turn(store: Store) -> None:
    async with office(store) as it:
        names = [f"d{n:03}.example" for n in range(AT_ONCE + 20)]
        for name in names[::2]:
            it.names.fail(name, "SERVFAIL")
        for name in names[1::2]:
            it.names.put(name, "MX", "10 aspmx.l.google.com")
        plan_for(store, [f"a@{name}" for name in names], NOW)
        await it.look()
        placed = [lane for lane in lanes_of(store).values() if lane == GOOGLE]
        assert len(placed) == len(names) // 2


@on_loop
async def test_through_a_relay_domains_are_looked_up_behind_the_planning(store: Store) -> None:
    async with office(store, direct=False) as it:
        emails = ["a@google.example", "b@own.example", "c@nowhere.example"]
        assert [it.lanes.lane_of(email) for email in emails] == ["", "", ""]
        plan_for(store, emails, NOW, lane_of=it.lanes.lane_of)
        await it.look()
        assert [it.lanes.lane_of(email) for email in emails] == ["google", "", ""]
        assert {outcome for outcome, _ in outcomes(store).values()} == {""}, "that is the relay's to say"
        with store.read() as tx:
            assert set(domains.known(tx, ["google.example", "own.example", "nowhere.example"])) == {
                "google.example", "own.example", "nowhere.example"
            }  # fmt: skip


@on_loop
async def test_through_a_relay_what_nobody_spoke_for_is_asked_for_again(store: Store) -> None:
    async with office(store, direct=False, seconds=0.3) as it:
        it.names.silent = True
        for name in ("google", "own", "plain", "quiet", "a", "b", "c"):
            it.lanes.lane_of(f"x@{name}.example")
        await it.look()
        it.names.silent = False
        for minutes in (2, 4, 6):
            it.clock.move_to(NOW + minutes * MINUTE)
            await it.look()
        assert it.lanes.lane_of("x@google.example") == "google"
        assert len({name for name, _ in it.names.asked}) == 7


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url, now=NOW, durable=False)
    yield opened
    opened.close()


@on_loop
async def test_it_runs_beside_everything_else_until_it_is_stopped(sqlite_store: Store) -> None:
    async with office(sqlite_store) as it:
        stop = asyncio.Event()
        running = asyncio.create_task(it.look_ups.run(stop))
        plan_for(sqlite_store, ["a@own.example"], NOW)
        while set(lanes_of(sqlite_store).values()) != {"/mx.own.example"}:
            await asyncio.sleep(0.01)
        stop.set()
        await running
