"""Handing letters to a relay: with and without PIPELINING, and when it breaks off or talks nonsense."""

from __future__ import annotations

import asyncio

import pytest

from nurture.delivery.outcome import Accepted, MessageKey, Refused, TryLater, Unknown
from nurture.providers.base import Letter, RelayDown
from nurture.providers.smtp import SmtpProvider
from nurture.providers.smtp_talk import Limits
from nurture.settings import Relay
from support.letters import letter
from support.list_desk import ListDesk
from support.scripted_relay import FORGOTTEN, HANG_UP, SILENCE, Answer, ScriptedRelay

PIPELINING = ("PIPELINING", "SIZE 1000000")
STEPWISE = ("SIZE 1000000",)

both = pytest.mark.parametrize("extensions", [PIPELINING, STEPWISE], ids=["pipelining", "stepwise"])


def letters(count: int) -> list[Letter]:
    return [letter(MessageKey(number, 1)) for number in range(1, count + 1)]


def once(said: str, answer: bytes, *, at: int = 0) -> Answer:
    """Answer so at the time number `at` only."""
    return lambda verb, before: answer if verb == said and before == at else None


def always(said: str, answer: bytes) -> Answer:
    return lambda verb, _before: answer if verb == said else None


def deliver(
    desk: ListDesk, relay: ScriptedRelay, *, connections: int = 1, limits: Limits | None = None
) -> ScriptedRelay:
    """Run the provider against the relay until the desk is empty, at most thirty seconds."""

    async def run() -> None:
        async with relay, asyncio.timeout(30):
            settings = Relay(host="127.0.0.1", port=relay.port, connections=connections)
            provider = SmtpProvider(settings, limits=limits)
            try:
                await provider.deliver(desk)
            finally:
                await provider.close()

    try:
        asyncio.run(run())
    finally:
        assert not desk.out, "a letter was taken and nothing was said of it"
    return relay


@both
@pytest.mark.parametrize("connections", [1, 4])
def test_every_letter_arrives_once_as_it_is(extensions: tuple[str, ...], connections: int) -> None:
    sent = letters(50)
    desk = ListDesk(sent)
    relay = deliver(desk, ScriptedRelay(extensions=extensions), connections=connections)
    assert sorted((it.recipient, it.content) for it in relay.taken) == sorted(
        (it.recipient, it.content) for it in sent
    )
    assert desk.results == {it.key: Accepted(reply="250 2.0.0 queued") for it in sent}


def test_with_pipelining_the_next_envelope_rides_behind_the_body() -> None:
    relay = deliver(ListDesk(letters(3)), ScriptedRelay(extensions=PIPELINING))
    assert [line.split()[0] for line in relay.said] == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]


@both
@pytest.mark.parametrize("phase", ["connect", "EHLO"])
def test_a_relay_that_breaks_off_before_any_letter_is_down(extensions: tuple[str, ...], phase: str) -> None:
    desk = ListDesk(letters(3))
    with pytest.raises(RelayDown) as down:
        deliver(desk, ScriptedRelay(extensions=extensions, answer=always(phase, HANG_UP)), connections=2)
    assert down.value.where.startswith("127.0.0.1:")
    assert not desk.results
    assert len(desk.waiting) == 3


def test_a_relay_that_is_not_there_is_down_and_says_where() -> None:
    async def run(desk: ListDesk) -> None:
        async with ScriptedRelay() as relay:
            port = relay.port
        await SmtpProvider(Relay(host="127.0.0.1", port=port, connections=3)).deliver(desk)

    desk = ListDesk(letters(5))
    with pytest.raises(RelayDown):
        asyncio.run(run(desk))
    assert len(desk.waiting) == 5


@both
@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA", "body"])
def test_a_connection_lost_in_any_phase_loses_and_doubles_nothing(
    extensions: tuple[str, ...], phase: str
) -> None:
    desk = ListDesk(letters(6))
    relay = deliver(desk, ScriptedRelay(extensions=extensions, answer=once(phase, HANG_UP, at=2)))
    odd = {key: outcome for key, outcome in desk.results.items() if not isinstance(outcome, Accepted)}
    assert len(relay.taken) == 6 - len(odd)
    assert len({it.recipient for it in relay.taken}) == len(relay.taken)
    if phase == "body":
        assert [type(outcome) for outcome in odd.values()] == [Unknown]
    else:
        assert all(isinstance(outcome, TryLater) for outcome in odd.values())


