"""Mail that is broken, cut off, or made to hurt: it is read all the same, soon, and proves nothing."""

from __future__ import annotations

import random
from time import process_time

import pytest

from nurture.incoming.heard import LONGEST_SAID
from nurture.incoming.mail.read import read_mail
from nurture.incoming.mail.structure import DEEPEST, MOST_PARTS, read_structure
from support.mails import (
    ANN,
    KEY,
    NOW,
    SIGNER,
    bounce_address,
    failed,
    feedback,
    id_of,
    letter,
    original,
    report,
)

GOOD = [
    report(failed(), returned=original()),
    feedback(),
    letter("Hello", headers=f"In-Reply-To: {id_of()}\n"),
    "From: MAILER-DAEMON@x.example\nSubject: failure notice\n\nHi. This is the qmail-send program.\n\n"
    f"<{ANN}>:\nno such user\n\n--- Below this line is a copy of the message.\n\n{original()}",
]
SEALED = id_of().strip("<").partition("@")[0].encode()
"""The domain behind it may be another: settings change."""
NASTY = (
    b"\x00", b"\xff\xfe", b"\r", b"\n\n", b"--B", b"--B--\r\n", b"=?utf-8?b?////?=", b";", b'"', b"<", b"charset=utf-7",
    b"Content-Type: multipart/mixed; boundary=B\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n", b"\xed\xa0\x80",
    b"Final-Recipient: rfc822;", b"\x1b[31m", b"=", b"\xc3", b"A" * 500,
)  # fmt: skip


def mutated(chance: random.Random) -> bytes:
    """A good mail with a few things wrong in it."""
    mail = bytearray(chance.choice(GOOD).replace("\n", "\r\n").encode())
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(mail) or 1)
        match chance.randrange(6):
            case 0:
                del mail[at:]
            case 1:
                del mail[at : at + chance.randint(1, 80)]
            case 2:
                mail[at:at] = chance.choice(NASTY)
            case 3:
                mail[at : at + 1] = bytes([chance.randrange(256)])
            case 4:
                other = chance.choice(GOOD).encode()
                mail[at:at] = other[chance.randrange(len(other)) :][: chance.randint(1, 400)]
            case _:
                mail[at:at] = mail[at : at + chance.randint(1, 200)]
    return bytes(mail)


def look_at(seed: int) -> None:
    """Read one mutation, and hold what is made of it against what it may prove."""
    content = mutated(random.Random(seed))
    bare = content.lower()
    for it in read_mail(content, ["help@shop.example"], SIGNER, NOW):
        assert it.proof in ("", "original"), seed
        if it.proof:
            # Nothing but the whole number that we gave, and beside it the address, makes a proof.
            assert it.key == KEY, seed
            assert SEALED in content, seed
            assert it.recipient != ANN or ANN.encode() in bare, seed
            assert it.recipient, seed
        for text in (it.recipient, it.reason, it.said):
            assert "\x00" not in text, seed
            text.encode()
        assert len(it.said) <= LONGEST_SAID and len(it.recipient) <= 460, seed


def test_mutations_crash_nothing_and_prove_nothing() -> None:
    for seed in range(300):
        look_at(seed)


@pytest.mark.nightly
def test_ten_thousand_mutations_crash_nothing_and_prove_nothing() -> None:
    for seed in range(10_000):
        look_at(seed)


def test_a_mail_cut_off_anywhere_is_read() -> None:
    whole = GOOD[0].replace("\n", "\r\n").encode()
    for end in range(0, len(whole), 7):
        for it in read_mail(whole[:end], [bounce_address()], SIGNER, NOW):
            assert it.key == KEY


HEAD = b"From: mailer-daemon@x.example\r\nSubject: Undelivered Mail\r\n"
HUGE = {
    "100,000 parts": HEAD + b"Content-Type: multipart/report; boundary=B\r\n\r\n"
        + (b"--B\r\n\r\n" + b"x" * 90 + b"\r\n") * 100_000,
    "parts in parts": HEAD + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(5_000)),
    "mails in mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 300_000,
    "groups of fields": HEAD + b"Content-Type: message/delivery-status\r\n\r\n"
        + b"Action: failed\r\nFinal-Recipient: rfc822; a@b.example\r\n\r\n" * 150_000,
    "one long line": HEAD + b"\r\n" + b"a@" * 5_000_000,
    "folded fields": HEAD + b"X: y\r\n" + b" y\r\n" * 2_500_000,
    "encoded words": b"Subject: " + b"=?utf-8?q?" * 1_000_000,
    "scripts": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<script" * 1_400_000,
    "ids": HEAD + b"\r\n" + b"Message-ID: <1-1.0123456789abcdef@x>\r\n" * 250_000,
    "words of failure": HEAD + b"\r\n" + (b"exceed mailbox account address recipient user " * 9 + b"\n") * 25_000,
    "quoted lines": b"From: a@b.example\r\n\r\n" + b"On a wrote wrote wrote wrote wrote wrote \n" * 240_000,
    "nothing": b"\n" * 10_000_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_ten_megabytes_made_to_hurt_are_read_within_a_second(name: str) -> None:
    began = process_time()
    assert read_mail(HUGE[name], [bounce_address()], SIGNER, NOW)
    assert process_time() - began < 1.0


def test_parts_are_counted_and_do_not_go_deep() -> None:
    mail = read_structure(HUGE["100,000 parts"])
    assert len(mail.parts) == MOST_PARTS and mail.is_cut
    nested = read_structure(HUGE["parts in parts"])
    assert len(nested.parts) <= DEEPEST and nested.is_cut


def test_a_boundary_that_begins_like_another_is_told_apart() -> None:
    mail = read_structure(
        b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n--a\r\n\r\none\r\n--ab\r\ntwo\r\n--a--\r\nthree'
    )
    assert [it.text for it in mail.parts] == ["one\n--ab\ntwo"]


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("iso-8859-1", b"caf\xe9", "café"),
        ("UTF-8", "café".encode(), "café"),
        ("windows-1251", "Привет".encode("cp1251"), "Привет"),
        ("gb2312", "退信".encode("gb18030"), "退信"),
        ("idna", b"xn--caf-dma", "xn--caf-dma"),
        ("no-such\x00charset", b"caf\xe9", "café"),
        ("utf-8", b"a\xed\xa0\x80b\x00c", "aí\xa0€bc"),
    ],
)
def test_text_is_read_in_its_charset_or_else_in_one_that_takes_all(
    charset: str, raw: bytes, text: str
) -> None:
    head = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
    assert read_structure(head + raw).text == text
