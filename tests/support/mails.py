"""Mail as others send it to us, made for tests."""

from __future__ import annotations

from nurture.clock import Moment
from nurture.incoming.heard import Heard
from nurture.incoming.mail.read import read_mail
from nurture.messages.mime import message_id, seal_of
from nurture.messages.return_path import return_path
from nurture.messages.tokens import Key, Signer

SIGNER = Signer("a secret for tests")
KEY: Key = (77, 3)
DOMAIN = "bounces.shop.example"
ANN = "ann@example.test"
NOW: Moment = 1_483_228_800_000_000
"""2017-01-01T00:00Z."""


def read(content: str | bytes, *envelope_to: str) -> list[Heard]:
    """What a mail tells that came to these addresses."""
    raw = content.encode() if isinstance(content, str) else content
    return read_mail(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), envelope_to, SIGNER, NOW)


def bounce_address(key: Key = KEY) -> str:
    """The return path of a message."""
    return return_path(key, DOMAIN, SIGNER)


def id_of(key: Key = KEY) -> str:
    """The Message-ID of a message."""
    return message_id(key, "Corner Shop <hello@shop.example>", seal_of(key, SIGNER))


def original(key: Key = KEY, to: str = ANN) -> str:
    """The head of a message as it comes back."""
    return f"From: Corner Shop <hello@shop.example>\nTo: {to}\nSubject: News\nMessage-ID: {id_of(key)}\n"


def report(
    *blocks: str,
    returned: str = "",
    words: str = "It could not be delivered.",
    kind: str = "message/delivery-status",
) -> str:
    """A delivery status notification (RFC 3464) with these groups of fields."""
    groups = "\n\n".join(["Reporting-MTA: dns; mx.example.test", *blocks])
    back = f"--B\nContent-Type: text/rfc822-headers\n\n{returned}\n" if returned else ""
    return (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.test\nSubject: Undelivered Mail Returned to Sender\n"
        "Date: Sat, 31 Dec 2016 23:00:00 +0000\nMessage-ID: <1@mx.example.test>\n"
        "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
        f"--B\nContent-Type: text/plain\n\n{words}\n"
        f"--B\nContent-Type: {kind}\n\n{groups}\n{back}--B--\n"
    )


def failed(recipient: str = ANN, status: str = "5.1.1", answer: str = "550 5.1.1 User unknown") -> str:
    """The group of one recipient whose delivery failed."""
    return (
        f"Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {answer}"
    )


def feedback(kind: str = "abuse", *, to: str = ANN, returned: str = "", more: str = "") -> str:
    """A feedback report (RFC 5965)."""
    told = f"Original-Rcpt-To: <{to}>\n" if to else ""
    return (
        "From: <abusedesk@example.test>\nSubject: FW: News\nDate: Sat, 31 Dec 2016 23:00:00 +0000\n"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="B"\n\n'
        "--B\nContent-Type: text/plain\n\nThis is an email abuse report.\n"
        f"--B\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: Some/1.0\nVersion: 1\n"
        f"{told}{more}\n--B\nContent-Type: message/rfc822\n\n{returned or original()}\nHello\n--B--\n"
    )


def letter(
    text: str = "Thank you.", *, subject: str = "Re: News", headers: str = "", sender: str = ANN
) -> str:
    """A mail that a person wrote."""
    return (
        f"From: Ann <{sender}>\nTo: help@shop.example\nSubject: {subject}\nDate: Sat, 31 Dec 2016 23:00:00 +0000\n"
        f"Message-ID: <letter@example.test>\n{headers}\n{text}\n"
    )