@both
def test_a_lost_answer_makes_a_letter_unknown_and_not_the_one_behind_it(extensions: tuple[str, ...]) -> None:
    desk = ListDesk(letters(3))
    deliver(desk, ScriptedRelay(extensions=extensions, answer=once("body", HANG_UP, at=1)))
    assert [type(desk.results[it.key]) for it in letters(3)] == [Accepted, Unknown, Accepted]


@both
def test_a_relay_that_breaks_off_after_every_body_is_not_fed_everything(extensions: tuple[str, ...]) -> None:
    desk = ListDesk(letters(20))
    with pytest.raises(RelayDown):
        deliver(desk, ScriptedRelay(extensions=extensions, answer=always("body", HANG_UP)), connections=3)
    assert len(desk.results) <= 3
    assert len(desk.waiting) >= 17


@both
@pytest.mark.parametrize(
    ("phase", "answer"),
    [
        ("MAIL", b"550 5.7.1 not you\r\n"),
        ("RCPT", b"550 5.1.1 no such user\r\n"),
        ("DATA", b"451 4.3.0 not now\r\n"),
        ("body", b"554 5.6.0 not this\r\n"),
    ],
)
def test_a_refused_letter_does_not_hold_up_the_others(
    extensions: tuple[str, ...], phase: str, answer: bytes
) -> None:
    desk = ListDesk(letters(5))
    relay = deliver(desk, ScriptedRelay(extensions=extensions, answer=once(phase, answer, at=1)))
    refused = letters(5)[1]
    assert len(desk.results) == 5
    assert isinstance(desk.results[refused.key], Refused | TryLater)
    assert [it.recipient for it in relay.taken] == [it.recipient for it in letters(5) if it != refused]
    assert relay.connections == 1


def test_an_empty_message_ends_a_transaction_only_where_no_recipient_was_taken() -> None:
    def eager(said: str, before: int) -> bytes | None:
        if said == "RCPT" and before == 1:
            return b"550 5.1.1 no such user\r\n"
        return b"354 go anyway\r\n" if said == "DATA" else None

    desk = ListDesk(letters(3))
    relay = deliver(desk, ScriptedRelay(extensions=PIPELINING, answer=eager))
    assert relay.empty_bodies == 1
    assert len(relay.taken) == 2
    assert desk.results[letters(3)[1].key] == Refused(reply="550 5.1.1 no such user", kind="hard")


@both
def test_a_letter_that_may_not_go_after_all_is_not_delivered_not_even_empty(
    extensions: tuple[str, ...],
) -> None:
    stopped = letters(4)[2].key
    desk = ListDesk(letters(4), may_go=lambda key: key != stopped)
    relay = deliver(desk, ScriptedRelay(extensions=extensions))
    assert relay.empty_bodies == 0
    assert len(relay.taken) == 3
    assert stopped not in desk.results
    assert relay.connections == 2


@both
def test_when_the_relay_closes_between_letters_the_next_one_pays_nothing(extensions: tuple[str, ...]) -> None:
    desk = ListDesk(letters(6))
    relay = deliver(
        desk, ScriptedRelay(extensions=extensions, answer=once("MAIL", b"421 4.3.2 enough\r\n", at=3))
    )
    assert len(relay.taken) == 6
    assert desk.given_back == []
    assert all(isinstance(outcome, Accepted) for outcome in desk.results.values())


@both
@pytest.mark.parametrize("garbage", [b"hello\r\n", b"\xff\xfe\r\n", b"x" * 40_000])
@pytest.mark.parametrize("phase", ["RCPT", "body"])
def test_garbage_ends_the_connection(extensions: tuple[str, ...], phase: str, garbage: bytes) -> None:
    desk = ListDesk(letters(3))
    relay = deliver(
        desk,
        ScriptedRelay(extensions=extensions, answer=once(phase, garbage, at=1)),
        limits=Limits(rcpt=0.5, final=0.5),
    )
    assert len(relay.taken) == 2
    assert len(desk.results) == 3
    if phase == "body":
        assert isinstance(desk.results[letters(3)[1].key], Unknown)


def test_an_answer_too_many_is_never_taken_for_that_of_another_letter() -> None:
    desk = ListDesk(letters(4))
    twice = once("RCPT", b"250 2.1.5 ok\r\n250 2.1.5 and again\r\n", at=1)
    relay = deliver(desk, ScriptedRelay(extensions=PIPELINING, answer=twice))
    taken = {it.recipient for it in relay.taken}
    for it in letters(4):
        outcome = desk.results[it.key]
        assert isinstance(outcome, (Accepted, Unknown) if it.recipient in taken else TryLater)


