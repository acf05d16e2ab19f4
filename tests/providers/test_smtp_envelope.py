"""Envelopes and bodies as a server wants them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.delivery.outcome import MessageKey, Refused
from nurture.providers.smtp_envelope import END, Envelope, Extensions, address_envelope, stuff
from support.letters import letter

ALL = Extensions.of({"pipelining": "", "size": "2000", "8bitmime": "", "smtputf8": ""})
LETTER = letter(MessageKey(1, 1), "ann@example.test")


def test_the_extensions_that_are_offered_are_used() -> None:
    envelope = address_envelope(LETTER, ALL)
    assert isinstance(envelope, Envelope)
    assert envelope.mail() == f"MAIL FROM:<hello@shop.test> SIZE={len(LETTER.content)}\r\n".encode()
    assert envelope.rcpt() == b"RCPT TO:<ann@example.test>\r\n"


def test_no_extension_is_used_that_is_not_offered() -> None:
    envelope = address_envelope(LETTER, Extensions())
    assert isinstance(envelope, Envelope)
    assert envelope.mail() == b"MAIL FROM:<hello@shop.test>\r\n"


def test_an_international_address_needs_a_server_that_takes_it() -> None:
    abroad = replace(LETTER, recipient="jürgen@bücher.test")
    envelope = address_envelope(abroad, ALL)
    assert isinstance(envelope, Envelope)
    assert envelope.mail().endswith(b" SMTPUTF8\r\n")
    assert envelope.rcpt() == "RCPT TO:<jürgen@bücher.test>\r\n".encode()
    assert isinstance(address_envelope(abroad, Extensions()), Refused)


def test_eight_bit_text_needs_a_server_that_takes_it() -> None:
    eight = replace(LETTER, content="Subject: grün\r\n\r\n".encode())
    envelope = address_envelope(eight, ALL)
    assert isinstance(envelope, Envelope)
    assert b"BODY=8BITMIME" in envelope.mail()
    assert isinstance(address_envelope(eight, Extensions()), Refused)


def test_a_message_over_the_servers_size_is_not_offered_to_it() -> None:
    big = replace(LETTER, content=b"x" * 3000)
    assert isinstance(address_envelope(big, ALL), Refused)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b> SIZE=1",
        "a@b\r\nRCPT TO:<c@d",
        "<a@b>",
        "a b@c.test",
        '"a"@b.test',
        "a@b\x00c",
        "a@b\u0085c",
        "a@" + "b" * 300,
    ],
)
def test_a_hostile_address_never_reaches_the_wire(address: str) -> None:
    refused = address_envelope(replace(LETTER, recipient=address), ALL)
    assert isinstance(refused, Refused)
    assert refused.kind == "policy"


@given(st.binary(max_size=400))
def test_a_server_that_takes_the_dots_away_has_the_message(content: bytes) -> None:
    sent = stuff(content) + END
    assert sent.endswith(b"\r\n.\r\n")
    lines = sent.removesuffix(b".\r\n").split(b"\r\n")
    assert b"." not in lines
    received = b"\r\n".join(line.removeprefix(b".") for line in lines)
    whole = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    assert received == (whole if whole.endswith(b"\r\n") else whole + b"\r\n")


def test_a_lone_line_end_cannot_end_the_message() -> None:
    for smuggled in (b"a\n.\r\nMAIL FROM:<x>\r\n", b"a\r.\r\nMAIL\r\n", b"a\r\n.\nMAIL\r\n"):
        sent = stuff(smuggled) + END
        assert sent.count(b"\r\n.\r\n") == 1
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", sent)
