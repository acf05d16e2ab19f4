"""Webhooks: over real TLS to a server on loopback, which is allowed for that; and what is refused before a packet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.delivery.outcome import Accepted, MessageKey, Outcome, Refused, TryLater
from nurture.providers.addresses import networks
from nurture.providers.base import Call
from nurture.providers.webhook import HookLimits, Resolve, Webhooks
from support.hook_server import ENDLESS, HANG_UP, NAME, SILENCE, HookServer, Request, answer, certificate

LOOPBACK = networks(["127.0.0.0/8"])
QUICK = HookLimits(connect=0.5, answer=0.5, whole=2.0, text=0.2)


def call(url: str, content: bytes = b'{"type":"notify"}') -> Call:
    return Call(key=MessageKey(1, 2), url=url, headers={"webhook-id": "notice_1_2"}, content=content)


def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def forbidden(host: str, _port: int) -> Sequence[str]:
    raise AssertionError(f"{host} was looked up")


async def calling(url: str, hooks: Webhooks) -> Outcome:
    try:
        return await hooks.call(call(url))
    finally:
        await hooks.close()


def called(
    says: Callable[[Request], bytes] = lambda _request: answer(),
    resolve: Resolve = here,
    *,
    ca_file: str | None = None,
    limits: HookLimits = QUICK,
) -> tuple[Outcome, HookServer]:
    """What came of one call to a server that answers so."""
    server = HookServer(says=says)

    async def run() -> Outcome:
        async with server, asyncio.timeout(30):
            trusted = certificate() if ca_file is None else ca_file
            hooks = Webhooks(LOOPBACK, ca_file=trusted, resolve=resolve, limits=limits)
            return await calling(server.url, hooks)

    return asyncio.run(run()), server


def refused(url: str, resolve: Resolve = forbidden) -> str:
    outcome = asyncio.run(calling(url, Webhooks(resolve=resolve, limits=QUICK)))
    assert isinstance(outcome, Refused)
    return outcome.reply


def test_a_call_arrives_whole_with_the_name_in_tls_and_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    outcome, server = called(lambda _request: answer("200 OK", b"hello"))
    assert outcome == Accepted(reply="200")
    (request,) = server.taken
    assert request.line == "POST /hooks?key=1 HTTP/1.1"
    assert request.headers["host"] == f"{NAME}:{server.port}"
    assert server.names == [NAME]
    assert request.headers["webhook-id"] == "notice_1_2"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("nurture/")
    assert request.body == b'{"type":"notify"}'


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://hooks.example.test/", "https:// only"),
        ("HTTP://hooks.example.test/", "https:// only"),
        ("https://", "no https:// address"),
        ("https:///path", "no https:// address"),
        ("https://a b/", "no https:// address"),
        ("https://a\r\nHost: b/", "no https:// address"),
        ("https://a\\@b/", "no https:// address"),
        ("https://user:secret@hooks.example.test/", "name or password"),
        ("https://hooks.example.test:99999/", "no https:// address"),
        ("https://" + "a" * 3_000, "no https:// address"),
        ("https://.example.test/", "no https:// address"),
        ("https:hooks.example.test/", "no https:// address"),
        ("ftp://hooks.example.test/", "no https:// address"),
    ],
)
def test_what_is_no_https_address_is_refused_unseen(url: str, says: str) -> None:
    assert says in refused(url)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433", "127.1", "0", "[::]"],
)
def test_this_machine_is_refused_however_it_is_spelled_by_its_real_resolver(host: str) -> None:
    """The only tests here that ask the machine; none of them leaves it."""

    async def run() -> tuple[Outcome, int]:
        async with HookServer() as server:
            outcome = await calling(f"https://{host}:{server.port}/", Webhooks(limits=QUICK))
            return outcome, server.connections

    outcome, connections = asyncio.run(run())
    assert isinstance(outcome, Refused) and "not an address of the world at large" in outcome.reply
    assert "[notify] allow" in outcome.reply
    assert connections == 0


def test_one_address_inside_among_others_is_enough_to_refuse() -> None:
    assert "10.0.0.7" in refused(f"https://{NAME}/", lambda _host, _port: ["8.8.8.8", "10.0.0.7"])


def test_a_name_that_changes_its_mind_is_asked_once_and_gains_nothing() -> None:
    """DNS rebinding: the address that is connected to is the one that was looked at."""
    asked = []

    def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    outcome, server = called(resolve=rebinding)
    assert outcome == Accepted(reply="204")
    assert asked == [NAME]
    assert server.connections == 1


def test_a_certificate_for_another_name_or_from_nobody_known_is_not_trusted() -> None:
    unknown, server = called(ca_file="")
    assert isinstance(unknown, TryLater) and "certificate" in unknown.reply.lower()
    assert server.taken == []

    async def other() -> Outcome:
        async with HookServer() as elsewhere:
            hooks = Webhooks(LOOPBACK, ca_file=certificate(), resolve=here, limits=QUICK)
            return await calling(f"https://other.example.test:{elsewhere.port}/", hooks)

    wrong = asyncio.run(other())
    assert isinstance(wrong, TryLater) and "other.example.test" in wrong.reply


def test_a_ca_file_that_is_not_there_is_said() -> None:
    outcome, _ = called(ca_file="/nowhere.pem")
    assert isinstance(outcome, TryLater) and "[notify] ca_file" in outcome.reply


def test_redirects_are_not_followed() -> None:
    outcome, server = called(lambda _request: answer("302 Found", location="https://127.0.0.1/admin"))
    assert isinstance(outcome, Refused) and "https://127.0.0.1/admin" in outcome.reply
    assert server.connections == 1


def test_a_refusal_is_kept_with_the_beginning_of_what_it_says_cleaned() -> None:
    outcome, _ = called(lambda _request: answer("503 Busy", b"come\r\nback\x1b[2J " * 500, retry_after="60"))
    assert isinstance(outcome, TryLater)
    assert outcome.pause == 60_000_000
    assert outcome.reply.startswith("503 come back [2J") and len(outcome.reply) <= 500


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (SILENCE, "did not answer in time"),
        (HANG_UP, "broke off"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"x" * 200_000, "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n", "does not speak HTTP"),
    ],
)
def test_silence_and_nonsense_are_tried_again(said: bytes, words: str) -> None:
    outcome, _ = called(lambda _request: said)
    assert isinstance(outcome, TryLater) and words in outcome.reply


def test_an_answer_without_end_costs_neither_time_nor_memory() -> None:
    before = time.monotonic()
    outcome, _ = called(lambda _request: ENDLESS)
    assert isinstance(outcome, TryLater) and outcome.reply.startswith("500 xxx")
    assert time.monotonic() - before < 2


def test_what_is_taken_is_taken_though_its_text_never_ends() -> None:
    outcome, server = called(
        lambda _request: answer("200 OK", content_length="1000000"), limits=HookLimits(text=0.1)
    )
    assert outcome == Accepted(reply="200")
    assert len(server.taken) == 1


def test_endless_preliminaries_end_with_the_whole_time() -> None:
    limits = HookLimits(answer=5.0, whole=0.5)
    outcome, _ = called(lambda _request: b"HTTP/1.1 100 Continue\r\n\r\n" * 50, limits=limits)
    assert isinstance(outcome, TryLater)


def test_nobody_listening_and_no_such_name_are_tried_again() -> None:
    async def run(resolve: Resolve) -> Outcome:
        return await calling(f"https://{NAME}:1/", Webhooks(LOOPBACK, resolve=resolve, limits=QUICK))

    nobody = asyncio.run(run(here))
    assert isinstance(nobody, TryLater) and "no connection" in nobody.reply

    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    lost = asyncio.run(run(unknown))
    assert isinstance(lost, TryLater) and "cannot be found: Name or service" in lost.reply
    empty = asyncio.run(run(lambda _host, _port: []))
    assert isinstance(empty, TryLater) and "no address" in empty.reply


def test_the_next_address_of_a_name_is_tried_where_the_first_takes_no_connection() -> None:
    outcome, server = called(resolve=lambda _host, _port: ["127.0.0.2", "127.0.0.1"])
    assert outcome == Accepted(reply="204")
    assert server.connections == 1


@settings(max_examples=200)
@given(st.text(max_size=60) | st.text(max_size=60).map(lambda it: "https://" + it))
def test_no_text_whatever_does_more_than_be_refused(url: str) -> None:
    async def run() -> Outcome:
        return await calling(url, Webhooks(resolve=lambda _host, _port: ["10.0.0.1"], limits=QUICK))

    assert isinstance(asyncio.run(run()), Refused)
