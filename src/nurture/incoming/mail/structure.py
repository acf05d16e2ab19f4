"""The parts of a mail, read within bounds and without ever failing (RFC 2045, 2046)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from nurture.incoming.mail.headers import (
    LONGEST_INNER_HEAD,
    Head,
    parameters_of,
    read_head,
    split_head,
    value_of,
)
from nurture.incoming.mail.text import LONGEST_TEXT, clean, from_html, to_text, unpacked

MOST_PARTS = 100
DEEPEST = 8
_LONGEST_BOUNDARY = 200


@dataclass(frozen=True)
class Part:
    """One part that holds no other parts, or holds a whole mail, which is not taken apart."""

    head: Head
    type: str
    """Such as `text/plain`, in lower case."""
    body: bytes
    """As it came, in its transfer encoding."""

    @cached_property
    def content(self) -> bytes:
        """The start of it, without its transfer encoding."""
        return unpacked(self.body, value_of(self.head.get("content-transfer-encoding")))

    @cached_property
    def text(self) -> str:
        """The start of it as text; of HTML, the words."""
        text = to_text(self.content, parameters_of(self.head.get("content-type")).get("charset", ""))
        return from_html(text) if self.type == "text/html" else clean(text)[:LONGEST_TEXT]

    @property
    def is_attached(self) -> bool:
        """Whether it is a file beside the mail rather than the mail."""
        return value_of(self.head.get("content-disposition")) == "attachment"


@dataclass(frozen=True)
class Mail:
    """A mail, taken apart."""

    head: Head
    type: str
    parts: tuple[Part, ...]
    is_cut: bool
    """More parts, or deeper ones, than anybody sends in earnest: some were left out."""

    def of_type(self, *types: str) -> list[Part]:
        """The parts of these types, in order."""
        return [it for it in self.parts if it.type in types]

    @cached_property
    def text(self) -> str:
        """What it says: the first part in plain text, else the words of the first in HTML."""
        for wanted in ("text/plain", "text/html"):
            for part in self.parts:
                if part.type == wanted and not part.is_attached and part.text.strip():
                    return part.text
        return ""

    @property
    def subject(self) -> str:
        """As a person reads it."""
        return self.head.shown("subject")


def read_structure(content: bytes) -> Mail:
    """Take a mail apart. Any bytes give a mail."""
    raw, body = split_head(content)
    head = read_head(raw)
    parts: list[Part] = []
    whole = _take(head, body, parts, 0, "text/plain")
    return Mail(head=head, type=_type(head, "text/plain"), parts=tuple(parts), is_cut=not whole)


def _take(head: Head, body: bytes, parts: list[Part], depth: int, default: str) -> bool:
    """Add the parts in `body`. Returns whether there was room for all of them."""
    kind = _type(head, default)
    boundary = parameters_of(head.get("content-type")).get("boundary", "")[:_LONGEST_BOUNDARY]
    if not kind.startswith("multipart/") or not boundary or depth >= DEEPEST:
        if len(parts) >= MOST_PARTS:
            return False
        parts.append(Part(head=head, type=kind, body=body))
        return not (kind.startswith("multipart/") and depth >= DEEPEST)
    inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
    pieces = _split(body, boundary.encode("utf-8", "replace"), MOST_PARTS + 1 - len(parts))
    if not pieces:
        # A boundary that is never met: all of it is what the mail says.
        parts.append(Part(head=head, type="text/plain", body=body))
    whole = True
    for piece in pieces:
        raw, rest = split_head(piece, LONGEST_INNER_HEAD)
        whole = _take(read_head(raw), rest, parts, depth + 1, inner) and whole
        if len(parts) >= MOST_PARTS:
            return False
    return whole


def _split(body: bytes, boundary: bytes, most: int) -> list[bytes]:
    """What stands between the lines of the boundary; after the last of them where the mail was cut off."""
    delimiter = b"--" + boundary
    pieces: list[bytes] = []
    start = -1
    at = 0 if body.startswith(delimiter) else _next(body, delimiter, 0)
    while at >= 0 and len(pieces) < most:
        if start >= 0:
            pieces.append(body[start:at].removesuffix(b"\n").removesuffix(b"\r"))
        end = at + len(delimiter)
        line_end = body.find(b"\n", end)
        if body[end : end + 2] == b"--":
            return pieces
        if line_end < 0:
            return pieces
        start = line_end + 1
        at = start if body.startswith(delimiter, start) else _next(body, delimiter, start)
    if at < 0 and start >= 0:
        pieces.append(body[start:])
    return pieces


def _next(body: bytes, delimiter: bytes, start: int) -> int:
    """Where the next line begins that is `delimiter`, blanks and dashes behind it apart; -1: nowhere."""
    at = max(start - 1, 0)
    for _ in range(1000):
        at = body.find(b"\n" + delimiter, at)
        if at < 0:
            return -1
        end = at + 1 + len(delimiter)
        # One boundary may be the beginning of another.
        if body[end : end + 1] in (b"", b"\r", b"\n", b" ", b"\t", b"-"):
            return at + 1
        at = end
    return -1


def _type(head: Head, default: str) -> str:
    kind = value_of(head.get("content-type"))
    return kind if "/" in kind else default
