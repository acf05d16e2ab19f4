"""Mailgun's webhooks: one event each. Their signature covers a time and a token, not the event itself.

So a token counts once: whoever recorded one cannot send another event with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nurture.clock import Moment
from nurture.incoming.heard import Heard, HeardKind, Severity
from nurture.incoming.parts import (
    Part,
    Told,
    UnreadableError,
    address,
    loaded,
    message_of,
    moment,
    part,
    said,
    text,
)
from nurture.incoming.severity import by_status
from nurture.incoming.signatures import LATE, Headers, is_fresh, is_one_of, mac
from nurture.messages.tokens import Signer

_LARGEST = 256 * 1024
"""Bytes of one event."""

_KINDS: Mapping[str, HeardKind] = {
    "accepted": "ignored",
    "delivered": "delivered",
    "opened": "opened",
    "clicked": "clicked",
    "unsubscribed": "unsubscribed",
    "complained": "complained",
}
_FAILED: Mapping[str, tuple[HeardKind, Severity]] = {
    "bounce": ("bounced", "hard"),
    "hardfail": ("bounced", "hard"),
    "suppress-bounce": ("bounced", "hard"),
    "suppress-unsubscribe": ("unsubscribed", ""),
    "suppress-complaint": ("complained", ""),
    "old": ("bounced", "soft"),
    "softfail": ("bounced", "soft"),
}
"""What Mailgun gives as the reason for a failure that it calls permanent; any other says nothing of the mailbox."""


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: Moment) -> bool:
    """Whether Mailgun made the signature that is in the body. `headers` say nothing."""
    # It has to be read before anybody knows whose it is, and JSON takes twenty times its size.
    if len(body) > _LARGEST:
        return False
    try:
        signature = part(loaded(body), "signature")
    except UnreadableError:
        return False
    seconds, it = text(signature, "timestamp"), text(signature, "token", longest=200)
    if not it or not is_fresh(seconds, now, LATE):
        return False
    wanted = [mac(secret.encode(), f"{seconds}{it}".encode()).hex().encode() for secret in secrets]
    return is_one_of(text(signature, "signature").encode(), wanted)


def token(body: bytes) -> str:
    """The token, which counts once. Raises UnreadableError."""
    return text(loaded(body), "signature", "token", longest=200)


def read(body: bytes, signer: Signer) -> list[Told]:
    """The event. Raises UnreadableError."""
    event = part(loaded(body), "event-data")
    if not event:
        raise UnreadableError("there is no event-data")
    return [(_heard(event, signer), body)]


def _heard(event: Part, signer: Signer) -> Heard:
    status = part(event, "delivery-status")
    code = text(status, "enhanced-code")
    kind, severity = _kind(event, code)
    return Heard(
        kind=kind,
        recipient=address(event, "recipient"),
        key=message_of(signer, text(event, "message", "headers", "message-id", longest=998)),
        proof="signed",
        severity=severity,
        reason=code or text(event, "reason") or text(event, "event"),
        said=said(status, "message") or said(status, "description"),
        at=moment(event, "timestamp"),
        id=text(event, "id", longest=200),
        link=text(event, "url", longest=2_000),
        agent=text(event, "client-info", "user-agent"),
        ip=text(event, "ip", longest=50),
    )


def _kind(event: Part, code: str) -> tuple[HeardKind, Severity]:
    match text(event, "event"), text(event, "severity"):
        case "failed", "temporary":
            return "deferred", ""
        case "failed", _:
            kind, severity = _FAILED.get(text(event, "reason"), ("bounced", "other"))
            return kind, by_status(severity, code)
        case "rejected", _:
            return "bounced", "other"
        case word, _:
            return _KINDS.get(word, "ignored"), ""
