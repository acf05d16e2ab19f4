"""Postmark's webhooks: one record each. Postmark signs nothing; it shows a password that we share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nurture.clock import Moment
from nurture.incoming.heard import Heard, HeardKind, Severity
from nurture.incoming.parts import (
    Part,
    Told,
    UnreadableError,
    address,
    is_true,
    loaded,
    message_of,
    moment,
    part,
    said,
    text,
)
from nurture.incoming.signatures import Headers, from_base64, is_one_of
from nurture.messages.tokens import Signer

HEADER = "x-nurture-secret"
"""Where the password may stand instead of in the URL (https://any:PASSWORD@…)."""

_BOUNCES: Mapping[str, tuple[HeardKind, Severity]] = {
    "HardBounce": ("bounced", "hard"),
    "BadEmailAddress": ("bounced", "hard"),
    "SoftBounce": ("bounced", "soft"),
    "Transient": ("bounced", "soft"),
    "DnsError": ("bounced", "soft"),
    "SpamComplaint": ("complained", ""),
    "Unsubscribe": ("unsubscribed", ""),
    "AutoResponder": ("auto-reply", ""),
    "ChallengeVerification": ("auto-reply", ""),
    "Subscribe": ("ignored", ""),
    "InboundError": ("ignored", ""),
}
"""By Type; any other says nothing of whether there is such a mailbox."""

_NAMES = {"Bounce": "Email", "SpamComplaint": "Email"}
"""In which field the recipient stands, where not in Recipient."""
_TIMES = ("BouncedAt", "DeliveredAt", "ReceivedAt", "ChangedAt")


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: Moment) -> bool:
    """Whether the request shows the password. Nothing vouches for `body`, and nothing says when: `now` is not used."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    shown = from_base64(rest.strip()).partition(b":")[2] if scheme.lower() == "basic" else b""
    given = shown or headers.get(HEADER, "").encode("utf-8", "replace")
    return is_one_of(given, [it.encode() for it in secrets])


def read(body: bytes, signer: Signer) -> list[Told]:
    """The record. Raises UnreadableError."""
    record = loaded(body)
    if not isinstance(record, dict):
        raise UnreadableError("it is not a record")
    return [(_heard(record, signer), body)]


def _heard(record: Part, signer: Signer) -> Heard:
    kind, severity = _kind(record)
    word = text(record, "RecordType")
    recipient = address(record, _NAMES.get(word, "Recipient"))
    at = next((found for it in _TIMES if (found := moment(record, it))), 0)
    # A bounce has a number of its own; of the rest a message has one of a kind at a time.
    own = text(record, "ID") or " ".join((text(record, "MessageID"), recipient, str(at)))
    metadata = part(record, "Metadata")
    return Heard(
        kind=kind,
        recipient=recipient,
        key=message_of(signer, text(metadata, "message_id")),
        proof="signed",
        severity=severity,
        reason=text(record, "Type") or text(record, "SuppressionReason") or word,
        said=said(record, "Details") or said(record, "Description"),
        at=at,
        id=f"{word} {own}"[:200],
        link=text(record, "OriginalLink", longest=2_000),
        agent=text(record, "UserAgent"),
        ip=text(record, "Geo", "IP", longest=50),
    )


def _kind(record: Part) -> tuple[HeardKind, Severity]:
    match text(record, "RecordType"):
        case "Bounce":
            return _BOUNCES.get(text(record, "Type"), ("bounced", "other"))
        case "SpamComplaint":
            return "complained", ""
        case "Delivery":
            return "delivered", ""
        case "Open":
            return "opened", ""
        case "Click":
            return "clicked", ""
        case "SubscriptionChange" if is_true(record, "SuppressSending"):
            # Else somebody said so: the recipient, or the one who keeps the account.
            return _BOUNCES.get(text(record, "SuppressionReason"), ("unsubscribed", ""))
        case _:
            return "ignored", ""
