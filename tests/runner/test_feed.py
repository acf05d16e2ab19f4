"""Subscribers are told what happens: what is written into the feed, and what they get."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Callable, Collection

import pytest

from nurture.clock import DAY, HOUR, MINUTE, SECOND
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit
from nurture.incoming.heard import Heard
from nurture.runner.direct import DirectGiven, plan_direct
from nurture.runner.feed import ERASED
from nurture.runner.hearing import Office, hear
from nurture.runner.nightly import forget
from nurture.settings.webhooks import KINDS
from nurture.store import answers, feed, feed_deliveries, hits, settle, unsubscribe
from nurture.store.feed_deliveries import LEASE
from nurture.store.feed_details import details
from nurture.store.feeding import feeding_of
from nurture.store.settle import Settled
from support.corner import START, Corner
from support.fed import AGENT, HELLO, Fed, ended, subscriber
from support.hook_server import HookServer, answer

Open = Callable[..., Corner]


@pytest.fixture
def fed(shop: Open) -> Fed:
    return Fed(shop({"hello": HELLO}))


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
    assert {kind for who, kind in got if who == "all"} == set(KINDS) - {"bounced", "answered"}
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


def test_an_answer_is_told_with_what_was_said(fed: Fed) -> None:
    fed.subscribe(subscriber(events=["answered"], campaigns=["hello"]))
    corner = fed.corner
    corner.contact("ann@x.test")
    corner.until(START + HOUR)
    ((entry, step),) = corner.rows("SELECT enrollment_id, step_no FROM messages WHERE outcome = 'sent'")
    said = answers.Given(question="how-was-it", answer="poor", score=1.0, comment="Cold", sets={})
    with fed.store.write() as tx:
        asked = answers.asked(tx, MessageKey(entry, step))
        assert asked is not None
        assert answers.take(tx, fed.store.ids, asked, said, corner.now) == "new"
    server = fed.deliver(lambda _request: answer(), ended(fed, 1))
    data = json.loads(server.taken[0].body)["data"]
    told = {key: data[key] for key in ("question", "answer", "score", "comment")}
    assert told == {"question": "how-was-it", "answer": "poor", "score": "1", "comment": "Cold"}
    assert data["campaign"]["key"] == "hello"
    assert data["message"]["id"] == f"{entry}-{step}"


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


def test_a_bounce_that_comes_back_later_is_told_once(fed: Fed) -> None:
    fed.subscribe(subscriber(events=["bounced"]))
    corner = fed.corner
    corner.contact("ann@x.test")
    corner.until(START + HOUR)
    ((entry, step),) = corner.rows("SELECT enrollment_id, step_no FROM messages WHERE outcome = 'sent'")
    office = Office(settings=corner.app.settings, address_key=corner.app.address_key, topics={})
    for name in ("one", "two"):
        said = Heard(
            kind="bounced", severity="hard", reason="5.1.1", key=(entry, step), proof="verp", id=name
        )
        with fed.store.write() as tx:
            hear(tx, fed.store.ids, "a test", [(said, b"raw")], office, corner.now)
    ((kind, told),) = corner.rows("SELECT kind, told FROM feed")
    assert (kind, json.loads(told)) == ("bounced", {"entry": entry, "step": step, "said": "5.1.1"})


def test_a_message_outside_of_campaigns_belongs_to_none(fed: Fed) -> None:
    fed.subscribe(subscriber("all", events=["sent"]), subscriber("some", events=["sent"], campaigns="*"))
    corner = fed.corner
    contact = corner.contact("ann@x.test")
    given = DirectGiven(contact_id=contact, template="two", key="receipt 1")
    with fed.store.write() as tx:
        plan_direct(tx, fed.store.ids, corner.world(), [given], corner.now)
    corner.until(corner.now)
    for name, expected in (("all", [("", "two"), ("hello", "one")]), ("some", [("hello", "one")])):
        with fed.store.write() as tx:
            claimed = feed_deliveries.claim(tx, name, corner.now, 10)
            told = details(tx, claimed).values()
        assert sorted((it.campaign, it.template) for it in told) == expected
