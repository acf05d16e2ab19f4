"""A rendered message as the bytes that go to the relay (RFC 5322, 2045 to 2047, 8058)."""

from __future__ import annotations

import hashlib
import re
from base64 import encodebytes
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple

from nurture.clock import SECOND, Moment, to_datetime
from nurture.errors import TemplateError
from nurture.messages.headers import LONGEST_SUBJECT, address, mailbox, unstructured, written_mailbox
from nurture.messages.quoted import quoted
from nurture.messages.render import Rendered
from nurture.messages.tokens import Key, Signer

# "=_" cannot stand in quoted-printable text (RFC 2045 section 6.7), so no part can hold this line.
_BOUNDARY = "=_nurture_alternative"
_MIXED = "=_nurture_mixed"
_PART = "Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_TEXT_HEAD = f"--{_BOUNDARY}\r\n{_PART.format('plain')}".encode()
_HTML_HEAD = f"\r\n--{_BOUNDARY}\r\n{_PART.format('html')}".encode()
_END = f"\r\n--{_BOUNDARY}--\r\n".encode()
_URI = re.compile(r"[!#-;=?-~]+")
_MESSAGE_ID = re.compile(r"<?([0-9]{1,19})-([0-9]{1,9})\.([0-9a-f]{16})@[^\s<>@]{1,255}>?", re.ASCII)
_LONGEST_LINE = 998
_NOT_IN_A_LINE_END = bytes(set(range(256)) - set(b"\r\n"))
_BARE_RETURN = re.compile(rb"\r(?!\n)")
_FIELD_BODY = rb":[\t -~]*+(?:\r\n[\t ]++[!-~][\t -~]*+)*+\r\n"

ALWAYS = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type")
"""What every message has, besides Reply-To where there is one."""
MARKETING = ("List-Unsubscribe", "List-Unsubscribe-Post", "Precedence")
"""What is added where the topic can be switched off."""
_NAMES = {
    (reply, marketing): (
        *ALWAYS[:2],
        *(("Reply-To",) if reply else ()),
        *ALWAYS[2:6],
        *(MARKETING if marketing else ()),
        *ALWAYS[6:],
    )
    for reply in (True, False)
    for marketing in (True, False)
}


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
    copy_to: str = ""
    """A second address in Reply-To, which gets a copy of the answer."""
    now: Moment
    seal: str = ""
    """What tells the Message-ID from a made-up one: see `seal_of`."""
    unsubscribe: str = ""
    """The one-click address (RFC 8058); empty on mail about the contact's own orders."""
    unsubscribe_mailto: str = ""
    """An address that unsubscribes who writes to it; empty: there is none."""

    @property
    def names(self) -> tuple[str, ...]:
        """The headers that the message has to have, each once, in order."""
        return _NAMES[bool(self.reply_to), bool(self.unsubscribe)]


class _Skeleton(NamedTuple):
    """The constant stretches of a head, up to the field that follows each."""

    to: str
    subject: str
    date: str
    message_id: str
    unsubscribe: str
    """To the end of the head where there is no unsubscribing."""
    end: str
    domain: str


def message_id(key: Key, sender: str, seal: str = "") -> str:
    """`<enrollment-step.seal@domain>`, the same for one message of one sender as long as the key is."""
    return _message_id(key, seal, _domain(sender))


def seal_of(key: Key, signer: Signer) -> str:
    """What stands in the Message-ID so that nobody else can make one."""
    return signer.seal("message id", key)


def read_message_id(text: str, signer: Signer) -> Key | None:
    """Which message of ours bears this Message-ID, or None where we never gave it. `<>` may be missing."""
    found = _MESSAGE_ID.fullmatch(text.strip()) if len(text) <= _LONGEST_LINE else None
    if found is None:
        return None
    key = (int(found[1]), int(found[2]))
    return key if signer.is_sealed("message id", key, found[3]) else None


def compose(rendered: Rendered, headers: MailHeaders) -> bytes:
    """The finished message: CRLF line ends, no line over 998, both parts in quoted-printable.

    Raises TemplateError where an address or the subject cannot stand in a header.
    """
    return put_together(headers, rendered.subject, quoted(rendered.text), quoted(rendered.html))


def put_together(headers: MailHeaders, subject: str, text: bytes, html: bytes) -> bytes:
    """The same of parts that are in quoted-printable already, each with a line end at its end."""
    head = _head(headers, subject).encode("ascii")
    return b"".join((head, _TEXT_HEAD, text, _HTML_HEAD, html, _END))


