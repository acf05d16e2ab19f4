"""Subscribers are told what happens: what is written into the feed, and how it leaves over real TLS."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

import pytest

from nurture.clock import DAY, HOUR, MINUTE, SECOND
from nurture.delivery.outcome import MessageKey
from nurture.delivery.subscriber_health import LONGEST_REST, PATIENCE
from nurture.engagement.hit import Hit
from nurture.providers.addresses import Network, networks
from nurture.providers.webhook import HookLimits, Webhooks
from nurture.runner.feed import ERASED, FeedLoop, Pace
from nurture.runner.nightly import forget
from nurture.settings.webhooks import KINDS, Subscriber
from nurture.store import feed, feed_deliveries, hits, settle, subscribers, unsubscribe
from nurture.store.feed_deliveries import LEASE
from nurture.store.feeding import feeding_of
from nurture.store.settle import Settled
from support.corner import START, Corner
from support.hook_server import HookServer, Request, answer, certificate

Open = Callable[..., Corner]
HELLO = """\
topic: offers
name: Say hello
stage: prospect
goal: orders.count >= 1
sequence:
  - send: one
  - wait: 2 days
  - send: two
"""
AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15"
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
QUICK = Pace(look_every=0.01, write_every=0.05)
LOOPBACK = networks(["127.0.0.0/8"])


def subscriber(name: str = "crm", url: str = "https://hooks.example.test/", **more: Any) -> Subscriber:
    return Subscriber.model_validate({"name": name, "url": url, "events": "all", **more})


class Fed:
    """A shop whose subscribers are told."""

    def __init__(self, corner: Corner) -> None:
        self.corner = corner
        self.store = corner.store
        self.alerts: list[tuple[str, str]] = []

    def subscribe(self, *subscribers_: Subscriber) -> None:
        self.store.subscribe(subscribers_, self.corner.clock)

    def happened(self, count: int) -> list[int]:
        """So many things that subscribers are told of; the ids of their entries."""
        contact = self.corner.contact(f"c{self.corner.now}@x.test")
        with self.store.write() as tx:
            feed.unsubscribed(tx, [(contact, f"t{n}", self.corner.now, "a test") for n in range(count)])
        return [id_ for (id_,) in self.corner.rows("SELECT id FROM feed ORDER BY id")]

    def told(self) -> list[tuple[str, str]]:
        """(subscriber, kind) of each delivery, by kind."""
        rows = self.corner.rows(
            "SELECT d.subscriber, f.kind FROM feed_deliveries d JOIN feed f ON f.id = d.feed_id"
            " ORDER BY f.at, f.kind, d.subscriber"
        )
        return [(who, kind) for who, kind in rows]

    def states(self, name: str = "crm") -> list[tuple[int, str, int]]:
        """(state, outcome, attempts) of each delivery, oldest first."""
        rows = self.corner.rows(
            f"SELECT state, outcome, attempts FROM feed_deliveries WHERE subscriber = '{name}' ORDER BY feed_id"
        )
        return [tuple(row) for row in rows]

    def loop(
        self, *given: Subscriber, allow: Sequence[Network] = LOOPBACK, hooks: Webhooks | None = None
    ) -> FeedLoop:
        calls = hooks or Webhooks(
            allow,
            ca_file=certificate(),
            resolve=lambda _host, _port: ["127.0.0.1"],
            limits=HookLimits(answer=0.5, whole=2.0, text=0.1),
            keep=True,
        )
        alert = lambda name, said: self.alerts.append((name, said))  # noqa: E731
        each = [(it, (SECRET,)) for it in given]
        return FeedLoop(self.store, self.corner.clock, each, calls, alert=alert, pace=QUICK)

    async def run(self, loop: FeedLoop, holds: Callable[[], bool]) -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(loop.run(stop))
        async with asyncio.timeout(20):
            while not holds() and not task.done():
                await asyncio.sleep(0.01)
            stop.set()
            await task

    def deliver(self, says: Callable[[Request], bytes], done: Callable[[], bool], *names: str) -> HookServer:
        """Run the loop for these subscribers against a server that answers so, until it is done."""
        server = HookServer(says=says)

        async def run() -> None:
            async with server:
                given = [subscriber(name, server.url) for name in names or ("crm",)]
                await self.run(self.loop(*given), done)

        asyncio.run(run())
        return server


@pytest.fixture
def fed(shop: Open) -> Fed:
    return Fed(shop({"hello": HELLO}))


def ended(fed: Fed, count: int) -> Callable[[], bool]:
    return lambda: [state for state, *_ in fed.states()].count(2) >= count


def test_each_thing_that_happens_is_written_for_who_subscribes_to_it(fed: Fed) -> None:
    fed.subscribe(
        subscriber("all"), subscriber("some", events=["sent", "stage-changed"]),
        subscriber("others", campaigns=["win-back*"]),
    )  # fmt: skip
    corner = fed.corner
    corner.contact("ann@x.test", first_name="Ann")
    corner.until(START + HOUR)
    ((entry, step),) = corner.rows("SELECT enrollment_id, step_no FROM messages WHERE outcome = 'sent'")
    key = MessageKey(entry, step)
    with fed.store.write() as tx:
        hits.record(
            tx, [Hit(key=key, kind="click", link_no=1, at=corner.now, agent=AGENT)], fed.store.ids, corner.now
        )
    corner.until(START + 2 * HOUR)
    corner.order("ann@x.test", corner.now, "o1")
    corner.until(START + 3 * HOUR)
    with fed.store.write() as tx:
        unsubscribe.unsubscribe(tx, key, ["offers"], fed.store.ids, corner.now, basis=unsubscribe.PAGE)
    got = fed.told()
    assert {kind for who, kind in got if who == "all"} == set(KINDS) - {"bounced"}
    assert [kind for who, kind in got if who == "all"].count("enrolled") == 1
    assert {kind for who, kind in got if who == "some"} == {"sent", "stage-changed"}
    # What belongs to the contact alone comes to who asks for certain campaigns, too.
    assert {kind for who, kind in got if who == "others"} == {"unsubscribed", "stage-changed"}


def test_a_bounce_is_told_with_its_reason(fed: Fed) -> None:
    fed.subscribe(subscriber(events=["bounced"]))
    corner = fed.corner
    contact = corner.contact("ann@x.test", external_id="A-1", first_name="Ann")
    corner.until(START + HOUR)
    ((entry, step),) = corner.rows("SELECT enrollment_id, step_no FROM messages WHERE outcome = 'sent'")
    with fed.store.write() as tx:
        tx.exec_driver_sql("UPDATE messages SET outcome = 'unknown'")
    with fed.store.write() as tx:
        gone = Settled(key=MessageKey(entry, step), outcome="bounced", at=corner.now, reason="550 no\0body")
        settle.settle(tx, [gone], was="unknown")
    server = fed.deliver(lambda _request: answer(), ended(fed, 1))
    told = json.loads(server.taken[0].body)
    assert told["type"] == "bounced"
    assert told["data"] == {
        "contact": {"id": str(contact), "email": "ann@x.test", "external_id": "A-1"},
        "campaign": {"key": "hello", "name": "Say hello"},
        "message": {"id": f"{entry}-{step}", "step": told["data"]["message"]["step"], "template": "one"},
        "reason": "550 no\ufffdbody",
    }


def test_nothing_is_asked_or_written_where_nobody_subscribes(fed: Fed) -> None:
    fed.corner.contact("ann@x.test")
    fed.corner.until(START + 3 * DAY)
    assert fed.corner.rows("SELECT id FROM feed") == []
    with fed.store.write() as tx:
        assert feeding_of(tx) is None
    fed.subscribe(subscriber(events=["clicked"]))
    fed.corner.contact("bob@x.test")
    fed.corner.until(START + 6 * DAY)
    assert fed.corner.rows("SELECT id FROM feed") == []


def test_history_that_is_imported_is_no_news(fed: Fed) -> None:
    fed.subscribe(subscriber(events=["stage-changed"]))
    fed.corner.contact("ann@x.test", at=START - 90 * DAY)
    fed.corner.order("ann@x.test", START - 60 * DAY, "old")
    fed.corner.until(START + HOUR)
    old = fed.corner.rows("SELECT at FROM transitions")
    assert min(at for (at,) in old) < START - feed.KEPT
    assert fed.corner.rows(f"SELECT id FROM feed WHERE at < {START - feed.KEPT}") == []


def test_a_call_is_signed_and_says_what_happened(fed: Fed) -> None:
    fed.subscribe(subscriber())
    (id_,) = fed.happened(1)
    server = fed.deliver(lambda _request: answer(), ended(fed, 1))
    (taken,) = server.taken
    assert taken.headers["webhook-id"] == f"feed_{id_}"
    signed = f"feed_{id_}.{taken.headers['webhook-timestamp']}.".encode() + taken.body
    made = base64.b64encode(hmac.digest(b"s" * 32, signed, "sha256")).decode()
    assert taken.headers["webhook-signature"] == f"v1,{made}"
    told = json.loads(taken.body)
    assert (told["id"], told["type"], told["version"]) == (f"feed_{id_}", "unsubscribed", 1)
    assert told["timestamp"] == "2017-01-01T00:00:00Z"
    assert told["data"]["topic"] == "t0"
    assert fed.states() == [(2, "sent", 1)]


def test_a_click_names_the_link_as_the_template_has_it(fed: Fed) -> None:
    fed.subscribe(subscriber(events=["clicked"]))
    corner = fed.corner
    corner.contact("ann@x.test")
    corner.until(START + HOUR)
    ((entry, step),) = corner.rows("SELECT enrollment_id, step_no FROM messages WHERE outcome = 'sent'")
    clicks = [
        Hit(key=MessageKey(entry, step), kind="click", link_no=1, at=corner.now + n * MINUTE, agent=AGENT)
        for n in range(2)
    ]
    for it in clicks:
        with fed.store.write() as tx:
            hits.record(tx, [it], fed.store.ids, corner.now)
    server = fed.deliver(lambda _request: answer(), ended(fed, 1))
    (taken,) = server.taken
    assert json.loads(taken.body)["data"]["link"] == "https://shop.example/"


def test_a_failure_is_tried_again_under_the_same_id(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(1)
    first = fed.deliver(lambda _request: answer("503 Later"), lambda: fed.states() == [(0, "", 1)])
    fed.corner.clock.move_to(fed.corner.now + 7 * MINUTE)
    then = fed.deliver(lambda _request: answer(), ended(fed, 1))
    assert [it.headers["webhook-id"] for it in first.taken] == [it.headers["webhook-id"] for it in then.taken]
    assert fed.states() == [(2, "sent", 2)]


def test_what_fails_for_three_days_is_given_up(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(1)
    tries = 0
    while fed.states()[0][0] != 2 and tries < 20:
        before = fed.states()[0][2]
        fed.deliver(
            lambda _request: answer("500 No"),
            lambda before=before: fed.states()[0][2] > before and fed.states()[0][0] != 1,
        )
        ((due,),) = fed.corner.rows("SELECT due_at FROM feed_deliveries")
        fed.corner.clock.move_to(max(due, fed.corner.now + LONGEST_REST))
        tries += 1
    assert fed.states() == [(2, "expired", tries)]
    assert fed.corner.now - START > 60 * HOUR


def test_private_addresses_are_not_called_and_the_entry_waits(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(1)
    server = HookServer()

    async def run() -> None:
        async with server:
            loop = fed.loop(subscriber(url=server.url), allow=())
            await fed.run(loop, lambda: fed.states() == [(0, "", 1)])

    asyncio.run(run())
    assert server.connections == 0
    with fed.store.read() as tx:
        (line,) = feed_deliveries.log(tx, "crm", 10, failed=True)
    assert "is not an address of the world at large" in line.reply
    assert line.state == "deferred"


def test_a_subscriber_that_fails_rests_and_the_others_do_not(fed: Fed) -> None:
    fed.subscribe(subscriber("bad"), subscriber("good"))
    fed.happened(40)

    async def run() -> tuple[HookServer, HookServer]:
        async with HookServer(says=lambda _request: answer("500 No")) as bad, HookServer() as good:
            loop = fed.loop(subscriber("bad", bad.url), subscriber("good", good.url))
            await fed.run(
                loop,
                lambda: {it[0] for it in fed.states("good")} == {2} and {it[0] for it in fed.states("bad")} == {0}
                and any(it[2] for it in fed.states("bad")),
            )  # fmt: skip
        return bad, good

    bad, good = asyncio.run(run())
    assert len(good.taken) == 40
    # Those under way when it was clear; the others were not tried.
    assert PATIENCE <= len(bad.taken) <= PATIENCE + 8
    with fed.store.read() as tx:
        health = subscribers.health(tx, "bad")
        assert subscribers.health(tx, "good").failures == 0
    assert health.paused_until == fed.corner.now + 10 * SECOND
    assert fed.alerts == []


def test_after_an_hour_of_failing_a_person_is_told_once_and_all_goes_when_it_is_well(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(20)

    def tried() -> int:
        return sum(attempts for _, _, attempts in fed.states())

    def none_under_way() -> bool:
        return all(state != 1 for state, *_ in fed.states())

    fed.deliver(lambda _request: answer("500 No"), lambda: tried() >= PATIENCE and none_under_way())
    for _ in range(3):
        fed.corner.clock.move_to(fed.corner.now + 70 * MINUTE)
        before = tried()
        fed.deliver(
            lambda _request: answer("500 Broken"), lambda before=before: tried() > before and none_under_way()
        )
        # One, to see whether it is well.
        assert tried() == before + 1
    assert fed.alerts == [("crm", "500")] or [name for name, _ in fed.alerts] == ["crm"]
    fed.corner.clock.move_to(fed.corner.now + 9 * HOUR)
    fed.deliver(lambda _request: answer(), ended(fed, 20))
    with fed.store.read() as tx:
        assert subscribers.health(tx, "crm").failures == 0


def test_one_that_says_gone_hears_nothing_more_until_told_to(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(30)
    server = fed.deliver(lambda _request: answer("410 Gone"), ended(fed, 30))
    assert len(server.taken) <= 8
    assert {outcome for _, outcome, _ in fed.states()} == {"refused"}
    assert [name for name, _ in fed.alerts] == ["crm"]
    fed.corner.clock.move_to(fed.corner.now + DAY)
    fed.happened(1)
    assert fed.deliver(lambda _request: answer(), ended(fed, 31)).taken == []
    with fed.store.write() as tx:
        subscribers.keep(tx, "crm", subscribers.WELL)
        assert feed_deliveries.bring_forward(tx, "crm", fed.corner.now) == (0, 31)
    again = fed.deliver(lambda _request: answer(), ended(fed, 31))
    assert len(again.taken) == 31


def test_what_a_dead_process_had_claimed_comes_again_under_the_same_id(fed: Fed) -> None:
    fed.subscribe(subscriber())
    made = fed.happened(3)
    with fed.store.write() as tx:
        # Claimed, and then the process was killed, whatever it had told of them.
        claimed = feed_deliveries.claim(tx, "crm", fed.corner.now, 10)
        assert [it.feed_id for it in claimed] == made
    with fed.store.write() as tx:
        assert feed_deliveries.claim(tx, "crm", fed.corner.now + LEASE - 1, 10) == []
    fed.corner.clock.move_to(fed.corner.now + LEASE)
    server = fed.deliver(lambda _request: answer(), ended(fed, 3))
    assert sorted(it.headers["webhook-id"] for it in server.taken) == [f"feed_{it}" for it in made]
    late = [feed_deliveries.Ended(it=it, outcome="expired", at=fed.corner.now) for it in claimed]
    with fed.store.write() as tx:
        feed_deliveries.finish(tx, "crm", late)
    assert fed.states() == [(2, "sent", 2)] * 3


def test_what_was_not_begun_when_it_is_stopped_waits_on_as_if_untouched(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(50)
    server = HookServer()

    async def run() -> None:
        async with server:
            loop = fed.loop(subscriber(url=server.url))
            await fed.run(loop, lambda: bool(server.taken))

    asyncio.run(run())
    done = [it for it in fed.states() if it[0] == 2]
    assert len(done) == len(server.taken)
    assert {it for it in fed.states() if it not in done} <= {(0, "", 0)}


def test_two_processes_tell_each_entry_once(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(60)
    server = HookServer()

    async def run() -> None:
        async with server:
            one, two = fed.loop(subscriber(url=server.url)), fed.loop(subscriber(url=server.url))
            await asyncio.gather(fed.run(one, ended(fed, 60)), fed.run(two, ended(fed, 60)))

    asyncio.run(run())
    ids = [it.headers["webhook-id"] for it in server.taken]
    assert len(ids) == len(set(ids)) == 60


def test_who_is_erased_is_not_told_of(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(2)
    contacts: Collection[int] = {id_ for (id_,) in fed.corner.rows("SELECT contact_id FROM feed")}
    with fed.store.write() as tx:
        tx.exec_driver_sql("DELETE FROM contacts")
    server = fed.deliver(lambda _request: answer(), ended(fed, 2))
    assert server.taken == []
    with fed.store.read() as tx:
        assert {it.reply for it in feed_deliveries.log(tx, "crm", 10)} == {ERASED}
    with fed.store.write() as tx:
        assert feed.forget_contacts(tx, contacts) == 2
    assert fed.corner.rows("SELECT feed_id FROM feed_deliveries") == []


def test_an_entry_is_kept_for_thirty_days(fed: Fed) -> None:
    fed.subscribe(subscriber())
    fed.happened(3)
    fed.corner.clock.move_to(START + 29 * DAY)
    forget(fed.store, fed.corner.now)
    assert len(fed.corner.rows("SELECT id FROM feed")) == 3
    forget(fed.store, START + 30 * DAY + SECOND)
    assert fed.corner.rows("SELECT id FROM feed") == []
    assert fed.corner.rows("SELECT feed_id FROM feed_deliveries") == []
