"""A letter as a server wants it: the envelope with the extensions the server offers, the body with its dots
stuffed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiosmtplib.protocol import normalize_message_line_endings

from nurture.delivery.outcome import Refused
from nurture.providers.base import Letter

# No space, control character, bracket or quote may come into a command line.
_ADDRESS = re.compile(r"[^\x00-\x20\x7f-\x9f<>()\[\]\\,;:\"@]{1,64}@[^\x00-\x20\x7f-\x9f<>()\\,;\"@]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """What of the server's EHLO answer matters here."""

    pipelining: bool = False
    size: bool = False
    max_size: int = 0
    """Bytes; 0: no limit is known."""
    eight_bit: bool = False
    international: bool = False
    """Addresses beyond ASCII (SMTPUTF8, RFC 6531)."""

    @staticmethod
    def of(offered: Mapping[str, str]) -> Extensions:
        """From keyword in lower case to its parameters."""
        limit = offered.get("size", "")
        return Extensions(
            pipelining="pipelining" in offered,
            size="size" in offered,
            max_size=int(limit) if limit.isascii() and limit.isdigit() else 0,
            eight_bit="8bitmime" in offered,
            international="smtputf8" in offered,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A letter's commands."""

    sender: str
    recipient: str
    options: tuple[str, ...]
    """Parameters of MAIL."""
    encoding: str

    def mail(self) -> bytes:
        """The MAIL command."""
        return " ".join((f"MAIL FROM:<{self.sender}>", *self.options)).encode(self.encoding) + b"\r\n"

    def rcpt(self) -> bytes:
        """The RCPT command."""
        return f"RCPT TO:<{self.recipient}>".encode(self.encoding) + b"\r\n"


def address_envelope(letter: Letter, offered: Extensions) -> Envelope | Refused:
    """The envelope of `letter`, or why this server can never be asked to take it."""
    addresses = (letter.sender, letter.recipient)
    if not _ADDRESS.fullmatch(letter.recipient) or not (
        letter.sender == "" or _ADDRESS.fullmatch(letter.sender)
    ):
        return Refused(reply="the address cannot stand in an envelope", kind="policy")
    international = not all(address.isascii() for address in addresses)
    if international and not offered.international:
        return Refused(reply="the relay takes no addresses beyond ASCII (SMTPUTF8)", kind="policy")
    eight_bit = not letter.content.isascii()
    if eight_bit and not offered.eight_bit:
        return Refused(
            reply="the message has 8-bit text, which the relay does not take (8BITMIME)", kind="policy"
        )
    if 0 < offered.max_size < len(letter.content):
        return Refused(
            reply=f"the message has {len(letter.content)} bytes, the relay takes {offered.max_size}",
            kind="policy",
        )
    options = [f"SIZE={len(letter.content)}"] if offered.size else []
    options += ["BODY=8BITMIME"] if eight_bit else []
    options += ["SMTPUTF8"] if international else []
    return Envelope(
        sender=letter.sender,
        recipient=letter.recipient,
        options=tuple(options),
        encoding="utf-8" if international else "ascii",
    )


def stuff(content: bytes) -> bytes:
    """The bytes between DATA's answer and the next command: dots doubled, line ends made whole, the last dot
    behind.

    A lone CR or LF would let a message end itself and begin another (RFC 5321 4.1.1.4), so none leaves here.
    """
    breaks = content.count(b"\r\n")
    if content.count(b"\n") != breaks or content.count(b"\r") != breaks or not content.endswith(b"\r\n"):
        content = normalize_message_line_endings(content)
    if content.startswith(b"."):
        content = b"." + content
    return content.replace(b"\r\n.", b"\r\n..") + b".\r\n"
