"""Finished bytes: they parse back to what was meant, whatever the names and texts hold."""

from __future__ import annotations

import email
import email.policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.errors import TemplateError
from nurture.messages.headers import control_character
from nurture.messages.mime import ALWAYS, MARKETING, MailHeaders, compose, message_id, verify
from nurture.messages.render import Rendered

NOW = 1_600_000_000_000_000
LINK = "https://m.shop.example/u/" + "A" * 43
HOSTILE = (
    "Ann\r\nBcc: eve@evil.example",
    "Ann\nSubject: x",
    "Ann\rX: y",
    "Ann\x00",
    "=?utf-8?q?a=0ABcc:_eve@evil.example?=",
    "=?utf-8?b?YQ0KQmNjOiBldmVAZXZpbC5leGFtcGxl?=",
    "x" * 10_000,
    "\u2028line",
    "\x85",
    "\ud800",
)


def headers(**changes: object) -> MailHeaders:
    given: dict[str, object] = {
        "key": (12, 3),
        "sender": "Corner Shop <hello@shop.example>",
        "to": "ann@example.test",
        "reply_to": "help@shop.example",
        "now": NOW,
        "unsubscribe": LINK,
    }
    return MailHeaders(**{**given, **changes})  # type: ignore[arg-type]  # a test's own shorthand


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not [defect for part in message.walk() for defect in part.defects]
    return message


def rendered(subject: str = "Hello", html: str = "<p>Hi</p>", text: str = "Hi") -> Rendered:
    return Rendered(subject=subject, preview="", html=html, text=text)


