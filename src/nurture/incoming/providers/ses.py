"""Amazon SES, by way of SNS: envelopes signed with a key whose certificate lies at an address of Amazon's.

Whoever signs as SNS may do so for a topic of anybody's, so a topic counts only where the settings name it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509 import load_pem_x509_certificate

from nurture.clock import Moment, from_datetime
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
    parts,
    said,
    text,
)
from nurture.incoming.severity import by_status
from nurture.incoming.signatures import LATE, from_base64
from nurture.messages.tokens import Signer

_REGION = r"[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\d{1,2}"
TOPIC = re.compile(
    rf"arn:aws(?:-[a-z]{{2,10}}){{0,2}}:sns:({_REGION}):\d{{12}}:[A-Za-z0-9_-]{{1,256}}(?:\.fifo)?"
)
"""What names a topic; its first group is the region."""
_CERTIFICATE = re.compile(
    rf"https://sns\.({_REGION})\.amazonaws\.com(?:\.cn)?/SimpleNotificationService-[0-9a-f]{{16,64}}\.pem"
)
"""Host and path as SNS has them, letter by letter: `sns.s3.amazonaws.com` would be anybody's bucket."""

_LARGEST = 1024 * 1024
"""SNS carries 256 KiB, which may be twice as much as JSON in JSON. Whoever signs nothing is not read for long."""

_SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
    "UnsubscribeConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
_HASHES: Mapping[str, type[HashAlgorithm]] = {"1": SHA1, "2": SHA256}

_KINDS: Mapping[str, HeardKind] = {
    "Delivery": "delivered",
    "DeliveryDelay": "deferred",
    "Bounce": "bounced",
    "Reject": "bounced",
    "Complaint": "complained",
    "Open": "opened",
    "Click": "clicked",
    "Subscription": "unsubscribed",
}
_BOUNCES: Mapping[tuple[str, str], Severity] = {
    ("Permanent", "General"): "hard",
    ("Permanent", "NoEmail"): "hard",
    ("Permanent", "Suppressed"): "hard",
    ("Permanent", "OnAccountSuppressionList"): "hard",
    ("Transient", "General"): "soft",
    ("Transient", "MailboxFull"): "soft",
}
"""By type and subtype; any other says nothing of the mailbox."""
_NO_COMPLAINT = frozenset({"auth-failure", "not-spam"})
"""RFC 5965 section 7.3: reports that blame nobody for mail that was not wanted."""
_DETAILS = {"DeliveryDelay": "deliveryDelay"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What SNS posts."""

    type: str
    topic: str
    id: str
    token: str
    certificate: str
    """Where the certificate lies, at an address of Amazon's in the topic's own region."""
    content: bytes
    """What is signed."""
    signature: bytes
    version: str
    at: Moment
    message: str


def envelope(body: bytes) -> Envelope | None:
    """The envelope, or None where it cannot be one of SNS's."""
    if len(body) > _LARGEST:
        return None
    try:
        whole = loaded(body)
    except UnreadableError:
        return None
    if not isinstance(whole, dict) or not all(isinstance(it, str) for it in whole.values()):
        return None
    fields: dict[str, str] = whole
    topic, certificate = fields.get("TopicArn", ""), fields.get("SigningCertURL", "")
    here, there = TOPIC.fullmatch(topic), _CERTIFICATE.fullmatch(certificate)
    names = _SIGNED.get(fields.get("Type", ""))
    if names is None or here is None or there is None or here[1] != there[1]:
        return None
    try:
        content = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields).encode()
    except UnicodeEncodeError:
        return None
    return Envelope(
        type=fields["Type"],
        topic=topic,
        id=text(fields, "MessageId", longest=200),
        token=fields.get("Token", ""),
        certificate=certificate,
        content=content,
        signature=from_base64(fields.get("Signature", "")),
        version=fields.get("SignatureVersion", ""),
        at=moment(fields, "Timestamp"),
        message=fields.get("Message", ""),
    )


