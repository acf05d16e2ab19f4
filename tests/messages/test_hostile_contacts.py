"""5,000 hostile contacts through the real rendering and MIME: each mail is to one person and says what was meant."""

from __future__ import annotations

import email
import email.policy
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage, Message
from email.utils import getaddresses
from functools import lru_cache
from typing import TypeAlias

import pytest

from nurture.audience.contact import Contact
from nurture.audience.facts import Facts, StageFacts
from nurture.errors import TemplateError
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.composer import Composer
from nurture.messages.library import Library
from nurture.messages.mime import MailHeaders, compose, message_id
from nurture.messages.render import Rendered, Renderer
from nurture.messages.tokens import Signer
from nurture.messages.urls import MessageUrls, Urls
from nurture.messages.values import Values
from nurture.settings import Sender
from support.hostile import hostile_contacts

NOW = 1_770_000_000_000_000
URLS = Urls("https://mail.shop.example", Signer("a secret of some length"))
SENDER = Sender.model_validate({"from": "Corner Shop <hello@shop.example>", "address": "1 Main Street"})
BODY = """
Hi {{ contact.first_name or "there" }}{{ contact.note }},

[look](https://shop.example/?q={{ contact.nickname|urlencode }}) at {{ contact.nickname }}

<p title="{{ contact.note }}">{{ contact.last_name }}</p>

{{ contact.email }} · {{ now|date }} · [leave]({{ unsubscribe_url }})
"""


def _compiled(subject: str) -> Compiled:
    source = f"subject: {subject}\npreview: What is new\nlayout: none\n{BODY}"
    return compile_template(Library({"m.md": source}), "m")


NAMED = _compiled('{{ contact.first_name or "Hello" }}, how was it?')
PLAIN = _compiled("How was it?")
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
# Python's default policy, which reads a header anew whenever it is asked for, with a memory.
POLICY = email.policy.default.clone(header_factory=lru_cache(maxsize=1000)(HeaderRegistry()))
Read: TypeAlias = tuple[EmailMessage, Message]
"""One message as Python's two ways of reading mail see it."""


class Post:
    """What comes of one contact's message."""

    def __init__(self) -> None:
        self._renderer = Renderer()
        self._composer = Composer()

    def send(self, contact: Contact, compiled: Compiled) -> tuple[bytes, MailHeaders, Rendered]:
        """As the sender does it. Raises TemplateError."""
        urls = URLS.of((contact.id, 1))
        values = _values(contact, urls)
        headers = MailHeaders(
            key=(contact.id, 1),
            sender=SENDER.from_,
            to=contact.email,
            to_name=f"{contact.first_name} {contact.last_name}".strip(),
            reply_to="help@shop.example",
            now=NOW,
            unsubscribe=urls.unsubscribe,
        )
        content = self._composer.finish(compiled, values, urls, headers)
        return content, headers, self._renderer.render(compiled, values, urls)


def _values(contact: Contact, urls: MessageUrls) -> Values:
    facts = Facts(contact=contact, stage=StageFacts(name="prospect", since=NOW))
    return Values(facts, NOW, sender=SENDER, urls=urls)


POST = Post()


@pytest.mark.parametrize("seed", range(5))
def test_every_message_to_a_hostile_contact_is_what_was_meant(seed: int) -> None:
    sent = 0
    for contact, good in hostile_contacts(1000, seed):
        named = contact.id % 3 == 0
        subject = _subject(contact) if named else "How was it?"
        try:
            content, headers, rendered = POST.send(contact, NAMED if named else PLAIN)
        except TemplateError as error:
            assert not good or CONTROLS.search(subject) or "=?" in subject, (contact, error)
            continue
        assert good and not CONTROLS.search(subject), contact
        sent += 1
        read = _read(content)
        _is_one_mail(read, headers, contact)
        _says(read, _cut(subject), rendered)
        assert not BARE.search(content) and max(map(len, content.split(b"\r\n"))) <= 998
        assert _head(compose(rendered, headers)) == _head(content)
    assert 650 < sent < 800


def test_a_name_with_a_control_character_hidden_in_it_is_no_subject() -> None:
    contact = Contact(id=1, email="ann@example.test", first_name="=?utf-8?q?a=0ABcc:_eve@evil.example?=")
    with pytest.raises(TemplateError, match="control character"):
        POST.send(contact, NAMED)
    content, headers, _ = POST.send(contact, PLAIN)
    _is_one_mail(_read(content), headers, contact)
    assert b"evil" not in _head(content)


def _subject(contact: Contact) -> str:
    return " ".join(f"{contact.first_name or 'Hello'}, how was it?".split())


def _cut(subject: str) -> str:
    return subject if len(subject) <= 250 else subject[:249].rstrip() + "…"


def _head(content: bytes) -> bytes:
    return content.partition(b"\r\n\r\n")[0]


def _is_one_mail(read: Read, headers: MailHeaders, contact: Contact) -> None:
    """To one person, with exactly the headers that were meant, whichever way it is read."""
    meant = list(headers.names)
    new, old = read
    assert [name for name, _ in new.raw_items()] == meant == old.keys()
    assert not new.defects and not old.defects
    local, _, domain = contact.email.rpartition("@")
    address = f"{local}@{domain.encode('idna').decode()}"
    (to,) = new["To"].addresses
    assert to.addr_spec == address
    shown = _shown_name(headers.to_name)
    # The standard library leaves blanks between the encoded words of a name (RFC 2047 section 6.2 says not to).
    assert "".join(to.display_name.split()) == "".join(shown.split())
    ((name, spec),) = getaddresses([str(old["To"])])
    assert spec == address and " ".join(_decoded(name).split()) == shown
    assert old["From"] == "Corner Shop <hello@shop.example>" and old["Reply-To"] == "help@shop.example"
    assert old["Message-ID"] == message_id(headers.key, headers.sender)
    assert old["List-Unsubscribe"] == f"<{headers.unsubscribe}>"


def _shown_name(name: str) -> str:
    hostile = len(name) > 100 or CONTROLS.search(name) or _hides_controls(name)
    return "" if hostile else " ".join(name.split())


def _hides_controls(text: str) -> bool:
    """In encoded words, as the standard library reads them."""
    try:
        parts = decode_header(text)
    except HeaderParseError:
        return False
    return any(byte < 32 for part, charset in parts if charset and isinstance(part, bytes) for byte in part)


def _decoded(text: str) -> str:
    return str(make_header(decode_header(text)))


def _says(read: Read, subject: str, rendered: Rendered) -> None:
    new, old = read
    assert new["Subject"] == subject == _decoded(str(old["Subject"]).replace("\r\n ", " "))
    for message in (new, old):
        assert message.get_content_type() == "multipart/alternative"
        text, html = _parts(message)
        assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
        assert text.get_payload(decode=True) == _meant(rendered.text)
        assert html.get_payload(decode=True) == _meant(rendered.html)


def _read(content: bytes) -> Read:
    new = email.message_from_bytes(content, policy=POLICY)
    assert isinstance(new, EmailMessage)
    return new, email.message_from_bytes(content, policy=email.policy.compat32)


def _parts(message: Message) -> list[Message]:
    parts = message.get_payload()
    assert isinstance(parts, list) and not any(it.defects for it in parts)
    return parts


def _meant(text: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    return lines.replace("\n", "\r\n").encode("utf-8", "replace")