def plain(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_marketing_message_has_every_header_once() -> None:
    content = compose(rendered(), headers(unsubscribe_mailto="u@b.shop.example", to_name="Ann Lee"))
    message = parsed(content)
    assert sorted(message.keys()) == sorted([*ALWAYS, *MARKETING, "Reply-To"])
    assert message["List-Unsubscribe"] == f"<{LINK}>, <mailto:u@b.shop.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["To"] == "Ann Lee <ann@example.test>"
    assert message["From"] == "Corner Shop <hello@shop.example>"
    assert message["Date"] == "Sun, 13 Sep 2020 12:26:40 +0000"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_mail_about_an_order_cannot_be_unsubscribed_from() -> None:
    message = parsed(compose(rendered(), headers(unsubscribe="")))
    assert not any(name in message for name in MARKETING)


def test_the_unsubscribe_link_is_never_folded() -> None:
    content = compose(rendered(), headers(unsubscribe="https://m.example/" + "u" * 200))
    assert b"\r\nList-Unsubscribe: <https://m.example/" + b"u" * 200 + b">\r\n" in content


def test_the_message_id_is_the_same_for_ever_and_for_one_message_alone() -> None:
    first = message_id((12, 3), "Corner Shop <hello@shop.example>")
    assert first == message_id((12, 3), "hello@shop.example")
    assert first.startswith("<12-3.") and first.endswith("@shop.example>")
    assert (
        len({first, message_id((12, 4), "hello@shop.example"), message_id((13, 3), "hello@shop.example")})
        == 3
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_left_out(name: str) -> None:
    given = headers(to_name=name)
    content = compose(rendered(), given)
    verify(content, given.names)
    assert parsed(content)["To"] == "ann@example.test"


@pytest.mark.parametrize("subject", [*HOSTILE[:6], "\u2028line", "\x85"])
def test_a_subject_with_a_control_character_is_refused(subject: str) -> None:
    with pytest.raises(TemplateError, match="control character"):
        compose(rendered(subject), headers())


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=300), st.text(max_size=300))
def test_every_message_parses_back_to_what_was_meant(name: str, subject: str, text: str, html: str) -> None:
    subject = " ".join(subject.split())
    if control_character(subject):
        subject = "Hello"
    given = headers(to_name=name)
    content = compose(rendered(subject, html, text), given)
    verify(content, given.names)
    assert max(map(len, content.split(b"\r\n"))) <= 998
    message = parsed(content)
    assert [name.lower() for name, _ in message.items()] == [name.lower() for name in given.names]
    (to,) = message["To"].addresses
    assert to.addr_spec == "ann@example.test"
    assert str(make_header(decode_header(_raw(content, "Subject")))) == subject
    for kind, said in (("plain", text), ("html", html)):
        meant = said.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
        assert plain(message, kind) == meant.encode("utf-8", "replace").decode()


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=80))
def test_a_name_that_is_fit_arrives_as_it_is(name: str) -> None:
    name = " ".join(name.split())
    if control_character(name):
        return
    raw = _raw(compose(rendered(), headers(to_name=name)), "To")
    shown = "".join(
        part.decode(charset or "ascii") if isinstance(part, bytes) else part
        for part, charset in decode_header(raw)
    ).removesuffix("<ann@example.test>")
    shown = shown.strip()
    if shown.startswith('"') and name != shown:
        shown = shown[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    assert shown == (name or "ann@example.test")


def _raw(content: bytes, name: str) -> str:
    head = content.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ")
    return next(line.partition(": ")[2] for line in head.split("\r\n") if line.startswith(name + ":"))


@pytest.mark.parametrize(
    "to", ["", "ann", "a b@example.test", "ann@example.test\r\nBcc: x@y.z", "<a>@b.c", "jörg@example.test"]
)
def test_what_is_no_address_is_refused(to: str) -> None:
    with pytest.raises(TemplateError, match="no address"):
        compose(rendered(), headers(to=to))


def test_a_domain_of_other_letters_goes_out_in_ascii() -> None:
    assert parsed(compose(rendered(), headers(to="ann@exämple.org")))["To"] == "ann@xn--exmple-cua.org"


def test_the_last_check_finds_what_should_not_be_there() -> None:
    given = headers()
    good = compose(rendered(), given)
    verify(good, given.names)
    for bad in (
        good.replace(b"To: ", b"Bcc: eve@evil.example\r\nTo: ", 1),
        good.replace(b"\r\n", b"\n", 1),
        good.replace(b"Hi", b"H\ri", 1),
        good.replace(b"Subject: Hello", b"Subject: H\x00llo", 1),
        good.replace(b"Hi", b"x" * 999, 1),
        good.replace(b"List-Unsubscribe-Post: ", b"X-Post: ", 1),
        good.partition(b"\r\n\r\n")[0],
        good.replace(b"Subject: Hello", b"Subject Hello", 1),
        good.replace(b"Subject: Hello", b"Subject: Hello\r\n ", 1),
        good.replace(b"Subject: Hello", "Subject: Hellö".encode(), 1),
        good.replace(b"Subject: Hello", b"Subject: Hello\r\n\r\n", 1),
        good.replace(b"Hi", "Hï".encode(), 1),
        b" " + good,
        good + b"end",
    ):
        with pytest.raises(TemplateError, match="cannot go out"):
            verify(bad, given.names)


@given(
    st.lists(
        st.sampled_from((b"\r\n", b"\r\n", b"\r", b"\n", b"a", b"b" * 497, b"c" * 998, b"d" * 2000)),
        max_size=12,
    )
)
def test_the_last_check_sees_every_line_end_and_every_line(body: list[bytes]) -> None:
    content = b"To: a@b.test\r\n\r\n" + b"".join(body)
    lines = content.split(b"\r\n")
    fit = lines[-1] == b"" and not any(b"\r" in it or b"\n" in it or len(it) > 998 for it in lines)
    if fit:
        verify(content, ["To"])
    else:
        with pytest.raises(TemplateError, match="cannot go out"):
            verify(content, ["To"])


def test_a_long_subject_is_cut() -> None:
    assert len(str(parsed(compose(rendered("a b " * 3000), headers()))["Subject"])) <= 250
