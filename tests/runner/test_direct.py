"""Mail without a relay, by the parts of the daemon: look-ups, sending and steering, with real servers on loopback."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from structlog.testing import capture_logs

from nurture.clock import MINUTE, Moment, Span, SystemClock
from nurture.delivery.outcome import MessageKey
from nurture.lifecycle.stages import Lifecycle
from nurture.messages.library import Library
from nurture.providers.addresses import networks
from nurture.providers.base import Letter
from nurture.providers.dns import Dns
from nurture.providers.mx import MxProvider
from nurture.runner.lanes import Lanes
from nurture.runner.look_ups import LookUps
from nurture.runner.send import Handling, Pace, Sending
from nurture.runner.steering import Steering
from nurture.runner.world import Letters
from nurture.runner.world import World as InForce
from nurture.settings import load
from nurture.store import suppressions
from nurture.store.claims import Claimed
from nurture.store.engine import Store
from nurture.store.suppressions import hash_address
from support.addressed import lanes_of, plan_for
from support.fake_providers import FakeProvider, World, five_providers, world
from support.letters import letter, outcomes
from support.on_loop import on_loop

KEY = b"k" * 32
SENDER = '[sender]\nfrom = "Shop <hello@shop.test>"\naddress = "1 Main Street"\n'
QUICK = Pace(look_every=0.05, beat_every=0.2, grace=5.0)


class Later:
    """The machine's clock, as much later as it was told."""

    def __init__(self) -> None:
        self.by: Span = 0

    def now(self) -> Moment:
        return SystemClock().now() + self.by


