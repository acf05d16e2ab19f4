"""One letter by itself: over a connection of its own, or into the inbox."""

from __future__ import annotations

import asyncio
import json

import pytest

from nurture.clock import HOUR, VirtualClock
from nurture.delivery.outcome import Accepted, MessageKey, Outcome, Refused, TryLater, Unknown
from nurture.providers.base import Call, Letter, RelayDown
from nurture.providers.inbox import InboxProvider
from nurture.providers.smtp import SmtpProvider
from nurture.providers.smtp_talk import Limits
from nurture.settings import Relay
from nurture.store import inbox
from nurture.store.engine import Store
from nurture.web.letters import take_apart
from support.letters import letter
from support.scripted_relay import HANG_UP, SILENCE, ScriptedRelay

KEY = MessageKey(1, 2)
both = pytest.mark.parametrize("extensions", [("PIPELINING",), ()], ids=["pipelining", "stepwise"])


def posted(
    extensions: tuple[str, ...], said: str = "", answer: bytes = b"", it: Letter | None = None
) -> tuple[Outcome, ScriptedRelay]:
    relay = ScriptedRelay(extensions=extensions, answer=lambda verb, _: answer if verb == said else None)

    async def run() -> Outcome:
        async with relay, asyncio.timeout(30):
            provider = SmtpProvider(
                Relay(host="127.0.0.1", port=relay.port, connections=3), limits=Limits(final=0.2)
            )
            return await provider.post(it or letter(KEY))

    return asyncio.run(run()), relay


@both
def test_one_letter_goes_over_one_connection(extensions: tuple[str, ...]) -> None:
    outcome, relay = posted(extensions)
    assert outcome == Accepted(reply="250 2.0.0 queued")
    assert [it.recipient for it in relay.taken] == [letter(KEY).recipient]
    assert relay.connections == 1
    assert relay.said[-1] == "QUIT"


@both
@pytest.mark.parametrize(
    ("said", "answer", "outcome"),
    [
        ("RCPT", b"550 5.1.1 nobody\r\n", Refused(reply="550 5.1.1 nobody", kind="hard")),
        ("RCPT", b"451 4.7.5 soon\r\n", TryLater(reply="451 4.7.5 soon")),
        ("MAIL", b"450 4.2.1 busy\r\n", TryLater(reply="450 4.2.1 busy", pause=HOUR)),
    ],
)
def test_answers_mean_what_they_mean_for_messages(
    extensions: tuple[str, ...], said: str, answer: bytes, outcome: Outcome
) -> None:
    assert posted(extensions, said, answer)[0] == outcome


@both
@pytest.mark.parametrize("answer", [HANG_UP, SILENCE])
def test_a_body_without_an_answer_is_unknown(extensions: tuple[str, ...], answer: bytes) -> None:
    assert isinstance(posted(extensions, "body", answer)[0], Unknown)


@both
@pytest.mark.parametrize("said", ["MAIL", "RCPT", "DATA"])
def test_a_connection_lost_before_the_body_is_tried_again(extensions: tuple[str, ...], said: str) -> None:
    assert isinstance(posted(extensions, said, HANG_UP)[0], TryLater)


def test_an_address_for_no_envelope_is_refused() -> None:
    bad = Letter(key=KEY, sender="a@shop.test", recipient="a b@x.test", content=b"x: y\r\n\r\n")
    assert isinstance(posted(("PIPELINING",), it=bad)[0], Refused)


def test_without_a_relay_it_is_down() -> None:
    with pytest.raises(RelayDown):
        asyncio.run(SmtpProvider(Relay(host="127.0.0.1", port=1)).post(letter(KEY)))


def test_the_inbox_keeps_it(store: Store) -> None:
    outcome = asyncio.run(InboxProvider(store, VirtualClock(7)).post(letter(KEY)))
    assert outcome == Accepted(reply="kept in the inbox")
    with store.read() as tx:
        assert inbox.get(tx, KEY) == letter(KEY).content


def test_the_inbox_keeps_webhooks_to_be_looked_at_instead_of_calling(store: Store) -> None:
    body = json.dumps({"type": "notify", "note": "x" * 5_000}).encode()
    call = Call(key=KEY, url="https://h.test/\r\nBcc: x", headers={"webhook-id": "n"}, content=body)
    assert asyncio.run(InboxProvider(store, VirtualClock(7)).call(call)) == Accepted(
        reply="kept in the inbox"
    )
    with store.read() as tx:
        kept, content = inbox.find(tx, KEY), inbox.get(tx, KEY)
    assert kept is not None and content is not None
    assert (kept.recipient, kept.subject) == ("https://h.test/ Bcc: x", "Webhook")
    shown = take_apart(content)
    assert shown.text.strip().encode() == body
    assert dict(shown.headers)["webhook-id"] == "n"
    assert "Bcc" not in dict(shown.headers)