def attach(content: bytes, name: str, data: bytes) -> bytes:
    """A message that `compose` made, with a file behind its text (RFC 2046 section 5.1.3). `name` in plain ASCII."""
    head, _, body = content.partition(b"\r\n\r\n")
    fields, _, inner = head.rpartition(b"\r\nContent-Type: ")
    outer = f'\r\nContent-Type: multipart/mixed;\r\n boundary="{_MIXED}"\r\n\r\n--{_MIXED}\r\n'
    file = (
        f"--{_MIXED}\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    encoded = encodebytes(data).replace(b"\n", b"\r\n")
    return b"".join(
        (
            fields, outer.encode("ascii"), b"Content-Type: ", inner, b"\r\n\r\n", body,
            file.encode("ascii"), encoded, f"--{_MIXED}--\r\n".encode("ascii"),
        )
    )  # fmt: skip


def verify(content: bytes, names: Iterable[str]) -> None:
    """Check finished bytes before they go: exactly these headers in this order, CRLF, no line too long.

    Raises TemplateError. Reads the bytes anew, so that what slipped through anywhere before is caught here.
    """
    ends = content.translate(None, _NOT_IN_A_LINE_END)
    # Every CR has its LF behind it, and there is one LF for each CR: so there is neither without the other.
    if ends != b"\r\n" * (len(ends) // 2) or _BARE_RETURN.search(content) or not content.endswith(b"\r\n"):
        raise _unfit("it has a line end that is not CRLF")
    if not _lines_fit(content):
        raise _unfit(f"it has a line of more than {_LONGEST_LINE} characters")
    if not content.isascii():
        raise _unfit("it has a byte that is not ASCII")
    if not _head_of(tuple(names)).match(content):
        raise _unfit(_head_fault(content))


def _lines_fit(content: bytes) -> bool:
    """In steps of as many lines as one line may be long; `content` ends with a line end."""
    at, longest, end = 0, _LONGEST_LINE + 2, len(content)
    while end - at > longest:
        last = content.rfind(b"\n", at, at + longest)
        if last < 0:
            return False
        at = last + 1
    return True


@lru_cache(maxsize=64)
def _head_of(names: tuple[str, ...]) -> re.Pattern[bytes]:
    """A head with these fields and no others; each may be folded, and has nothing in it but what can be printed."""
    return re.compile(b"".join(re.escape(name.encode()) + _FIELD_BODY for name in names) + b"\r\n")


def _head_fault(content: bytes) -> str:
    head = content.partition(b"\r\n\r\n")[0]
    if any((byte < 32 and byte not in b"\r\n\t") or byte > 126 for byte in head):
        return "its head has a control character"
    lines = [line for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    seen = ", ".join(line.partition(b":")[0].decode("ascii", "replace") for line in lines)
    return f"its headers are {seen[:300]}"


def _head(headers: MailHeaders, subject: str) -> str:
    """With the empty line behind it."""
    if len(subject) > LONGEST_SUBJECT:
        subject = subject[: LONGEST_SUBJECT - 1].rstrip() + "…"
    it = _skeleton(headers.sender, headers.reply_to, headers.copy_to, bool(headers.unsubscribe))
    head = (
        f"{it.to}{mailbox('To', headers.to_name, headers.to)}"
        f"{it.subject}{unstructured('Subject', subject)}"
        f"{it.date}{_date(headers.now // SECOND)}"
        f"{it.message_id}{_message_id(headers.key, headers.seal, it.domain)}{it.unsubscribe}"
    )
    if not headers.unsubscribe:
        return head
    mailto = headers.unsubscribe_mailto
    by_mail = f",\r\n <mailto:{address(mailto)}>" if mailto else ""
    return f"{head}<{_link(headers.unsubscribe)}>{by_mail}{it.end}"


@lru_cache(maxsize=256)
def _skeleton(sender: str, reply_to: str, copy_to: str, marketing: bool) -> _Skeleton:
    copy = f",\r\n <{address(copy_to)}>" if copy_to else ""
    reply = f"\r\nReply-To: {written_mailbox('Reply-To', reply_to)}{copy}" if reply_to else ""
    fixed = "\r\nAuto-Submitted: auto-generated"
    shape = (
        f'\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{_BOUNDARY}"\r\n\r\n'
    )
    post = "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nPrecedence: bulk"
    return _Skeleton(
        to=f"From: {written_mailbox('From', sender)}\r\nTo: ",
        subject=f"{reply}\r\nSubject: ",
        date="\r\nDate: ",
        message_id="\r\nMessage-ID: ",
        unsubscribe=f"{fixed}\r\nList-Unsubscribe: " if marketing else f"{fixed}{shape}",
        end=f"{post}{shape}",
        domain=_domain(sender),
    )


def _domain(sender: str) -> str:
    spec = sender.rpartition("<")[2].rstrip("> ") if "<" in sender else sender.strip()
    return address(spec).rpartition("@")[2]


def _message_id(key: Key, seal: str, domain: str) -> str:
    told = seal or hashlib.sha256(f"{key[0]} {key[1]} {domain}".encode()).hexdigest()[:16]
    return f"<{key[0]}-{key[1]}.{told}@{domain}>"


@lru_cache(maxsize=64)
def _date(second: int) -> str:
    return format_datetime(to_datetime(second * SECOND))


def _link(link: str) -> str:
    if not link.startswith(("https://", "http://")) or not _URI.fullmatch(link) or len(link) > 900:
        raise _unfit(f"it cannot be unsubscribed from at {link[:80]!r}")
    return link


def _unfit(message: str) -> TemplateError:
    return TemplateError(f"the finished message cannot go out: {message}")
