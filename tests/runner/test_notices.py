"""Notices leave: by mail to a real relay on loopback, as webhooks over real TLS, once, and after a crash."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from structlog.testing import capture_logs

from nurture.clock import DAY, HOUR, MINUTE, NEVER, SECOND
from nurture.delivery.outcome import Accepted, MessageKey, Outcome, TryLater, Unknown
from nurture.providers.addresses import networks
from nurture.providers.base import Call, Caller, Desk, Letter, Provider
from nurture.providers.inbox import InboxProvider
from nurture.providers.smtp import SmtpProvider
from nurture.providers.webhook import HookLimits, Webhooks
from nurture.runner.daemon import Daemon
from nurture.runner.notice_letters import ERASED, NO_ADDRESS, NOBODY, SUPPRESSED, THEMSELVES, Keys
from nurture.runner.notices import ROOM, Notifying, Pace, Ways, by_hand
from nurture.runner.send import Sending
from nurture.runner.tick import Tick
from nurture.settings import Relay
from nurture.store import inbox, journeys, notices, suppressions
from nurture.store.journeys import Enrollment
from nurture.store.notices import NoticeStory, Planned
from support.corner import START, Corner
from support.hook_server import HookServer, certificate

Open = Callable[..., Corner]
HELLO = "topic: offers\nname: Say hello\nstage: prospect\nsequence:\n  - send: one\n"
OWNER = "owner@shop.example"
QUICK = Pace(look_every=0.02, grace=0.3)


class Told:
    """A shop in which notices can be planned."""

    def __init__(self, corner: Corner) -> None:
        self.corner = corner
        self.store = corner.store
        self.kept = InboxProvider(corner.store, corner.clock)

    def about(self, email: str, target: str, note: str = "") -> MessageKey:
        """Plan a notice about somebody as a step does."""
        contact = self.corner.contact(email, first_name="Ann")
        now = self.corner.now
        (id_,) = self.store.ids.take(1, now)
        campaign = max(self.corner.world().live)
        key = MessageKey(id_, 1)
        entry = Enrollment(
            id=id_, campaign_id=campaign, contact_id=contact, entry_key=f"notice {id_}", entered_at=now,
            step_no=1, since=now, due_at=NEVER,
        )  # fmt: skip
        row = Planned(
            key=key, contact_id=contact, campaign_id=campaign, target=target, note=note, planned_at=now,
            due_at=now,
        )  # fmt: skip
        with self.store.write() as tx:
            assert journeys.enroll(tx, [entry]) == {id_}
            notices.plan(tx, [row])
        return key

    def notifying(self, mail: Provider | None = None, hooks: Caller | None = None) -> Notifying:
        app, ways = self.corner.app, Ways(mail=mail or self.kept, hooks=hooks or self.kept)
        keys = Keys(webhook_secrets=app.webhook_secrets, address_key=app.address_key, signer=app.signer)
        return Notifying(self.store, self.corner.clock, self.corner.world, ways, keys, pace=QUICK)

    def hand_over(self, mail: Provider | None = None, hooks: Caller | None = None) -> int:
        with by_hand(self.notifying(mail, hooks)) as work:
            return work()

    def stories(self) -> list[NoticeStory]:
        with self.store.read() as tx:
            ids = tx.exec_driver_sql("SELECT DISTINCT contact_id FROM notices").scalars().all()
            return [it for of in notices.of_contacts(tx, ids).values() for it in of]

    def story(self) -> NoticeStory:
        (it,) = self.stories()
        return it


@pytest.fixture
def told(shop: Open) -> Told:
    return Told(shop({"hello": HELLO}))


class Kept:
    """A mail server that keeps what it takes."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.taken.append(envelope)
        return "250 2.0.0 taken"


@contextlib.asynccontextmanager
async def relay(kept: Kept) -> AsyncIterator[SmtpProvider]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(kept, hostname="relay", loop=loop), "127.0.0.1", 0)
    try:
        yield SmtpProvider(Relay(host="127.0.0.1", port=server.sockets[0].getsockname()[1]))
    finally:
        server.close()
        await server.wait_closed()


def hooks() -> Webhooks:
    """That reach the server on loopback by its name."""
    return Webhooks(
        networks(["127.0.0.0/8"]),
        ca_file=certificate(),
        resolve=lambda _host, _port: ["127.0.0.1"],
        limits=HookLimits(answer=0.5, whole=2.0),
    )