@dataclass(slots=True)
class House:
    """One process that sends."""

    store: Store
    place: World
    clock: Later
    steering: Steering
    lanes: Lanes
    emails: dict[MessageKey, str] = field(default_factory=dict)

    def plan(self, *emails: str) -> None:
        """One more message to each, due now."""
        keys = plan_for(self.store, emails, self.clock.now(), lane_of=self.lanes.lane_of)
        self.emails |= {key: email for email, key in keys.items()}

    def prepare(self, claims: list[Claimed]) -> Sequence[Letter]:
        """A letter to each, whatever the gates would say."""
        return [letter(it.key, self.emails[it.key]) for it in claims]

    def said(self) -> dict[str, tuple[str, str]]:
        """What became of the message to each."""
        return {self.emails[key]: said for key, said in outcomes(self.store).items()}

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for it."""
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.02)

    async def until_done(self) -> None:
        """Wait until nothing is on its way."""
        await self.until(lambda: all(outcome for outcome, _ in self.said().values()))


@asynccontextmanager
async def house(
    store: Store, folder: Path, *providers: FakeProvider, limits: str = "", seconds: float = 10
) -> AsyncIterator[House]:
    """The parts at work, put together as `app.py` does it. `seconds`: after which a name server counts as silent."""
    (folder / "nurture.toml").write_text(SENDER + limits, "utf-8")
    settings, clock = load(folder, {}), Later()
    nothing = InForce(
        settings=settings,
        version=1,
        lifecycle=Lifecycle(stages=()),
        offers={},
        live={},
        letters=Letters(library=Library({})),
    )
    async with world(*providers) as place:
        lanes = Lanes(store, clock, direct=True)
        dns = Dns(clock, ("127.0.0.1",), port=place.names.port, seconds=seconds)
        steering = Steering(store, settings, clock, lambda _key, _reply: None)
        provider = MxProvider(
            clock,
            dns,
            steering.throttle,
            known=lanes.site_of,
            misplaced=lanes.misplaced,
            on_measure=steering.measure,
            port=place.port,
            networks=networks(["127.0.0.0/8"]),
        )
        it = House(store, place, clock, steering, lanes)
        handling = Handling(
            prepare=it.prepare, hash_address=lambda address: hash_address(KEY, address), delivers=True
        )
        sending = Sending(
            store, provider, clock, handling, pace=QUICK, steering=steering, world=lambda: nothing
        )
        look_ups = LookUps(store, clock, lanes, dns, address_key=KEY, look_every=0.05)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for part in (sending, steering, look_ups):
                group.create_task(part.run(stop))
            try:
                yield it
            finally:
                stop.set()


@on_loop
async def test_mail_to_new_domains_is_looked_up_and_delivered_within_their_limits(
    store: Store, tmp_path: Path
) -> None:
    five = five_providers(scale=100)
    people = [f"p{number}@{place}" for it in five for place in it.domains for number in range(25)]
    async with house(store, tmp_path, *five) as it:
        it.plan(*people)
        assert {lane[:1] for lane in lanes_of(it.store).values()} <= {"?"}
        await it.until_done()
        assert Counter(to for one in five for to in one.taken) == Counter(people), "each once"
        assert all(one.kept for one in five), [one.broken for one in five]
        it.plan("p99@gmail.com")
        assert set(lanes_of(it.store).values()) == {"google/mx1.google.com"}, "now it is known"
        await it.until_done()
    assert {outcome for outcome, _ in it.said().values()} == {"sent"}


@on_loop
async def test_domains_without_mail_servers_bounce_and_hold_up_nobody(store: Store, tmp_path: Path) -> None:
    place = FakeProvider(name="shop.example", addresses=("127.0.9.2",), domains=("shop.example",))
    async with house(store, tmp_path, place) as it:
        it.place.names.put("quiet.example", "MX", "0 .")
        it.plan("a@nowhere.example", "b@quiet.example", "c@shop.example")
        await it.until_done()
        assert it.said() == {
            "a@nowhere.example": ("bounced", "no such domain"),
            "b@quiet.example": ("bounced", "the domain takes no mail (null MX)"),
            "c@shop.example": ("sent", "250 2.0.0 taken"),
        }
        with it.store.read() as tx:
            assert set(suppressions.suppressed(tx, KEY, list(it.said()))) == {
                "a@nowhere.example",
                "b@quiet.example",
            }


@on_loop
async def test_silent_name_servers_are_said_once_and_mail_goes_on_by_itself_when_they_answer(
    store: Store, tmp_path: Path
) -> None:
    place = FakeProvider(name="shop.example", addresses=("127.0.9.2",), domains=("shop.example",))
    with capture_logs() as said:
        async with house(store, tmp_path, place, seconds=0.3) as it:
            it.plan("known@shop.example")
            await it.until_done()
            it.place.names.silent = True
            it.plan("ann@shop.example", *(f"ann@other{number}.example" for number in range(20)))
            await it.until(lambda: any(line.get("trouble") == "dns" for line in said))
            await it.until(lambda: "ann@shop.example" in place.taken)
            before = time.process_time()
            await asyncio.sleep(0.5)
            assert time.process_time() - before < 0.2, "what waits for a look-up keeps nobody busy"
            assert Counter(outcome for outcome, _ in it.said().values()) == {"sent": 2, "": 20}
            it.place.names.silent = False
            it.clock.by += MINUTE
            await it.until_done()
    troubles = [line for line in said if line["log_level"] == "warning"]
    assert len(troubles) == 1, troubles
    assert troubles[0]["event"].startswith("no name server answers")
    assert Counter(outcome for outcome, _ in it.said().values()) == {"sent": 2, "bounced": 20}


@on_loop
async def test_a_rate_holds_for_all_domains_of_a_provider_together(store: Store, tmp_path: Path) -> None:
    place = five_providers()[0]
    # A second's share, and what may be made up for.
    place.per_window, place.window = 50 + 20, 1.0
    people = [f"p{number}@{place.domains[number % 2]}" for number in range(60)]
    limits = "[destinations.google]\nper_minute = 3000\n"
    async with house(store, tmp_path, place, limits=limits) as it:
        begin = time.monotonic()
        it.plan(*people)
        await it.until_done()
        assert time.monotonic() - begin > 0.7
        assert place.kept, place.broken
        assert Counter(place.taken) == Counter(people)


@on_loop
async def test_a_provider_that_takes_its_time_gets_them_further_apart(store: Store, tmp_path: Path) -> None:
    place = five_providers()[0]
    place.pause = 0.6
    async with house(store, tmp_path, place, limits="[destinations.google]\nper_minute = 6000\n") as it:
        it.plan("ann@gmail.com")
        await it.until_done()
        assert 5800 < it.steering.throttle.room("google", it.clock.now(), MINUTE) < 5950
