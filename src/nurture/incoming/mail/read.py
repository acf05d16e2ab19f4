"""What a mail that came in tells us, in the one vocabulary. Nothing in here is ever sure because the mail says so."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime

from nurture.clock import DAY, Moment, from_datetime
from nurture.incoming.heard import LONGEST_SAID, Heard, HeardKind, Proof, Severity
from nurture.incoming.mail.addressed import Addressed, addresses_of, read_addressed, reply_token_of
from nurture.incoming.mail.arf import Report, read_arf
from nurture.incoming.mail.auto_reply import sign_of_a_machine
from nurture.incoming.mail.dsn import Told, read_dsn
from nurture.incoming.mail.headers import address_of, split_head
from nurture.incoming.mail.notice import Notice, read_notice, words_about
from nurture.incoming.mail.original import Original, read_original
from nurture.incoming.mail.own_words import own_words
from nurture.incoming.mail.severity import judge_bounce
from nurture.incoming.mail.structure import Mail, read_structure
from nurture.incoming.mail.text import clean, cut
from nurture.messages.mime import read_message_id
from nurture.messages.tokens import Key, Signer

__all__ = ["read_mail", "reply_token_of"]

OLDEST = 30 * DAY
"""A mail that says it is from longer ago is taken for one of now."""
_LONGEST_REASON = 200
_MOST_REFERENCES = 50
_REFERENCE = re.compile(r"<[^<>\s]{3,320}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """One mail, as far as everything else needs it."""

    mail: Mail
    content: bytes
    addressed: Addressed
    original: Original
    now: Moment


def read_mail(content: bytes, envelope_to: Sequence[str], signer: Signer, now: Moment) -> list[Heard]:
    """What a mail tells us: one entry for each recipient that it speaks of, and never none. Any bytes are read.

    `envelope_to` are the addresses it was delivered to; where they are not known, as in a mailbox, those in its head.
    """
    mail = read_structure(content)
    addresses = list(envelope_to) or addresses_of(mail.head)
    addressed = read_addressed(addresses, signer)
    it = _Read(mail=mail, content=content, addressed=addressed, original=read_original(mail, signer), now=now)
    heard = _unsubscribed(it) + _told(it, signer)
    name = _name(it)
    return [replace(one, id=f"{name}/{number}") for number, one in enumerate(heard)]


def _told(it: _Read, signer: Signer) -> list[Heard]:
    if (report := read_arf(it.mail)) is not None:
        return [_reported(it, report)]
    if told := read_dsn(it.mail):
        return _delivered(it, told)
    seen = next(iter(it.mail.of_type("message/disposition-notification")), None)
    # That it was read, or deleted unread (RFC 8098). Some servers turn mail away in this shape.
    by_itself = seen is None or "automatic-action" in seen.text
    if by_itself and (notice := read_notice(it.mail, it.content)) is not None:
        return _bounced(it, notice)
    if seen is not None:
        return [_heard(it, "ignored", reason="disposition notification")]
    machine = sign_of_a_machine(it.mail)
    if it.addressed.unsubscribed:
        return []
    if it.addressed.answered is not None:
        return [_heard(it, "ignored", reason=machine or "answer", said=it.mail.text)]
    if machine:
        return [_from_a_person(it, "auto-reply", signer, reason=machine)]
    return [_from_a_person(it, "replied", signer, reason=it.mail.subject)]


def _unsubscribed(it: _Read) -> list[Heard]:
    """Whoever writes to the address of RFC 2369 section 3.2, whatever they write."""
    sender = address_of(it.mail.head.get("from"))
    return [
        _heard(
            it, "unsubscribed", recipient=sender, key=key, proof="verp", reason="by mail", said=it.mail.text
        )
        for key in it.addressed.unsubscribed
    ]


def _reported(it: _Read, report: Report) -> Heard:
    recipient = report.recipient or it.original.to
    key, proof = _proven(it, recipient)
    return _heard(
        it,
        report.means,
        recipient=recipient,
        key=key,
        proof=proof,
        reason=report.type,
        said=report.text,
        at=report.at,
    )


def _delivered(it: _Read, told: Sequence[Told]) -> list[Heard]:
    # A list of addresses behind the one we know: it works, whatever happened to some of them.
    partly = any(one.action in ("delivered", "relayed", "expanded") for one in told)
    return [_recipient_told(it, one, partly=partly) for one in told]


def _recipient_told(it: _Read, one: Told, *, partly: bool) -> Heard:
    key, proof = _proven(it, one.recipient)
    kind: HeardKind = "ignored"
    severity: Severity = ""
    reason = one.status or one.action
    match one.action:
        case "failed":
            judged = judge_bounce(one.status, one.text or words_about(it.mail.text, one.recipient))
            kind, reason = "bounced", judged.status or one.action
            severity = "other" if partly else judged.severity
        case "delayed":
            kind = "deferred"
        case "delivered":
            kind = "delivered"
        case "relayed" | "expanded":
            reason = one.action
    said = one.text or words_about(it.mail.text, one.recipient)
    return _heard(
        it,
        kind,
        recipient=one.recipient,
        key=key,
        proof=proof,
        severity=severity,
        reason=reason,
        said=said,
        at=one.at,
    )


def _bounced(it: _Read, notice: Notice) -> list[Heard]:
    """A bounce in plain words."""
    heard: list[Heard] = []
    for recipient in notice.recipients or ("",):
        key, proof = _proven(it, recipient)
        said = words_about(notice.text, recipient)
        judged = judge_bounce("", said)
        if notice.is_delay:
            kind: HeardKind = "deferred"
            severity: Severity = ""
        else:
            kind, severity = "bounced", judged.severity
        heard.append(
            _heard(
                it,
                kind,
                recipient=recipient,
                key=key,
                proof=proof,
                severity=severity,
                reason=judged.status or it.mail.subject,
                said=said,
            )
        )
    return heard


def _from_a_person(it: _Read, kind: HeardKind, signer: Signer, *, reason: str) -> Heard:
    """A mail that a person wrote, or that a machine sent in a person's name."""
    text = it.mail.text if kind == "auto-reply" else own_words(it.mail.text)
    sender = address_of(it.mail.head.get("reply-to")) if kind == "replied" else ""
    sender = address_of(it.mail.head.get("from")) or sender
    key = next(iter(it.addressed.bounced), None)
    proof: Proof = "verp" if key else ""
    if key is None and (key := _answered(it.mail, signer)) is not None:
        proof = "original" if sender else ""
    return _heard(it, kind, recipient=sender, key=key, proof=proof, reason=reason, said=text)


