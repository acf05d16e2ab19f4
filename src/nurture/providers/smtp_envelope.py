"""A letter as a server wants it: the envelope with the extensions the server offers, the body with its dots
stuffed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from aiosmtplib.protocol import normalize_message_line_endings

from nurture.delivery.outcome import Refused
from nurture.providers.base import Letter

# Of one sign first, which is looked for 80 bytes at a time: count and find of two take twice as long.
_LONE_LF = re.compile(rb"\n(?<!\r\n)")
_LONE_CR = re.compile(rb"\r(?!\n)")
_DOT = re.compile(rb"\n\.")

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


class Envelope(NamedTuple):
    """A letter's commands. A tuple, which is made in a quarter of the time: there is one for each message."""

    sender: str
    recipient: str
    options: tuple[str, ...] = ()
    """Parameters of MAIL."""
    encoding: str = "ascii"

    def mail(self) -> bytes:
        """The MAIL command."""
        return f"MAIL FROM:<{self.sender}>{self._options()}\r\n".encode(self.encoding)

    def rcpt(self) -> bytes:
        """The RCPT command."""
        return f"RCPT TO:<{self.recipient}>\r\n".encode(self.encoding)

    def all_at_once(self) -> bytes:
        """MAIL, RCPT and DATA (RFC 2920)."""
        return (
            f"MAIL FROM:<{self.sender}>{self._options()}\r\nRCPT TO:<{self.recipient}>\r\nDATA\r\n"
        ).encode(self.encoding)

    def _options(self) -> str:
        return "".join([f" {it}" for it in self.options]) if self.options else ""


def address_envelope(letter: Letter, offered: Extensions) -> Envelope | Refused:
    """The envelope of `letter`, or why this server can never be asked to take it."""
    sender, recipient, content = letter.sender, letter.recipient, letter.content
    if not (_ADDRESS.fullmatch(recipient) and _may_send(sender)):
        return Refused(reply="the address cannot stand in an envelope", kind="policy")
    international = not (sender.isascii() and recipient.isascii())
    if international and not offered.international:
        return Refused(reply="the relay takes no addresses beyond ASCII (SMTPUTF8)", kind="policy")
    eight_bit = not content.isascii()
    if eight_bit and not offered.eight_bit:
        return Refused(
            reply="the message has 8-bit text, which the relay does not take (8BITMIME)", kind="policy"
        )
    if 0 < offered.max_size < len(content):
        return Refused(
            reply=f"the message has {len(content)} bytes, the relay takes {offered.max_size}",
            kind="policy",
        )
    options: tuple[str, ...] = (f"SIZE={len(content)}",) if offered.size else ()
    options += ("BODY=8BITMIME",) if eight_bit else ()
    options += ("SMTPUTF8",) if international else ()
    return Envelope(sender, recipient, options, "utf-8" if international else "ascii")


@lru_cache(maxsize=1_000)
def _may_send(address: str) -> bool:
    # The same few for all messages. The empty one is that of notices of delivery.
    return address == "" or _ADDRESS.fullmatch(address) is not None


END = b".\r\n"
"""Of a body."""


def has_dots(content: bytes) -> bool:
    """Whether a line of `content`, whose line ends are whole, begins with a dot."""
    return content.startswith(b".") or _DOT.search(content) is not None


def stuff(content: bytes) -> bytes:
    """The bytes of a body between DATA's answer and the final dot: dots doubled, line ends made whole.

    A lone CR or LF would let a message end itself and begin another (RFC 5321 4.1.1.4), so none leaves here.
    """
    if _LONE_LF.search(content) or _LONE_CR.search(content) or not content.endswith(b"\r\n"):
        content = normalize_message_line_endings(content)
    if content.startswith(b"."):
        content = b"." + content
    return content.replace(b"\n.", b"\n..") if _DOT.search(content) else content
