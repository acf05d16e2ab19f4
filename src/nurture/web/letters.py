"""A kept message taken apart for showing. Nothing here trusts what is in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message in its parts."""

    subject: str
    sender: str
    recipient: str
    html: str
    text: str
    headers: tuple[tuple[str, str], ...]
    source: str
    size: int
    """In bytes, as it was handed over."""


def take_apart(content: bytes) -> Letter:
    """Read a whole message; parts that cannot be read are empty."""
    parsed = BytesParser(policy=policy.compat32).parsebytes(content)
    headers = tuple((name, _decoded(name, str(value))) for name, value in parsed.items())
    values = {name.lower(): value for name, value in headers}
    html, text = "", ""
    for part in parsed.walk():
        kind = part.get_content_type()
        if kind == "text/html" and not html:
            html = _text(part.get_payload(decode=True), part.get_content_charset())
        elif kind == "text/plain" and not text:
            text = _text(part.get_payload(decode=True), part.get_content_charset())
    return Letter(
        subject=values.get("subject", ""),
        sender=values.get("from", ""),
        recipient=values.get("to", ""),
        html=html,
        text=text,
        headers=headers,
        source=content.decode("utf-8", "replace"),
        size=len(content),
    )


def _text(payload: object, charset: str | None) -> str:
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(charset or "utf-8", "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")


def _decoded(name: str, value: str) -> str:
    """A header as people read it, unfolded; as it stands where its encoding is broken."""
    try:
        made = EmailMessage(policy=policy.default)
        made[name] = re.sub(r"[\r\n]+[ \t]?", " ", value)
        return str(made[name])
    except (ValueError, LookupError, IndexError, TypeError, AttributeError):
        return value


_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_NEW_WINDOW = '<base target="_blank">'


def for_frame(html: str) -> str:
    """The HTML with its links opening outside the frame, which could not hold the shop's page."""
    match = _HEAD.search(html)
    at = match.end() if match else 0
    return html[:at] + _NEW_WINDOW + html[at:]