def _answered(mail: Mail, signer: Signer) -> Key | None:
    """The message of ours that the mail answers (RFC 5322 section 3.6.4): the newest of those it names."""
    head = mail.head
    direct = _REFERENCE.findall(head.get("in-reply-to"))
    named = [*direct, *reversed(_REFERENCE.findall(head.get("references")))][:_MOST_REFERENCES]
    return next((key for it in named if (key := read_message_id(it, signer)) is not None), None)


def _proven(it: _Read, recipient: str) -> tuple[Key | None, Proof]:
    """Which message it is about, and why that can be believed."""
    if it.addressed.bounced:
        returned = it.original.key
        # One mail about several messages is nobody's: then the message that came back says which.
        several = len(it.addressed.bounced) > 1 and returned in it.addressed.bounced
        return (returned if several else it.addressed.bounced[0]), "verp"
    if it.original.key is not None:
        return it.original.key, "original" if recipient else ""
    return None, ""


def _heard(
    it: _Read,
    kind: HeardKind,
    *,
    recipient: str = "",
    key: Key | None = None,
    proof: Proof = "",
    severity: Severity = "",
    reason: str = "",
    said: str = "",
    at: str = "",
) -> Heard:
    return Heard(
        kind=kind,
        recipient=recipient,
        key=key,
        proof=proof,
        severity=severity,
        reason=cut(" ".join(clean(reason).split()), _LONGEST_REASON),
        said=cut(clean(said).strip(), LONGEST_SAID),
        at=_moment(at or it.mail.head.get("date"), it.now),
    )


def _moment(text: str, now: Moment) -> Moment:
    """A date as mail writes it (RFC 5322 section 3.3); 0 where it is none, or none that can be."""
    try:
        at = parsedate_to_datetime(text[:100])
        moment = from_datetime(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0
    return moment if now - OLDEST <= moment <= now else 0


def _name(it: _Read) -> str:
    """The same for the same mail to the same addresses, however often it comes: trace fields are left out."""
    digest = hashlib.sha256(repr(it.addressed).encode())
    for field in ("message-id", "from", "date", "subject"):
        digest.update(it.mail.head.get(field).encode("utf-8", "replace") + b"\n")
    digest.update(split_head(it.content)[1])
    return digest.hexdigest()[:32]
