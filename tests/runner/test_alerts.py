"""Telling a person that mail had to stop somewhere: by a mail, by a webhook, and again where that fails."""

from __future__ import annotations

import asyncio
import base64
import email
import hmac
import json
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from ipaddress import ip_network
from pathlib import Path

from structlog.testing import capture_logs

from nurture.clock import MINUTE, VirtualClock, format_iso
from nurture.messages.webhook import secrets_of
from nurture.providers.base import Caller, Provider
from nurture.providers.smtp import SmtpProvider
from nurture.providers.webhook import Webhooks
from nurture.runner.alerts import ONCE_IN, TRIES, Alerts
from nurture.settings import Relay
from support.corner import settings
from support.hook_server import HookServer, answer, certificate
from support.scripted_relay import ScriptedRelay

NOW = 1_790_000_000_000_000
SECRETS = secrets_of("", "a secret for tests, another")
REPLY = "550 5.7.26 unauthenticated ☠ <b>"
QUICK = (0.0, 0.05, 0.05)


def no_mail() -> Provider:
    raise AssertionError("no mail was to be sent")


def no_hook() -> Caller:
    raise AssertionError("no webhook was to be called")


def alerts(
    notify: str,
    clock: VirtualClock,
    mail: Callable[[], Provider] = no_mail,
    hooks: Callable[[], Caller] = no_hook,
) -> Alerts:
    made = settings(Path("/"), alerts={"notify": notify})
    return Alerts(made, clock, SECRETS, mail, hooks, tries=QUICK)


async def soon(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.15)


def relay_at(port: int) -> Callable[[], Provider]:
    return lambda: SmtpProvider(Relay(host="127.0.0.1", port=port, connections=1))


def test_it_is_tried_at_once_after_a_minute_and_after_ten_more() -> None:
    assert TRIES == (0.0, 60.0, 600.0)


def test_a_person_gets_a_mail_that_says_what_stands_still_and_what_to_do() -> None:
    async def run() -> list[tuple[str, bytes]]:
        async with ScriptedRelay() as relay:
            alerts("ops@shop.example", VirtualClock(NOW), relay_at(relay.port)).tell("google", REPLY)
            await soon(lambda: len(relay.taken) >= 1)
            return [(it.recipient, it.content) for it in relay.taken]

    ((recipient, content),) = asyncio.run(run())
    assert recipient == "ops@shop.example"
    mail = email.message_from_bytes(content, policy=SMTP)
    assert isinstance(mail, EmailMessage)
    assert (mail["To"], mail["From"]) == ("ops@shop.example", "Corner Shop <hello@shop.example>")
    assert mail["Subject"] == "nurture holds back mail to google"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] and mail["Date"]
    text = mail.get_content()
    assert REPLY in text
    assert 'nurture queue --resume "google"' in text


def test_of_one_destination_it_is_told_once_an_hour_and_of_others_at_once() -> None:
    clock = VirtualClock(NOW)

    async def run() -> list[bytes]:
        async with ScriptedRelay() as relay:
            it = alerts("ops@shop.example", clock, relay_at(relay.port))
            for minutes, key in ((0, "google"), (1, "google"), (2, ""), (3, "google")):
                clock.move_to(NOW + minutes * MINUTE)
                it.tell(key, REPLY)
            clock.move_to(NOW + ONCE_IN)
            it.tell("google", REPLY)
            await soon(lambda: len(relay.taken) >= 3)
            return [it.content for it in relay.taken]

    said = asyncio.run(run())
    assert sum(b"mail to google" in it for it in said) == 2
    assert sum(b"all destinations without a name" in it for it in said) == 1
    assert len(said) == 3


def test_a_relay_that_refuses_is_tried_three_times_and_the_log_has_it() -> None:
    async def run() -> list[str]:
        async with ScriptedRelay(
            answer=lambda said, _: b"451 later\r\n" if said == "RCPT" else None
        ) as relay:
            alerts("ops@shop.example", VirtualClock(NOW), relay_at(relay.port)).tell("google", REPLY)
            await soon(lambda: sum(it.startswith("RCPT") for it in relay.said) >= 3)
            return relay.said

    with capture_logs() as logs:
        said = asyncio.run(run())
    assert sum(it.startswith("RCPT") for it in said) == 3
    assert [it["event"] for it in logs] == [
        "mail to a destination is held back",
        *["nobody could be told"] * 3,
    ]
    assert (logs[0]["destination"], logs[0]["reply"]) == ("google", REPLY)


def test_a_relay_that_is_down_at_first_is_tried_again() -> None:
    async def run() -> int:
        async with ScriptedRelay() as gone:
            port = gone.port
        alerts("ops@shop.example", VirtualClock(NOW), relay_at(port)).tell("google", REPLY)
        await asyncio.sleep(0.03)
        async with ScriptedRelay(port=port) as relay:
            await soon(lambda: len(relay.taken) >= 1)
            return len(relay.taken)

    assert asyncio.run(run()) == 1


def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def hooks() -> Caller:
    return Webhooks([ip_network("127.0.0.0/8")], ca_file=certificate(), resolve=here)


def test_a_webhook_is_signed_and_tried_again_under_the_same_name() -> None:
    async def run() -> HookServer:
        server = HookServer()
        server.says = lambda _: answer("503 Busy" if len(server.taken) < 3 else "204 No Content")
        async with server:
            alerts(server.url, VirtualClock(NOW), hooks=hooks).tell("/mx1.shop.example", REPLY)
            await soon(lambda: len(server.taken) >= 3)
        return server

    server = asyncio.run(run())
    assert len(server.taken) == 3
    assert len({it.headers["webhook-id"] for it in server.taken}) == 1
    for it in server.taken:
        told = json.loads(it.body)
        assert told == {
            "type": "destination.held_back",
            "destination": "/mx1.shop.example",
            "reply": REPLY,
            "at": format_iso(NOW),
        }
        content = f"{it.headers['webhook-id']}.{it.headers['webhook-timestamp']}.".encode() + it.body
        expected = [
            "v1,"
            + base64.b64encode(
                hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), content, "sha256")
            ).decode()
            for secret in SECRETS
        ]
        assert it.headers["webhook-signature"].split() == expected


def test_where_nobody_is_named_the_log_alone_says_it() -> None:
    async def run() -> None:
        alerts("", VirtualClock(NOW)).tell("google", REPLY)
        await asyncio.sleep(0.01)

    with capture_logs() as logs:
        asyncio.run(run())
    assert [(it["log_level"], it["destination"]) for it in logs] == [("error", "google")]