def test_a_forgotten_answer_does_not_make_the_next_one_say_that_a_letter_was_taken() -> None:
    desk = ListDesk(letters(4))
    relay = deliver(
        desk,
        ScriptedRelay(extensions=PIPELINING, answer=once("body", FORGOTTEN, at=1)),
        limits=Limits(final=0.5),
    )
    assert isinstance(desk.results[letters(4)[1].key], Unknown)
    assert len(relay.taken) == 3 - sum(isinstance(it, TryLater) for it in desk.results.values())


def test_answers_in_halves_and_two_in_a_packet_are_read_right() -> None:
    async def run(desk: ListDesk) -> list[bytes]:
        bodies: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            async def say(*pieces: bytes) -> None:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.005)

            await say(b"220 re", b"lay\r\n")
            await reader.readline()
            await say(b"250-relay\r\n250-PIPE", b"LINING\r\n250 SIZE\r\n")
            end = b""
            while True:
                for _ in range(3):
                    line = await reader.readline()
                    if not line or line.startswith(b"QUIT"):
                        writer.close()
                        return
                await say(end + b"250 ok\r\n250 o", b"k\r\n3", b"54 go\r", b"\n")
                bodies.append(await reader.readuntil(b"\r\n.\r\n"))
                end = b"250-2.0.0 que\r\n250 2.0.0 ued\r\n"
                if len(bodies) == 3:
                    await say(end[:20], end[20:])

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server, asyncio.timeout(30):
            port = server.sockets[0].getsockname()[1]
            provider = SmtpProvider(Relay(host="127.0.0.1", port=port, connections=1))
            await provider.deliver(desk)
            await provider.close()
        return bodies

    desk = ListDesk(letters(3))
    assert len(asyncio.run(run(desk))) == 3
    assert set(desk.results.values()) == {Accepted(reply="250 2.0.0 que 2.0.0 ued")}


@both
@pytest.mark.parametrize(
    ("phase", "limits", "kind"),
    [("RCPT", Limits(rcpt=0.1), TryLater), ("body", Limits(final=0.1), Unknown)],
)
def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(
    extensions: tuple[str, ...], phase: str, limits: Limits, kind: type[TryLater] | type[Unknown]
) -> None:
    desk = ListDesk(letters(3))
    relay = deliver(
        desk, ScriptedRelay(extensions=extensions, answer=once(phase, SILENCE, at=1)), limits=limits
    )
    assert isinstance(desk.results[letters(3)[1].key], kind)
    assert len(relay.taken) == 2


def test_a_letter_that_cannot_have_an_envelope_is_refused_and_the_rest_goes() -> None:
    hostile = letter(MessageKey(2, 1), "x@y.test> SIZE=9")
    sent = [letters(1)[0], hostile, letter(MessageKey(3, 1))]
    desk = ListDesk(sent)
    relay = deliver(desk, ScriptedRelay(extensions=PIPELINING))
    assert isinstance(desk.results[hostile.key], Refused)
    assert len(relay.taken) == 2


def test_the_relay_stays_up_for_those_connections_that_it_gives() -> None:
    def only_two(said: str, before: int) -> bytes | None:
        return b"421 4.7.0 too many connections\r\n" if said == "connect" and before >= 2 else None

    desk = ListDesk(letters(30))
    relay = deliver(desk, ScriptedRelay(extensions=PIPELINING, answer=only_two), connections=5)
    assert len(relay.taken) == 30


def test_a_cancelled_delivery_drops_its_connections() -> None:
    async def run(desk: ListDesk) -> int:
        relay = ScriptedRelay(extensions=PIPELINING, answer=always("body", SILENCE))
        async with relay:
            provider = SmtpProvider(Relay(host="127.0.0.1", port=relay.port, connections=2))
            work = asyncio.create_task(provider.deliver(desk))
            while len(desk.marked) < 2:
                await asyncio.sleep(0.005)
            work.cancel()
            await asyncio.wait({work})
            assert work.cancelled()
            await asyncio.sleep(0.05)
            return len(relay.taken)

    desk = ListDesk(letters(10))
    assert asyncio.run(run(desk)) == 0
    assert not desk.results
