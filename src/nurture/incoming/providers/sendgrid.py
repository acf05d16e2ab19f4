"""SendGrid's Event Webhook: lists of events, signed with a key of SendGrid's own (ECDSA over P-256)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

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
    said,
    text,
    written,
)
from nurture.incoming.severity import by_status
from nurture.incoming.signatures import LATE, Headers, from_base64, is_fresh
from nurture.messages.tokens import Signer

_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"

_KINDS: Mapping[str, tuple[HeardKind, Severity]] = {
    "processed": ("ignored", ""),
    "delivered": ("delivered", ""),
    "deferred": ("deferred", ""),
    "bounce": ("bounced", "hard"),
    "open": ("opened", ""),
    "click": ("clicked", ""),
    "spamreport": ("complained", ""),
    "unsubscribe": ("unsubscribed", ""),
    "group_unsubscribe": ("unsubscribed", ""),
    "group_resubscribe": ("ignored", ""),
}
_DROPPED: Mapping[str, tuple[HeardKind, Severity]] = {
    "bounced address": ("bounced", "hard"),
    "invalid": ("bounced", "hard"),
    "unsubscribed address": ("unsubscribed", ""),
    "spam reporting address": ("complained", ""),
}
_NOT_THE_MAILBOX = frozenset({"technical", "content", "reputation", "frequency/volume", "unclassified"})
"""What SendGrid calls bounces that say nothing about whether there is such a mailbox."""


def public_key(text: str) -> EllipticCurvePublicKey | None:
    """The key as SendGrid shows it (base64 of DER), or None where this is none."""
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, EllipticCurvePublicKey) else None


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: Moment) -> bool:
    """Whether SendGrid signed the body; `secrets` are its public keys."""
    seconds = headers.get(_TIMESTAMP, "")
    if not is_fresh(seconds, now, LATE):
        return False
    signature, content = from_base64(headers.get(_SIGNATURE, "")), seconds.encode() + body
    return any(_is_by(key, signature, content) for key in map(public_key, secrets) if key)


def read(body: bytes, signer: Signer) -> list[Told]:
    """The events. Raises UnreadableError."""
    events = loaded(body)
    if not isinstance(events, list):
        raise UnreadableError("it is not a list of events")
    return [(_heard(it, signer), written(it)) for it in events if isinstance(it, dict)]


def _is_by(key: EllipticCurvePublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _heard(event: Part, signer: Signer) -> Heard:
    word, status, why = text(event, "event"), text(event, "status"), said(event, "reason")
    kind, severity = _KINDS.get(word, ("ignored", ""))
    if word == "dropped":
        kind, severity = _DROPPED.get(why.lower(), ("bounced", "other"))
    elif word == "bounce":
        severity = _severity(event, status)
    return Heard(
        kind=kind,
        recipient=address(event, "email"),
        key=message_of(signer, text(event, "smtp-id"), text(event, "message_id")),
        proof="signed",
        severity=severity,
        reason=status or text(event, "bounce_classification") or word,
        said=why or said(event, "response"),
        at=moment(event, "timestamp"),
        id=text(event, "sg_event_id", longest=200),
        link=text(event, "url", longest=2_000),
        agent=text(event, "useragent"),
        ip=text(event, "ip", longest=50),
    )


def _severity(event: Part, status: str) -> Severity:
    meant = text(event, "bounce_classification").lower()
    if meant in _NOT_THE_MAILBOX:
        return "other"
    if meant == "mailbox unavailable":
        return "soft"
    return by_status("other" if text(event, "type") == "blocked" else "hard", status)
