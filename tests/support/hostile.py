"""Contacts who mean harm, or whose data went through a bad import: names, attributes and addresses that would break
a header, a body or a mailbox where they are taken as they come."""

from __future__ import annotations

import random
from collections.abc import Iterator

from nurture.audience.contact import Contact

WORDS = (
    "Ann", "O'Neil", "Änne", "Łukasz", "李小龍", "प्रिया", "محمد", "😀👩‍👩‍👧‍👦🏳️‍🌈", "e\u0301", "\u1e9e",
    "\r", "\n", "\r\n", "\r\n\r\n", "\n\n\n\n", "\x00", "\x1b[31m", "\x7f", "\x85", "\u2028",
    "\u2029", "\x0b\x0c\x1c",
    "Ann\r\nBcc: eve@evil.example", "Ann\nSubject: mine", "Ann\rTo: eve@evil.example",
    "\r\n\r\n<h1>mine</h1>",
    "=?utf-8?q?a=0ABcc:_eve@evil.example?=", "=?utf-8?b?YQ0KQmNjOiBldmVAZXZpbC5leGFtcGxl?=", "=?utf-8?q?a?=",
    "=?x?q?=00?=", "=?utf-8?Q?=41?= =?utf-8?Q?=42?=", "=?utf-8?b?8J+YgA==?=", "=?", "?=", "=?=?=",
    "=3D=0D=0A", "=\r\n",
    "\u202emoc.elpmaxe\u202c", "\u200f\u061c", "\u200b\u200c\u200d\u2060\ufeff", "\u00ad",
    "\u2066\u2067\u2069", "\u0300" * 40,
    "\ud800", "\udfff\ud83d", "\ud83d\ude00", "\U0010ffff", "\ufffe",
    '"', "'", "\\", '\\"', "<", ">", "<>", "(", ")", ",", ";", ":", "@", "[]", '"a" <b@c.test>,',
    "a@b.test, c@d.test",
    "undisclosed-recipients:;", "<eve@evil.example>", "(comment", "--=_nurture_alternative",
    "--=_nurture_alternative--",
    ".", "..", "\n.\r\n", "From ", "\nFrom eve", "   ", "\t", " \t ", "\xa0", "  two  blanks  ",
    "x" * 75, "y" * 76, "ä" * 30,
    "z" * 998, "no-blank" * 125, "{{ 7*7 }}", "{% raw %}", "<script>alert(1)</script>",
    "&amp;&#10;&#13;", "%0d%0aBcc:x", "",
)  # fmt: skip
"""What names and attributes are made of."""

GOOD_ADDRESSES = (
    "c{}@example.test", "o'neil+{}@example.test", "a.b-c_d{}@sub.example.test",
    "{}!#$%&'*/?^`|~@example.test",
    "A{}@EXAMPLE.test", "=?{}@example.test", "c{}@exämple.test", "{}@[192.0.2.1]", "-{}@example.test",
)  # fmt: skip
"""Addresses that mail can be sent to, strange as some are."""

BAD_ADDRESSES = (
    "", "c{}", "@example.test", "c{}@", "c {}@example.test", "c{}@exa mple.test",
    "c{}@example.test\r\nBcc: e@x.test",
    "c{}@example.test\n", "\nc{}@example.test", "c{}@example.test\r", "c{}\x00@example.test",
    "c{}@exam\x00ple.test",
    "c{}@example.test, eve@evil.example", "c{}@example.test;", "<c{}@example.test>", "Ann <c{}@example.test>",
    '"c{}"@example.test', '"a" <b@c>,c{}@example.test', "(x)c{}@example.test", "c{}@example.test(x)",
    "jörg{}@example.test", "c{}@a@b.test", "c{}@exa\u2028mple.test", "c{}\u200b@example.test",
    "c{}\u202e@example.test",
    "=?utf-8?q?=0A{}?=@example.test", "=?utf-8?b?DQo=?={}@example.test", "c{}@\ud800.test",
    "\ud800{}@example.test",
    "c{}@" + "x" * 10_000 + ".test", "y" * 10_000 + "{}@example.test", "c{}@" + "ä" * 70 + ".test",
    "c{}@exa<mple.test",
)  # fmt: skip
"""What is no address, or one too many."""


def hostile_text(chance: random.Random) -> str:
    """A name or an attribute: up to 10,000 characters."""
    if chance.random() < 0.1:
        return chance.choice(("Ann", "Änne Müller", "O'Neil", ""))
    text = chance.choice(("", " ")).join(_word(chance) for _ in range(chance.choice((1, 1, 2, 3, 8))))
    if chance.random() < 0.01:
        text = (text or "x") * 10_000
    return text[:10_000]


def _word(chance: random.Random) -> str:
    if chance.random() < 0.8:
        return chance.choice(WORDS)
    highest = chance.choice((0x20, 0x80, 0x100, 0x3000, 0x110000))
    return "".join(chr(chance.randrange(highest)) for _ in range(chance.randrange(1, 9)))


def hostile_contacts(count: int, seed: int = 0) -> Iterator[tuple[Contact, bool]]:
    """So many contacts, and whether mail can be sent to the address of each; four of five can."""
    chance = random.Random(seed)
    for no in range(1, count + 1):
        good = chance.random() < 0.8
        email = chance.choice(GOOD_ADDRESSES if good else BAD_ADDRESSES).format(no)
        contact = Contact(
            id=no,
            email=email,
            first_name=hostile_text(chance),
            last_name=chance.choice(("", "Lee", hostile_text(chance))),
            locale=chance.choice(("", "de", "ar", "../../etc", "\r\n", hostile_text(chance))),
            country=chance.choice(("", "DE", hostile_text(chance))),
            timezone=chance.choice(("", "Asia/Tokyo", "../zone", hostile_text(chance))),
            attributes={"nickname": hostile_text(chance), "note": hostile_text(chance)},
        )
        yield contact, good