def verify(given: Envelope, certificate: bytes, now: Moment) -> bool:
    """Whether the envelope was signed with the key of that certificate (PEM), and lately."""
    algorithm = _HASHES.get(given.version)
    if algorithm is None or not given.id or abs(given.at - now) > LATE:
        return False
    try:
        found = load_pem_x509_certificate(certificate)
        key = found.public_key()
    except ValueError:
        return False
    since, until = from_datetime(found.not_valid_before_utc), from_datetime(found.not_valid_after_utc)
    if not isinstance(key, RSAPublicKey) or not since <= now <= until:
        return False
    try:
        key.verify(given.signature, given.content, PKCS1v15(), algorithm())
    except InvalidSignature:
        return False
    return True


def read(given: Envelope, signer: Signer) -> list[Told]:
    """The events in a notification, one for each recipient. Raises UnreadableError."""
    if given.type != "Notification":
        return []
    try:
        event = loaded(given.message)
    except UnreadableError:
        # SES says hello to a new topic in plain words.
        event = {}
    word = text(event, "eventType") or text(event, "notificationType")
    detail = part(event, _DETAILS.get(word, word.lower()))
    raw = given.message.encode("utf-8", "replace")
    return [(_heard(given, event, word, detail, it, signer), raw) for it in _recipients(event, word, detail)]


def _recipients(event: object, word: str, detail: Part) -> list[Part]:
    """What is told of each recipient."""
    match word:
        case "Bounce":
            found = parts(detail, "bouncedRecipients")
        case "Complaint":
            found = parts(detail, "complainedRecipients")
        case "DeliveryDelay":
            found = parts(detail, "delayedRecipients")
        case _:
            several = detail.get("recipients") or part(event, "mail").get("destination")
            found = [{"emailAddress": it} for it in several] if isinstance(several, list) else []
    return found or [{}]


def _heard(given: Envelope, event: object, word: str, detail: Part, recipient: Part, signer: Signer) -> Heard:
    mail, to = part(event, "mail"), address(recipient, "emailAddress")
    ids = [text(it, "value", longest=998) for it in parts(mail, "headers") if _is_message_id(it)]
    status = text(recipient, "status")
    feedback = text(detail, "feedbackId", longest=150)
    return Heard(
        kind=_kind(word, detail),
        recipient=to,
        key=message_of(signer, text(mail, "source"), text(mail, "commonHeaders", "messageId"), *ids),
        proof="signed",
        severity=_severity(word, detail, status),
        reason=status or _reason(detail) or word,
        said=said(recipient, "diagnosticCode") or said(detail, "smtpResponse") or said(detail, "reason"),
        at=moment(detail, "timestamp") or moment(mail, "timestamp"),
        # The same bounce may come by two topics.
        id=f"{feedback or given.id} {to}"[:400],
        link=text(detail, "link", longest=2_000),
        agent=text(detail, "userAgent"),
        ip=text(detail, "ipAddress", longest=50),
    )


def _kind(word: str, detail: Part) -> HeardKind:
    if word == "Complaint" and text(detail, "complaintFeedbackType") in _NO_COMPLAINT:
        return "ignored"
    if word == "Subscription" and not is_true(detail, "newTopicPreferences", "unsubscribeAll"):
        return "ignored"
    return _KINDS.get(word, "ignored")


def _severity(word: str, detail: Part, status: str) -> Severity:
    if word == "Reject":
        return "other"
    if word != "Bounce":
        return ""
    meant = text(detail, "bounceType"), text(detail, "bounceSubType")
    return by_status(_BOUNCES.get(meant, "other"), status)


def _reason(detail: Part) -> str:
    names = ("bounceSubType", "complaintFeedbackType", "delayType", "reason")
    return next((found for it in names if (found := text(detail, it))), "")


def _is_message_id(header: Part) -> bool:
    return text(header, "name").lower() == "message-id"