async def run_until(it: Notifying, holds: Callable[[], bool]) -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(it.run(stop))
    async with asyncio.timeout(15):
        while not holds() and not task.done():
            await asyncio.sleep(0.01)
        stop.set()
        await task


def next_due(told: Told) -> int:
    with told.store.read() as tx:
        return notices.next_due(tx)


class Scripted:
    """Answers calls and takes letters as told, and keeps them."""

    def __init__(self, says: Callable[[], Outcome], *, slow: float = 0.0) -> None:
        self.calls: list[Call] = []
        self.letters: list[Letter] = []
        self.at_once = self.most_at_once = 0
        self._says = says
        self._slow = slow

    async def call(self, call: Call) -> Outcome:
        self.calls.append(call)
        return await self._answer()

    async def post(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return await self._answer()

    async def _answer(self) -> Outcome:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(self._slow)
        self.at_once -= 1
        return self._says()

    async def deliver(self, desk: Desk) -> None:
        raise AssertionError("notices are posted one by one")

    async def close(self) -> None:
        pass


def test_a_person_gets_one_mail_through_the_relay(told: Told) -> None:
    told.about("ann@x.test", f" {OWNER} ", "Call them today")
    kept = Kept()

    async def run() -> None:
        async with relay(kept) as provider:
            await run_until(told.notifying(provider), lambda: told.story().state not in ("planned", "handed"))

    asyncio.run(run())
    (envelope,) = kept.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("hello@shop.example", [OWNER])
    parsed = message_from_bytes(bytes(envelope.content or b""), policy=default)
    assert parsed["subject"] == "Ann: Call them today"
    assert parsed["auto-submitted"] == "auto-generated"
    text = parsed.get_body(("plain",))
    assert text is not None
    assert "Campaign  Say hello" in text.get_content() and "ann@x.test" in text.get_content()
    it = told.story()
    assert (it.state, it.reply, it.step, it.campaign) == ("sent", "250 2.0.0 taken", "one", "hello")
    assert told.hand_over() == 0


def test_a_machine_gets_a_signed_webhook_that_it_can_check(told: Told) -> None:
    key = told.about("ann@x.test", "", "Hot")
    server = HookServer()

    async def run() -> int:
        async with server:
            with told.store.write() as tx:
                tx.exec_driver_sql(f"UPDATE notices SET target = '{server.url}'")
            calling = hooks()
            try:
                return await told.notifying(hooks=calling).all_due()
            finally:
                await calling.close()

    assert asyncio.run(run()) == 1
    (request,) = server.taken
    data = json.loads(request.body)
    assert (data["type"], data["data"]["note"]) == ("notify", "Hot")
    assert data["data"]["contact"]["email"] == "ann@x.test"
    assert request.headers["webhook-id"] == f"notice_{key.enrollment_id}_1"
    assert request.headers["webhook-timestamp"] == str(START // SECOND)
    secret = base64.b64decode(told.corner.app.webhook_secrets[0].removeprefix("whsec_"))
    signed = f"{request.headers['webhook-id']}.{START // SECOND}.".encode() + request.body
    expected = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert (told.story().state, told.story().reply) == ("sent", "204")


def test_a_webhook_into_our_own_network_is_refused_for_good(told: Told) -> None:
    told.about("ann@x.test", "https://127.0.0.1/admin")
    assert told.hand_over(hooks=Webhooks()) == 1
    assert told.story().state == "refused"
    assert "[notify] allow" in told.story().reply


def test_a_webhook_that_fails_is_tried_for_three_days_with_the_same_id_then_given_up(told: Told) -> None:
    told.about("ann@x.test", "https://hooks.example.test/")
    failing = Scripted(lambda: TryLater(reply="503 busy"))
    while (due := next_due(told)) < NEVER:
        told.corner.clock.move_to(due)
        told.hand_over(hooks=failing)
    calls = failing.calls
    it = told.story()
    assert (it.state, it.reply) == ("expired", "503 busy")
    assert it.done_at is not None and 40 * HOUR < it.done_at - START <= 72 * HOUR
    assert it.attempts == len(calls) > 8
    assert len({it.headers["webhook-id"] for it in calls}) == 1
    assert len({it.headers["webhook-timestamp"] for it in calls}) == len(calls)
    assert START + 4 * MINUTE <= int(calls[1].headers["webhook-timestamp"]) * SECOND <= START + 6 * MINUTE


REFUSED = {
    "": NOBODY,
    " ": NOBODY,
    "sales": NO_ADDRESS,
    "javascript:alert(1)": NO_ADDRESS,
    "Ann@X.test": THEMSELVES,
    "a b@x.test": "it cannot be written",
    "a@x.test, b@x.test": "it cannot be written",
    "a@x.test\r\nBcc: b@x.test": "it cannot be written",
    "=?utf-8?q?a=0D=0A?=@x.test": "it cannot be written",
    "Gone@shop.example": f"{SUPPRESSED}: bounced",
}


def test_what_cannot_or_must_not_go_says_why(told: Told) -> None:
    for number, target in enumerate(REFUSED):
        told.about("ann@x.test" if target == "Ann@X.test" else f"c{number}@x.test", target)
    with told.store.write() as tx:
        address = ["gone@shop.example"]
        suppressions.suppress(tx, told.corner.app.address_key, address, reason="bounced", at=START)
    nobody = Scripted(lambda: Accepted(reply="taken"))
    assert told.hand_over(nobody, nobody) == len(REFUSED)
    assert (nobody.letters, nobody.calls) == ([], [])
    for it in told.stories():
        assert it.state == ("skipped" if it.target.startswith("Gone") else "refused"), it
        assert it.reply.startswith(REFUSED[it.target]), it


def test_nobody_is_told_about_somebody_who_is_gone(told: Told) -> None:
    told.about("ann@x.test", OWNER)
    with told.store.write() as tx:
        tx.exec_driver_sql("DELETE FROM contacts")
    told.hand_over()
    assert (told.story().state, told.story().reply) == ("skipped", ERASED)


def test_where_mail_is_kept_in_the_inbox_webhooks_are_kept_too(told: Told) -> None:
    mail, hook = told.about("ann@x.test", OWNER), told.about("ben@x.test", "https://hooks.example.test/")
    assert isinstance(told.corner.app.hooks(), InboxProvider)
    assert told.hand_over() == 2
    with told.store.read() as tx:
        assert {it.key for it in inbox.search(tx)} == {mail, hook}
    assert [it.state for it in told.stories()] == ["sent", "sent"]


def test_a_tick_hands_notices_over_where_it_is_told_how(told: Told) -> None:
    corner = told.corner
    told.about("ann@x.test", OWNER)
    corner.tick.run(corner.now)
    assert told.story().state == "planned"
    assert corner.tick.next_due() > corner.now, "what nobody hands over keeps nobody awake"
    with by_hand(told.notifying()) as notify:
        tick = Tick(corner.store, corner.world(), corner.send, notify)
        assert tick.next_due() == corner.now
        tick.run(corner.now)
        assert tick.next_due() > corner.now
    assert told.story().state == "sent"


STEPS = """\
topic: offers
stage: prospect
sequence:
  - send: one
  - notify: contact.owner_email
    note: Call them today
    id: to-the-owner
  - notify: https://hooks.example.test/hot
    id: to-the-machine
  - wait: 1 day
  - send: two
"""


def test_steps_of_a_campaign_tell_the_contacts_owner_and_a_machine_and_go_on(shop: Open) -> None:
    told = Told(shop({"hello": STEPS}))
    corner = told.corner
    corner.contact("ann@x.test", attributes={"owner_email": OWNER})
    corner.contact("ben@x.test", attributes={"owner_email": 7})
    there = Scripted(lambda: Accepted(reply="taken"))
    with by_hand(told.notifying(there, there)) as notify:
        corner.tick = Tick(corner.store, corner.world(), corner.send, notify)
        corner.until(START + 2 * DAY)
    (letter,) = there.letters
    assert letter.recipient == OWNER and b"Call them today" in letter.content
    bodies = [json.loads(it.content)["data"] for it in there.calls]
    assert sorted(it["contact"]["email"] for it in bodies) == ["ann@x.test", "ben@x.test"]
    assert {it["campaign"]["step"] for it in bodies} == {"to-the-machine"}
    assert {it["engagement"]["received"] for it in bodies} == {1}
    assert sorted((it.step, it.state) for it in told.stories()) == [
        ("to-the-machine", "sent"),
        ("to-the-machine", "sent"),
        ("to-the-owner", "refused"),
        ("to-the-owner", "sent"),
    ]
    assert len(corner.inbox()) == 4, "the messages went as ever"


def test_after_a_crash_a_mail_stays_unknown_and_a_webhook_is_repeated_with_its_id(told: Told) -> None:
    told.about("ann@x.test", OWNER)
    hook = told.about("ben@x.test", "https://hooks.example.test/")
    with told.store.write() as tx:
        assert len(notices.take(tx, told.corner.now, 10)) == 2
    there = Scripted(lambda: Accepted(reply="taken"))
    while (due := next_due(told)) < NEVER:
        told.corner.clock.move_to(due)
        told.hand_over(there, there)
    assert there.letters == []
    assert [it.headers["webhook-id"] for it in there.calls] == [f"notice_{hook.enrollment_id}_1"]
    assert sorted(it.state for it in told.stories()) == ["sent", "unknown"]
    assert told.corner.now < START + HOUR


def test_told_to_stop_it_waits_a_little_then_says_what_is_true(told: Told) -> None:
    told.about("ann@x.test", OWNER)
    told.about("ben@x.test", "https://hooks.example.test/")
    slow = Scripted(lambda: Accepted(reply="never"), slow=60)
    asyncio.run(run_until(told.notifying(slow, slow), lambda: slow.at_once == 2))
    found = {it.target: it.state for it in told.stories()}
    assert found == {OWNER: "unknown", "https://hooks.example.test/": "deferred"}
    assert next_due(told) == told.corner.now


def test_told_to_stop_it_finishes_what_takes_a_moment(told: Told) -> None:
    told.about("ann@x.test", OWNER)
    quick = Scripted(lambda: Accepted(reply="taken"), slow=0.1)
    asyncio.run(run_until(told.notifying(quick, quick), lambda: quick.at_once == 1))
    assert told.story().state == "sent"


def test_a_relay_that_is_down_is_said_and_the_notice_waits(told: Told) -> None:
    told.about("ann@x.test", OWNER)
    with capture_logs() as logs:
        told.hand_over(SmtpProvider(Relay(host="127.0.0.1", port=1)))
    assert told.story().state == "deferred"
    assert [it["trouble"] for it in logs] == ["relay"]


def test_a_mail_whose_answer_never_came_is_unknown(told: Told) -> None:
    told.about("ann@x.test", OWNER)
    told.hand_over(Scripted(lambda: Unknown(reason="lost")))
    assert (told.story().state, told.story().reply, next_due(told)) == ("unknown", "lost", NEVER)


def test_a_slow_receiver_holds_up_nobody_and_many_go_at_once(told: Told) -> None:
    for number in range(ROOM + 5):
        told.about(f"c{number}@x.test", "https://hooks.example.test/")
    there = Scripted(lambda: Accepted(reply="taken"), slow=0.05)
    asyncio.run(run_until(told.notifying(hooks=there), lambda: next_due(told) == NEVER))
    assert there.most_at_once == ROOM
    assert len(there.calls) == ROOM + 5
    assert {it.state for it in told.stories()} == {"sent"}


def test_a_fault_in_calling_ends_neither_the_notice_nor_the_daemon(told: Told) -> None:
    def broken() -> Outcome:
        raise KeyError("a mistake of ours")

    told.about("ann@x.test", "https://hooks.example.test/")
    with capture_logs() as logs:
        told.hand_over(hooks=Scripted(broken))
    assert told.story().state == "deferred"
    assert "KeyError" in told.story().reply
    assert [it["log_level"] for it in logs] == ["error"]


def test_the_daemon_hands_notices_over_beside_messages(told: Told) -> None:
    corner, app = told.corner, told.corner.app
    told.about("ann@x.test", OWNER)

    async def run() -> None:
        stop = asyncio.Event()
        sending = Sending(app.store, told.kept, corner.clock, app.handling(corner.world))
        daemon = Daemon(app.store, app.settings, corner.clock, corner.world, sending, told.notifying())
        task = asyncio.create_task(daemon.run(stop))
        async with asyncio.timeout(15):
            while told.story().state != "sent":
                await asyncio.sleep(0.01)
        stop.set()
        await task

    asyncio.run(run())
