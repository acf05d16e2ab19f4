"""What nurture webhooks shows of subscribers, and the receiver that the docs give to copy."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from nurture.app import open_app
from nurture.clock import SECOND, SystemClock
from nurture.delivery.subscriber_health import SubscriberHealth
from nurture.messages.webhook import signed
from nurture.settings.webhooks import Subscriber
from nurture.store import feed, feed_deliveries, people, subscribers
from nurture.store.feed_deliveries import Again, Ended
from nurture.store.people import ContactGiven
from support.cli import Nurture, environment
from support.hook_server import HookServer, answer, certificate

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
SECRET = "whsec_" + "c2VjcmV0" * 6


@contextmanager
def listening(server: HookServer) -> Iterator[str]:
    """The server in a thread of its own, for a command that has the main one; its address."""
    ready, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with server:
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield f"https://localhost:{server.port}/hooks"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def subscribe(nurture: Nurture, url: str, more: str = "") -> None:
    section = f'[[webhooks]]\nname = "crm"\nurl = "{url}"\nevents = ["unsubscribed"]\n'
    text = (nurture.workspace / "nurture.toml").read_text()
    nurture.file("nurture.toml", f"{text}\n{section}{more}\n")


def happened(nurture: Nurture, count: int) -> None:
    """So many entries: the first was taken, the second failed, the third was given up, the others wait."""
    with open_app(nurture.workspace) as app:
        now = SystemClock().now()
        app.store.subscribe(
            [Subscriber(name="crm", url="https://x.test", events=("unsubscribed",))], app.clock
        )
        with app.store.write() as tx:
            given = ContactGiven(email="ann@x.test", created_at=now)
            (contact,) = people.upsert(tx, app.store.ids, [given], now).ids.values()
            feed.unsubscribed(tx, [(contact, f"t{n}", now, "a test") for n in range(count)])
        with app.store.write() as tx:
            taken = feed_deliveries.claim(tx, "crm", SystemClock().now(), 3)
            results = [
                Ended(it=taken[0], outcome="sent", at=now + SECOND, reply="204"),
                Again(it=taken[1], due_at=now + 3_600 * SECOND, reply="503 out \x1b[31mfor lunch"),
                Ended(it=taken[2], outcome="expired", at=now, reply="500 never well"),
            ]
            feed_deliveries.finish(tx, "crm", results)
            failing = SubscriberHealth(failures=1, failing_since=now, last_reply="503 out for lunch")
            subscribers.keep(tx, "crm", failing)


def test_the_list_shows_what_waits_and_how_each_does(nurture: Nurture) -> None:
    assert "Nobody is told" in nurture.ok("webhooks").out
    subscribe(nurture, "https://crm.shop.example/in")
    happened(nurture, 5)
    ran = nurture.ok("webhooks")
    assert "3 waiting, the oldest from" in ran.out
    assert "1 given up" in ran.out
    assert "the last one: sent" in ran.out
    assert "503 out for lunch" in ran.out
    assert 'while provider is "inbox"' in ran.err
    (it,) = nurture.ok("webhooks", "--json").document
    assert (it["name"], it["waiting"], it["given_up"], it["stopped_at"]) == ("crm", 3, 1, None)
    assert it["last"]["outcome"] == "sent"


def test_the_log_has_the_answers_and_no_control_characters(nurture: Nurture) -> None:
    subscribe(nurture, "https://crm.shop.example/in")
    assert nurture.ok("webhooks", "log", "crm").out == "Nothing was told yet.\n"
    happened(nurture, 5)
    lines = nurture.ok("webhooks", "log", "crm", "--json").document
    assert [it["state"] for it in lines] == ["deferred", "sent", "expired"]
    assert [it["answer"] for it in lines][1:] == ["204", "500 never well"]
    failed = nurture.ok("webhooks", "log", "crm", "--failed").out
    assert "503 out" in failed and "500 never well" in failed
    assert "\x1b" not in failed


def test_retry_makes_all_due_that_was_not_taken(nurture: Nurture) -> None:
    subscribe(nurture, "https://crm.shop.example/in")
    happened(nurture, 5)
    assert nurture.ok("webhooks", "retry", "crm", "--json").document == {
        "subscriber": "crm", "waiting": 3, "given_up": 1,
    }  # fmt: skip
    (it,) = nurture.ok("webhooks", "--json").document
    assert (it["waiting"], it["given_up"], it["failing_since"]) == (4, 0, None)


def test_a_test_event_is_signed_and_its_answer_shown(
    nurture: Nurture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NURTURE_WEBHOOKS_CRM_SECRET", SECRET)
    monkeypatch.setenv("NURTURE_NOTIFY_ALLOW", "127.0.0.0/8,::1/128")
    monkeypatch.setenv("NURTURE_NOTIFY_CA_FILE", certificate())
    server = HookServer()
    server.says = lambda _: answer() if len(server.taken) == 1 else answer("503 Busy", b"later")
    with listening(server) as url:
        subscribe(nurture, url)
        assert nurture.ok("webhook", "crm").out.strip() == SECRET
        assert nurture.ok("webhooks", "test", "crm").out == "crm took it: 204\n"
        second = nurture("webhooks", "test", "crm", "--json")
    assert second.status == 1
    assert second.document == {"subscriber": "crm", "taken": False, "answer": "503 later"}
    first = server.taken[0]
    at = int(first.headers["webhook-timestamp"]) * SECOND
    expected = signed((SECRET,), first.headers["webhook-id"], at, first.body)
    assert first.headers["webhook-signature"] == expected["webhook-signature"]


def test_a_test_goes_to_no_private_network(nurture: Nurture) -> None:
    server = HookServer()
    with listening(server) as url:
        subscribe(nurture, url)
        ran = nurture("webhooks", "test", "crm")
    assert ran.status == 1
    assert "is not an address of the world at large" in ran.out
    assert server.connections == 0


def test_a_name_that_nobody_has_is_answered_with_a_near_miss(nurture: Nurture) -> None:
    subscribe(nurture, "https://crm.shop.example/in")
    for words in (("webhooks", "log"), ("webhooks", "test"), ("webhooks", "retry"), ("webhook",)):
        ran = nurture(*words, "crn")
        assert ran.status == 2
        assert 'Did you mean "crm"?' in ran.err


def test_the_receiver_in_the_docs_takes_what_is_ours_once_and_refuses_the_rest(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    script = tmp_path / "receiver.py"
    # On whichever port is free, which it then says.
    script.write_text(
        code.replace('ThreadingHTTPServer(("127.0.0.1", 8080), Receiver).serve_forever()', "pass")
        + "\n    it = ThreadingHTTPServer(('127.0.0.1', 0), Receiver)\n"
        "    print(it.server_address[1], flush=True)\n    it.serve_forever()\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**environment(), "WEBHOOK_SECRET": SECRET},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        body = b'{"id":"feed_1","type":"sent","timestamp":"2026-03-02T09:15:04Z","data":{}}'
        now = SystemClock().now()
        ours = signed((SECRET,), "feed_1", now, body)
        both = signed(("whsec_" + "b2xk" * 12, SECRET), "feed_1", now, body)
        assert post(port, body, dict(ours)) == 204
        assert post(port, body, dict(both)) == 204
        assert post(port, body.replace(b"sent", b"tent"), dict(ours)) == 401
        assert post(port, body, dict(signed((SECRET,), "feed_1", now - 600 * SECOND, body))) == 401
        assert post(port, body, {}) == 401
        assert (
            post(port, body, dict(signed((SECRET,), "feed_2", now, body)) | {"webhook-id": "feed_3"}) == 401
        )
    finally:
        process.terminate()
        said = process.communicate()[0]
    assert said.splitlines() == ["sent 2026-03-02T09:15:04Z None"]


def post(port: int, body: bytes, headers: dict[str, str]) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
