"""A rendered message as the bytes that go to the relay (RFC 5322, 2045 to 2047, 8058)."""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import format_datetime

from nurture.clock import Moment, to_datetime
from nurture.errors import TemplateError
from nurture.messages.headers import LONGEST_SUBJECT, address, mailbox, unstructured, written_mailbox
from nurture.messages.render import Rendered
from nurture.messages.tokens import Key

# "=_" cannot stand in quoted-printable text (RFC 2045 section 6.7), so no part can hold this line.
_BOUNDARY = "=_nurture_alternative"
_PART = "Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_TEXT_HEAD = f"--{_BOUNDARY}\r\n{_PART.format('plain')}".encode()
_HTML_HEAD = f"\r\n--{_BOUNDARY}\r\n{_PART.format('html')}".encode()
_END = f"\r\n--{_BOUNDARY}--\r\n".encode()
_URI = re.compile(r"[!#-;=?-~]+")
_NOT_PRINTABLE = re.compile(rb"[^\t\r\n -~]")
_LONGEST_LINE = 998

ALWAYS = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type")
"""What every message has, besides Reply-To where there is one."""
MARKETING = ("List-Unsubscribe", "List-Unsubscribe-Post", "Precedence")
"""What is added where the topic can be switched off."""
_ADDRESSED, _DATED, _SHAPED = ALWAYS[:2], ALWAYS[2:6], ALWAYS[6:]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHeaders:
    """What the head of one message says, besides its subject."""

    key: Key
    sender: str
    """As the settings write it: `Corner Shop <hello@shop.example>`."""
    to: str
    to_name: str = ""
    """Left out of the message where it holds control characters or is longer than 100."""
    reply_to: str = ""
    now: Moment
    unsubscribe: str = ""
    """The one-click address (RFC 8058); empty on mail about the contact's own orders."""
    unsubscribe_mailto: str = ""
    """An address that unsubscribes who writes to it; empty: there is none."""

    @property
    def names(self) -> tuple[str, ...]:
        """The headers that the message has to have, each once, in order."""
        reply = ("Reply-To",) if self.reply_to else ()
        marketing = MARKETING if self.unsubscribe else ()
        return (*_ADDRESSED, *reply, *_DATED, *marketing, *_SHAPED)


def message_id(key: Key, sender: str) -> str:
    """`<enrollment-step.hash@domain>`, the same for ever for one message of one sender."""
    domain = address(_spec(sender)).rpartition("@")[2]
    told = hashlib.sha256(f"{key[0]} {key[1]} {domain}".encode()).hexdigest()[:16]
    return f"<{key[0]}-{key[1]}.{told}@{domain}>"


def compose(rendered: Rendered, headers: MailHeaders) -> bytes:
    """The finished message: CRLF line ends, no line over 998, both parts in quoted-printable.

    Raises TemplateError where an address or the subject cannot stand in a header.
    """
    head = "\r\n".join(f"{name}: {value}" for name, value in _fields(headers, rendered.subject))
    return b"".join(
        (
            head.encode("ascii"),
            b"\r\n\r\n",
            _TEXT_HEAD,
            _quoted_printable(rendered.text),
            _HTML_HEAD,
            _quoted_printable(rendered.html),
            _END,
        )
    )


def verify(content: bytes, names: Iterable[str]) -> None:
    """Check finished bytes before they go: exactly these headers in this order, CRLF, no line too long.

    Raises TemplateError. Reads the bytes anew, so that what slipped through anywhere before is caught here.
    """
    every = content.split(b"\r\n")
    ends = len(every) - 1
    if content.count(b"\n") != ends or content.count(b"\r") != ends:
        raise _unfit("it has a line end that is not CRLF")
    if max(map(len, every)) > _LONGEST_LINE:
        raise _unfit("it has a line of more than 998 characters")
    head, found, _ = content.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    seen = [
        line.partition(b":")[0].decode("ascii", "replace")
        for line in lines
        if not line.startswith((b" ", b"\t"))
    ]
    if not found or seen != list(names):
        raise _unfit(f"its headers are {', '.join(seen)[:300]}")
    if any((byte < 32 and byte not in b"\r\n\t") or byte > 126 for byte in head):
        raise _unfit("its head has a control character")


def _fields(headers: MailHeaders, subject: str) -> list[tuple[str, str]]:
    subject = subject if len(subject) <= LONGEST_SUBJECT else subject[: LONGEST_SUBJECT - 1].rstrip() + "…"
    fields = [
        ("From", written_mailbox("From", headers.sender)),
        ("To", mailbox("To", headers.to_name, headers.to)),
    ]
    if headers.reply_to:
        fields.append(("Reply-To", written_mailbox("Reply-To", headers.reply_to)))
    fields += [
        ("Subject", unstructured("Subject", subject)),
        ("Date", format_datetime(to_datetime(headers.now))),
        ("Message-ID", message_id(headers.key, headers.sender)),
        ("Auto-Submitted", "auto-generated"),
    ]
    if headers.unsubscribe:
        fields += [
            ("List-Unsubscribe", _unsubscribe(headers)),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("Precedence", "bulk"),
        ]
    fields += [
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative;\r\n boundary="{_BOUNDARY}"'),
    ]
    return fields


def _unsubscribe(headers: MailHeaders) -> str:
    link = headers.unsubscribe
    if not link.startswith(("https://", "http://")) or not _URI.fullmatch(link) or len(link) > 900:
        raise _unfit(f"it cannot be unsubscribed from at {link[:80]!r}")
    if not headers.unsubscribe_mailto:
        return f"<{link}>"
    return f"<{link}>,\r\n <mailto:{address(headers.unsubscribe_mailto)}>"


def _spec(sender: str) -> str:
    return sender.rpartition("<")[2].rstrip("> ") if "<" in sender else sender.strip()


def _quoted_printable(text: str) -> bytes:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # The codec takes the line end of the first line for its own soft breaks too, so there has to be one.
    data = (text.rstrip("\n") + "\n").encode("utf-8", "replace").replace(b"\n", b"\r\n")
    return binascii.b2a_qp(data, istext=True)


def _unfit(message: str) -> TemplateError:
    return TemplateError(f"the finished message cannot go out: {message}")
