"""DKIM: every signature of ours holds for a checker that is not ours, and breaks with a byte."""

from __future__ import annotations

import random

import pytest
from dkim.canonicalization import Relaxed
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.messages.dkim import DkimSigners, canonical_body
from nurture.messages.headers import control_character
from nurture.messages.mime import MailHeaders, compose
from nurture.messages.render import Rendered
from support.dkim_check import ed25519_key, rsa_key, verdicts
from support.hostile import hostile_text

NOW = 1_700_000_000_000_000
FROM = "Corner Shop <hello@shop.example>"
LINK = "https://m.shop.example/u/" + "A" * 43
RSA, ED = rsa_key(), ed25519_key()
BOTH = DkimSigners([ED, RSA])


def message(
    text: str = "Hi there", *, subject: str = "Hello", name: str = "", html: str = "<p>Hi</p>"
) -> bytes:
    headers = MailHeaders(
        key=(12, 3),
        sender=FROM,
        to="ann@example.test",
        to_name=name,
        reply_to="help@shop.example",
        now=NOW,
        unsubscribe=LINK,
        unsubscribe_mailto="u+token@b.shop.example",
    )
    return compose(Rendered(subject=subject, preview="", html=html, text=text), headers)


def hostile(seed: int) -> bytes:
    """A message whose texts, name and subject are whatever breaks canonicalisation."""
    chance = random.Random(seed)
    text, html = hostile_text(chance), "".join(hostile_text(chance) for _ in range(3))
    subject = hostile_text(chance)
    plain = "" if control_character(subject) else subject
    return message(text, subject=plain, name=hostile_text(chance), html=html)


def signed(content: bytes, signers: DkimSigners = BOTH, sender: str = FROM) -> bytes:
    return signers.sign(content, sender, NOW)


def test_both_signatures_of_a_plain_message_hold() -> None:
    assert verdicts(signed(message()), [RSA, ED]) == [True, True]


def test_the_rsa_signature_comes_first_and_no_line_is_long() -> None:
    head = signed(message()).partition(b"\r\n\r\n")[0].decode()
    assert head.index("a=rsa-sha256") < head.index("a=ed25519-sha256") < head.index("From: ")
    assert "d=shop.example;\r\n s=n1; t=1700000000;" in head
    assert max(len(line) for line in head.split("List-Unsubscribe:")[0].split("\r\n")) <= 78
    assert signed(message()).endswith(message()), "the message itself is as it was"


@pytest.mark.parametrize("seeds", [range(300), pytest.param(range(1000, 6000), marks=pytest.mark.nightly)])
def test_signatures_of_hostile_messages_hold(seeds: range) -> None:
    signers = {0: DkimSigners([RSA]), 1: DkimSigners([ED])}
    keys = {0: [RSA], 1: [ED]}
    for seed in seeds:
        content = hostile(seed)
        assert verdicts(signed(content, signers[seed % 2]), keys[seed % 2]) == [True], content


def test_a_changed_byte_anywhere_in_the_body_breaks_it() -> None:
    signers = DkimSigners([ED])
    content = signed(message("Hi there\n\nsee you"), signers)
    begins = content.index(b"\r\n\r\n") + 4
    # Spaces and line ends may change in relaxed form; no other byte may.
    places = [at for at in range(begins, len(content)) if content[at : at + 1].strip()]
    for at in places[::7]:
        changed = content[:at] + (b"x" if content[at : at + 1] != b"x" else b"y") + content[at + 1 :]
        assert verdicts(changed, [ED]) == [False], content[at - 20 : at + 20]


HEADERS = (
    "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type", "List-Unsubscribe",
    "List-Unsubscribe-Post", "Auto-Submitted", "Precedence",
)  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_a_changed_header_breaks_it(name: str) -> None:
    for keys in ([RSA], [ED]):
        content = signed(message(), DkimSigners(keys))
        field = f"\r\n{name}: ".encode()
        at = content.index(field) + len(field)
        assert verdicts(content[:at] + b"x" + content[at:], keys) == [False]


@pytest.mark.parametrize("name", ["From", "To", "Cc", "Subject", "Reply-To"])
def test_a_second_header_of_what_people_see_breaks_it(name: str) -> None:
    content = signed(message(), DkimSigners([ED]))
    assert verdicts(f"{name}: eve@evil.example\r\n".encode() + content, [ED]) == [False]


def test_what_servers_add_on_the_way_breaks_nothing() -> None:
    content = signed(message(), DkimSigners([ED]))
    trace = b"Return-Path: <x@y.example>\r\nReceived: from a by b; now\r\nX-Seen: yes\r\n"
    assert verdicts(trace + content, [ED]) == [True]


def test_the_key_of_another_domain_does_not_sign() -> None:
    assert signed(message(), sender="other@shop2.example") == message()
    assert BOTH.domain_of("a@shop2.example") == ""
    assert signed(message(), DkimSigners()) == message()


def test_a_domain_without_a_key_is_signed_by_the_one_above() -> None:
    news = ed25519_key("news.shop.example", "e2")
    signers = DkimSigners([ED, news])
    assert signers.domain_of("a@mail.shop.example") == "shop.example"
    assert signers.domain_of("Ann <a@x.NEWS.shop.example>") == "news.shop.example"
    assert signers.domain_of("a@example") == ""
    assert verdicts(signed(message(), signers, "a@news.shop.example"), [ED, news]) == [True]


BODIES = st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"  ", b".", b"\r\n\r\n"]), max_size=40)


@given(BODIES.map(b"".join))
@settings(max_examples=200)
def test_a_body_is_relaxed_as_dkimpy_relaxes_it(body: bytes) -> None:
    assert canonical_body(body + b"\r\n") == Relaxed.canonicalize_body(body + b"\r\n")


@pytest.mark.parametrize(
    ("body", "relaxed"),
    [(b"", b""), (b"\r\n\r\n", b""), (b" \t\r\n", b""), (b"a", b"a\r\n"), (b"a \t b \r\n\r\n", b"a b\r\n")],
)
def test_a_body_is_relaxed_as_the_rfc_says(body: bytes, relaxed: bytes) -> None:
    assert canonical_body(body) == relaxed


@given(BODIES.map(b"".join))
@settings(max_examples=40)
def test_any_body_is_signed_so_that_it_holds(body: bytes) -> None:
    head = b"From: hello@shop.example\r\nSubject:  two   words\t\r\n folded\r\n\r\n"
    assert verdicts(signed(head + body + b"\r\n", DkimSigners([ED])), [ED]) == [True]
